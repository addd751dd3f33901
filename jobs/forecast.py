"""Forecast every active account's profit and chance of a breach."""

from jobs.engine import Context, Job
from timeseries.pipeline import forecast_all

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Forecast from the day's end and store it; returns how many accounts were."""
    report = forecast_all(
        context.database,
        day=context.day,
        horizon=context.settings.alerts.horizon,
        complete=context.complete,
        progress=context.progress,
    )
    return len(report.accounts)


JOB = Job(
    "forecast",
    "profit and breach probability of every active account",
    "each trading day",
    run,
    coalesce=False,
)
