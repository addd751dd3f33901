"""Join what happened to the forecasts that spoke of it."""

from jobs.engine import Context, Job
from timeseries.pipeline import realise

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Join the days that closed, or changed, since the last run; returns how many forecasts were scored."""
    return realise(context.database, complete=context.complete, progress=context.progress).forecasts


JOB = Job(
    "realise", "what happened to stored forecasts, day by day", "each trading day", run, after=("forecast",)
)
