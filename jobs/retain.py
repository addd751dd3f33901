"""Drop raw data past its retention."""

from jobs.engine import Context, Job
from timeseries.database import retain

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Drop chunks of trades and equity older than ``retain_days``; returns how many were."""
    return retain(context.database, context.settings.retain_days)


JOB = Job("retain", "raw data past its retention dropped", "20 2 * * *", run)
