"""Findings of every kind, the life of alerts, and the outbox of messages."""

from timeseries.database.ladder import run_file

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0017_alert_life.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0017_alert_life.downgrade.sql")
