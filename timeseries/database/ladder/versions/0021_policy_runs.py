"""What came of TimescaleDB's policies where no background workers run them."""

from timeseries.database.ladder import run_file

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0021_policy_runs.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0021_policy_runs.downgrade.sql")
