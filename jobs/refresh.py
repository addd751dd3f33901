"""Keep daily metrics and the aggregates' last days up to date."""

from jobs.engine import Context, Job
from timeseries.metrics import refresh_metrics

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Recompute what changed since the last run; the job ``aggregate`` sees to the aggregates' old ranges."""
    return refresh_metrics(context.database, progress=context.progress).account_days


JOB = Job("refresh", "daily metrics of what changed, aggregates of the last days", "every 5 minutes", run)
