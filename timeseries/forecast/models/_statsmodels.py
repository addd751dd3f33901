"""What the models of statsmodels share: one fit a series, and normal days around its forecast."""

import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from timeseries.forecast._arrays import FloatArray
from timeseries.forecast._contract import Outlook
from timeseries.forecast._history import History
from timeseries.forecast._smoothing import smoothing_values
from timeseries.forecast.models._naive import gaussian, moments

__all__ = ["fitted_one_by_one"]

# Fewer days do not pin down what these models estimate; naive takes their place.
LEAST_DAYS = 30
# A mean or deviation of so many times the largest value is no forecast but a fit that ran away.
RUNAWAY = 10.0

# Mean and deviation of each coming day of one series.
Fit = Callable[[npt.NDArray[np.float64], int], tuple[FloatArray, FloatArray]]


def fitted_one_by_one(history: History, horizon: int, fit: Fit) -> Outlook:
    """Normal days with the mean and the deviations of a fit to each series; naive where there is none.

    Unlike every other model this loops over the series: a call takes a fraction of a second for each.
    A fit that fails or gives no finite numbers counts as none.
    """
    values, (mean, deviation) = smoothing_values(history), moments(history)
    location = np.repeat(mean[:, None], horizon, axis=1)
    course = np.ones((len(history), horizon))
    level = history.levels is not None
    for row, series in enumerate(values):
        found = attempted(fit, series, horizon)
        if found is not None:
            steps = np.diff(found[0], prepend=0.0) if level else found[0]
            spread = np.sqrt(np.maximum(np.diff(found[1] ** 2, prepend=0.0), 1e-12)) if level else found[1]
            location[row], deviation[row] = steps, spread[0]
            course[row] = spread / spread[0]
    return gaussian(history, location, deviation, course)


def attempted(fit: Fit, series: FloatArray, horizon: int) -> tuple[FloatArray, FloatArray] | None:
    """The fit, if the series carries one; gaps count as the last value before them."""
    seen = ~np.isnan(series)
    if seen.sum() < LEAST_DAYS or np.ptp(series[seen]) == 0:
        return None
    series, seen = series[np.argmax(seen) :], seen[np.argmax(seen) :]
    latest = np.maximum.accumulate(np.where(seen, np.arange(len(series)), 0))
    size = float(np.abs(series[seen]).max())
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            mean, deviation = fit(np.asarray(series[latest] / size, dtype=np.float64), horizon)
    except (ValueError, np.linalg.LinAlgError):
        return None
    sound = np.isfinite(mean).all() and np.isfinite(deviation).all() and (deviation > 0).all()
    if not sound or max(np.abs(mean).max(), deviation.max()) > RUNAWAY:
        return None
    return mean * size, deviation * size
