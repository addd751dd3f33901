"""Tell once a day what happened to the alerts."""

from jobs.contract import Context, Job
from timeseries.alerts import make_digest

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Write yesterday's digest, if the settings ask for one; the job ``alert`` delivers it."""
    return int(make_digest(context.database, context.settings.alerts))


JOB = Job("digest", "one message about yesterday's alerts", "40 6 * * *", run)
