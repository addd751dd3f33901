"""The joints: panels out of the database, through the numeric rooms, findings back into it."""

from timeseries.pipeline._accuracy import (
    AccuracyReport,
    GroupAccuracy,
    RiskAccuracy,
    WeekCoverage,
    forecast_accuracy,
)
from timeseries.pipeline._backtest_anomaly import (
    AnomalyBacktest,
    LabelledEvent,
    backtest_anomaly,
    confirmed_events,
    read_events,
)
from timeseries.pipeline._backtest_forecast import ForecastBacktest, backtest_forecast
from timeseries.pipeline._detection import DetectionReport, detect
from timeseries.pipeline._findings import Finding
from timeseries.pipeline._forecast_store import (
    ForecastColumns,
    GroupForecast,
    ModelState,
    newest_state,
    store_forecasts,
    store_group_forecasts,
    store_state,
)
from timeseries.pipeline._forecasting import (
    forecast_account,
    forecast_all,
    forecast_group,
    riskiest_accounts,
)
from timeseries.pipeline._outlook import AccountForecast, ForecastReport
from timeseries.pipeline._realise import RealiseReport, realise
from timeseries.pipeline._violations import RulesReport, apply_rules

__all__ = [
    "AccountForecast",
    "AccuracyReport",
    "AnomalyBacktest",
    "DetectionReport",
    "Finding",
    "ForecastBacktest",
    "ForecastColumns",
    "ForecastReport",
    "GroupAccuracy",
    "GroupForecast",
    "LabelledEvent",
    "ModelState",
    "RealiseReport",
    "RiskAccuracy",
    "RulesReport",
    "WeekCoverage",
    "apply_rules",
    "backtest_anomaly",
    "backtest_forecast",
    "confirmed_events",
    "detect",
    "forecast_account",
    "forecast_accuracy",
    "forecast_all",
    "forecast_group",
    "newest_state",
    "read_events",
    "realise",
    "riskiest_accounts",
    "store_forecasts",
    "store_group_forecasts",
    "store_state",
]
