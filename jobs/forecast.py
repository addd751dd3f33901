"""Forecast every active account's profit and chance of a breach."""

from jobs.contract import Context, Job
from timeseries.pipeline import forecast_all

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Forecast from the last complete day and store it."""
    horizon = context.settings.alerts.horizon
    return len(forecast_all(context.database, horizon=horizon, progress=context.progress).accounts)


JOB = Job("forecast", "profit and breach probability of every active account", "20 6 * * *", run)
