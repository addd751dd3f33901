"""Find the account-days that do not fit their own past."""

from jobs.contract import Context, Job
from timeseries.pipeline import detect

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Score the last complete day of every account."""
    return len(detect(context.database, context.settings, progress=context.progress).findings)


JOB = Job("detect", "anomalies of the last complete trading day", "10 6 * * *", run)
