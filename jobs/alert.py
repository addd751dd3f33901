"""Bring the alerts up to date with the findings, and deliver what is to be told."""

from jobs.contract import Context, Job
from timeseries.alerts import deliver, raise_alerts

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Raise, correct and resolve, then work off the outbox."""
    with context.database.transaction() as connection:
        report = raise_alerts(connection, context.settings.alerts)
    deliver(context.database, context.settings.alerts)
    return report.raised


JOB = Job("alert", "new alerts from findings, and their delivery", "*/5 * * * *", run)
