"""Views with ordinary numbers."""

from timeseries.database.ladder import run_file

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0008_plain_views.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0008_plain_views.downgrade.sql")
