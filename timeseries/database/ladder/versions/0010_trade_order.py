"""The order of compressed trades."""

from timeseries.database.ladder import run_file

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0010_trade_order.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0010_trade_order.downgrade.sql")
