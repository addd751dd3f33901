"""Find the account-days that do not fit their own past."""

from jobs.engine import Context, Job
from timeseries.pipeline import detect

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Score the day, and days whose metrics changed after they were scored; returns the findings."""
    report = detect(
        context.database,
        context.settings,
        day=context.day,
        rules=False,
        complete=context.complete,
        progress=context.progress,
    )
    return len(report.findings)


JOB = Job("detect", "anomalies of each trading day", "each trading day", run, coalesce=False)
