"""Detectors under comparison: each turns a panel into oddness, and knows only the days before."""

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import IsolationForest

from timeseries.anomaly import score

__all__ = ["METHODS"]

FloatArray = npt.NDArray[np.float64]

WINDOW = 60
LEAST_PAST = 20
# The forest sees a day with the days before it, and is trained anew so often.
EMBEDDED = 5
REFITS = 6


def ours(values: FloatArray) -> FloatArray:
    """The engine's p-values, as -log p."""
    with np.errstate(divide="ignore"):
        return -np.log(score(values, missing_is_idle=False).pvalue)


def rolling_z(values: FloatArray) -> FloatArray:
    """Distance from the mean of the 60 days before, in their standard deviations."""
    result = np.full(values.shape, np.nan)
    for day in range(LEAST_PAST, values.shape[1]):
        past = values[:, max(0, day - WINDOW) : day]
        known = np.isfinite(values[:, day])
        mean, deviation = past[known].mean(axis=1), past[known].std(axis=1)
        result[known, day] = np.abs(values[known, day] - mean) / np.maximum(deviation, 1e-9)
    return result


def isolation_forest(values: FloatArray) -> FloatArray:
    """scikit-learn's forest for each series, of five days in a row, trained on all days before."""
    result = np.full(values.shape, np.nan)
    for row, series in enumerate(values):
        days = int(np.isfinite(series).sum())
        rows = np.lib.stride_tricks.sliding_window_view(series[:days], EMBEDDED)
        first = WINDOW - EMBEDDED + 1
        step = max((len(rows) - first) // REFITS, 1)
        for start in range(first, len(rows), step):
            forest = IsolationForest(n_estimators=100, random_state=0).fit(rows[:start])
            scores = forest.score_samples(rows[start : start + step])
            first_day = start + EMBEDDED - 1
            result[row, first_day : first_day + len(scores)] = -scores
    return result


METHODS = {"ours": ours, "rolling z": rolling_z, "IsolationForest": isolation_forest}
