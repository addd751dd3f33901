"""Keep aggregates and daily metrics up to date."""

from jobs.contract import Context, Job
from timeseries.metrics import refresh_metrics

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Recompute what changed since the last run."""
    report = refresh_metrics(context.database, progress=context.progress)
    return report.account_days


JOB = Job("refresh", "aggregates and daily metrics of what changed", "*/5 * * * *", run)
