"""Turn findings into alerts, once each, and deliver them."""

from jobs.contract import Context, Job
from timeseries.alerts import deliver, raise_alerts

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Raise what is new, then work off the outbox."""
    with context.database.transaction() as connection:
        raised = raise_alerts(connection, context.settings.alerts)
    deliver(context.database, context.settings.alerts)
    return raised


JOB = Job("alert", "new alerts from findings, and their delivery", "*/5 * * * *", run)
