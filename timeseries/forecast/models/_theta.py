"""The theta method."""

from dataclasses import replace

import numpy as np

from timeseries.forecast._arrays import FloatArray, ratio
from timeseries.forecast._contract import Lessons, Outlook
from timeseries.forecast._history import History
from timeseries.forecast._smoothing import smoothed, smoothing_values
from timeseries.forecast.models._ses import PARAMETERS
from timeseries.forecast.models._smoothing import course_outlook
from timeseries.forecast.models._unlearned import Unlearned

__all__ = ["Theta"]


class Theta(Unlearned):
    """Simple exponential smoothing with half the slope of the straight line through the past.

    Sources: Assimakopoulos & Nikolopoulos (2000), "The theta model: a decomposition approach to forecasting",
    International Journal of Forecasting 16(4); this form: Hyndman & Billah (2003), "Unmasking the Theta
    method", International Journal of Forecasting 19(2).
    """

    name = "theta"

    def predict(self, history: History, horizon: int, lessons: Lessons) -> Outlook:
        """See :class:`Model`."""
        values = smoothing_values(history)
        line = half_slope(values)[:, None] * np.arange(1 - history.days, horizon + 1)
        found = smoothed(values - line[:, : history.days], PARAMETERS, horizon)
        return course_outlook(history, replace(found, course=found.course + line[:, history.days :]))


def half_slope(values: FloatArray) -> FloatArray:
    """Half the slope of the least-squares line through the observed days, per day, [series]."""
    seen = ~np.isnan(values)
    days = seen.sum(axis=1).astype(np.float64)
    time = np.where(seen, np.arange(values.shape[1]), 0.0)
    centred = np.where(seen, time - ratio(time.sum(axis=1), days)[:, None], 0.0)
    filled = np.where(seen, values, 0.0)
    return ratio((centred * filled).sum(axis=1), (centred**2).sum(axis=1)) / 2
