"""Forecasts of many noisy, sparse, heavy-tailed daily series, and the chance of a rule breach.

Takes arrays, returns arrays:

>>> import numpy as np
>>> from timeseries.forecast import forecast
>>> outlook = forecast(np.random.default_rng(0).standard_t(4, (3, 250)), horizon=14)
>>> outlook.quantiles.shape
(3, 14, 5)
"""

from timeseries.forecast._breach import BreachProbabilities, breach_probabilities
from timeseries.forecast._contract import Model, Outlook
from timeseries.forecast._forecast import Forecast, forecast
from timeseries.forecast._history import History
from timeseries.forecast._registry import MODELS
from timeseries.forecast._rules import Rules
from timeseries.forecast._scores import coverage, crps_from_quantiles, crps_from_samples, pinball

__all__ = [
    "MODELS",
    "BreachProbabilities",
    "Forecast",
    "History",
    "Model",
    "Outlook",
    "Rules",
    "breach_probabilities",
    "coverage",
    "crps_from_quantiles",
    "crps_from_samples",
    "forecast",
    "pinball",
]
