"""Anomalies, forecasts, alerts and their deliveries."""

from timeseries.database.ladder import run_file

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0006_findings.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0006_findings.downgrade.sql")
