"""Whose rows a scoped reader sees, and the tokens of the API."""

from timeseries.database.ladder import run_file

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0023_access.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0023_access.downgrade.sql")
