"""What is out of date, and what was verified."""

from timeseries.database.ladder import run_file

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0013_truth.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0013_truth.downgrade.sql")
