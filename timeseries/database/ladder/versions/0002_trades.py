"""Trades, open positions, balance operations."""

from timeseries.database.ladder import run_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0002_trades.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0002_trades.downgrade.sql")
