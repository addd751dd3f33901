"""Bring the aggregates' old ranges up to date, which scattered late rows left behind."""

from jobs.engine import Context, Job
from timeseries.metrics import refresh_aggregates

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Refresh whatever is known to be out of date, however old; returns how many ranges were."""
    return len(refresh_aggregates(context.database, progress=context.progress))


JOB = Job("aggregate", "old ranges of the aggregates that late rows changed", "50 1 * * *", run)
