"""Corrections and cancellations of trades."""

from timeseries.database.ladder import run_file

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0011_revisions.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0011_revisions.downgrade.sql")
