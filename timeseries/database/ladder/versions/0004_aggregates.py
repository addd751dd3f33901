"""Continuous aggregates."""

from timeseries.database.ladder import run_file

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0004_aggregates.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0004_aggregates.downgrade.sql")
