"""Job runs, ingested files, rejected rows."""

from timeseries.database.ladder import run_file

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0007_ledgers.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0007_ledgers.downgrade.sql")
