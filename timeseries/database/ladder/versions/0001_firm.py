"""Currencies, plans, accounts, symbols, and the trading-day calendar."""

from timeseries.database.ladder import run_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Climb this rung."""
    run_file("0001_firm.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0001_firm.downgrade.sql")
