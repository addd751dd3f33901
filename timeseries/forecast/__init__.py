"""Forecasts of many noisy, sparse, heavy-tailed daily series, and the chance of a rule breach.

Takes arrays, returns arrays:

>>> import numpy as np
>>> from timeseries.forecast import forecast
>>> outlook = forecast(np.random.default_rng(0).standard_t(4, (3, 250)), horizon=14)
>>> outlook.quantiles.shape
(3, 14, 5)
"""

from timeseries.forecast._breach import BreachProbabilities, breach_probabilities
from timeseries.forecast._contract import Lessons, Model, Outlook
from timeseries.forecast._forecast import Forecast, forecast, summary_of
from timeseries.forecast._history import History
from timeseries.forecast._outcomes import GroupTotals, PlanOutcomes, plan_outcomes
from timeseries.forecast._prepare import Prepared, prepare
from timeseries.forecast._rules import Rules
from timeseries.forecast._scores import coverage, crps_from_quantiles, crps_from_samples, pinball
from timeseries.forecast._state import State
from timeseries.forecast.models import MODELS

__all__ = [
    "MODELS",
    "BreachProbabilities",
    "Forecast",
    "GroupTotals",
    "History",
    "Lessons",
    "Model",
    "Outlook",
    "PlanOutcomes",
    "Prepared",
    "Rules",
    "State",
    "breach_probabilities",
    "coverage",
    "crps_from_quantiles",
    "crps_from_samples",
    "forecast",
    "pinball",
    "plan_outcomes",
    "prepare",
    "summary_of",
]
