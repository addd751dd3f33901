"""Tell once a day what happened to the alerts."""

from jobs.engine import Context, Job
from timeseries.alerts import make_digest

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Write the day's digest, if the settings ask for one; the job ``deliver`` delivers it."""
    return int(make_digest(context.database, context.settings.alerts, context.day, complete=context.complete))


JOB = Job(
    "digest",
    "one message about a trading day's alerts",
    "each trading day",
    run,
    after=("detect", "rules", "forecast", "alert"),
)
