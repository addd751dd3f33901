"""The joints: panels out of the database, through the numeric rooms, findings back into it."""

from timeseries.pipeline._detection import DetectionReport, Finding, detect
from timeseries.pipeline._forecasting import (
    ForecastReport,
    forecast_account,
    forecast_all,
    riskiest_accounts,
)
from timeseries.pipeline._outlook import AccountForecast

__all__ = [
    "AccountForecast",
    "DetectionReport",
    "Finding",
    "ForecastReport",
    "detect",
    "forecast_account",
    "forecast_all",
    "riskiest_accounts",
]
