"""How far each account has been loaded."""

from timeseries.database.ladder import run_file

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0009_marks.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0009_marks.downgrade.sql")
