"""Files loaded in parts."""

from timeseries.database.ladder import run_file

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0012_load_parts.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0012_load_parts.downgrade.sql")
