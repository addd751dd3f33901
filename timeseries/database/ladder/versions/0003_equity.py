"""Snapshots of balance and equity."""

from timeseries.database.ladder import run_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0003_equity.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0003_equity.downgrade.sql")
