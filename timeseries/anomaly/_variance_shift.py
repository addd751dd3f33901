"""Detector: the account became more restless, or calmer, for days."""

from typing import ClassVar

import numpy as np

from timeseries.anomaly._baseline import SPREAD_FLOOR
from timeseries.anomaly._contract import Day, Evidence
from timeseries.anomaly._stateless import Stateless
from timeseries.anomaly._types import BoolArray, FloatArray

__all__ = ["VarianceShift"]

DECAY = 0.8
LARGEST = 5.0
# The mean absolute residual of a healthy day, and nominal scales of what lies above and below it.
USUAL = 0.78
WIDER, NARROWER = 6.0, 10.0
FLOORED = 1.001 * SPREAD_FLOOR


class VarianceShift(Stateless):
    """Exponentially weighted mean of absolute residuals (after Crowder & Hamilton 1992), up and down.

    Absolute residuals instead of log variances, capped at five: that is robust against single wild days.
    Direction +1 is wider than usual, -1 narrower. What it reports began when the mean last crossed the usual.
    """

    name: ClassVar[str] = "variance_shift"
    weight: ClassVar[float] = 0.35

    def __init__(self, series: int, metrics: int) -> None:
        self._mean: FloatArray = np.full((series, metrics), USUAL)
        self._age = np.zeros((series, metrics), dtype=np.int64)

    def score(self, day: Day) -> Evidence:
        """Move the mean; days without a residual leave it as it is."""
        size = np.minimum(np.abs(day.residual), LARGEST)
        # Where the spread is but its floor, calm says nothing.
        observed = np.isfinite(size) & (day.spread > FLOORED * np.abs(day.expected))
        before = self._mean > USUAL
        self._mean = self._mean + np.where(observed, (1 - DECAY) * (size - self._mean), 0.0)
        excess = self._mean - USUAL
        self._age = np.where(before == (excess > 0), self._age + 1, 0)
        nominal = np.where(excess > 0, WIDER * excess, -NARROWER * excess)
        return Evidence(np.where(observed, nominal, np.nan), np.sign(excess), self._age)

    def restart(self, where: BoolArray) -> None:
        """Set the mean back to the usual."""
        self._mean[where] = USUAL
