"""The ledger of runs by job and window."""

from timeseries.database.ladder import run_file

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0018_job_windows.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0018_job_windows.downgrade.sql")
