"""A place in the history of alerts."""

from timeseries.database.ladder import run_file

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0024_alert_stream.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0024_alert_stream.downgrade.sql")
