"""The versions of the surveillance rules, and the news."""

from timeseries.database.ladder import run_file

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0016_surveillance.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0016_surveillance.downgrade.sql")
