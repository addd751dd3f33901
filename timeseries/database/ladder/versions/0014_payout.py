"""What traders are paid."""

from timeseries.database.ladder import run_file

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0014_payout.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0014_payout.downgrade.sql")
