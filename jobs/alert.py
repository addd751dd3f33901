"""Bring the alerts up to date with the findings."""

from jobs.engine import Context, Job
from timeseries.alerts import raise_alerts

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Raise, correct and resolve; the job ``deliver`` tells of it. Returns how many were raised."""
    with context.database.transaction() as connection:
        raised = raise_alerts(connection, context.settings.alerts).raised
        context.complete(connection, raised)
    return raised


JOB = Job(
    "alert",
    "new, corrected and ended alerts from findings and forecasts",
    "every 5 minutes",
    run,
    follows=("detect", "rules", "forecast"),
)
