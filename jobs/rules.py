"""Find the broken rules of the trade."""

from jobs.engine import Context, Job
from timeseries.pipeline import apply_rules

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Apply the rules to the day, and to days whose metrics changed since; returns the findings."""
    report = apply_rules(
        context.database,
        context.settings,
        day=context.day,
        complete=context.complete,
        progress=context.progress,
    )
    return len(report.findings)


JOB = Job("rules", "broken rules of the trade, of each trading day", "each trading day", run, coalesce=False)
