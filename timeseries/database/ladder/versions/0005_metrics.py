"""Daily metrics and the list of stale days."""

from timeseries.database.ladder import run_file

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0005_metrics.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0005_metrics.downgrade.sql")
