"""Detector: the level moved and stays there."""

from typing import ClassVar

import numpy as np

from timeseries.anomaly._contract import Day, Evidence
from timeseries.anomaly._stateless import Stateless
from timeseries.anomaly._types import BoolArray

__all__ = ["LevelShift"]

DECAY = 0.87
# So many independent days have the same mean error as the weighted mean.
DAYS = (1 + DECAY) / (1 - DECAY)
PRIOR_DAYS = 10.0
# One wild day is the residual detector's business; it must not look like a shift.
LARGEST_STEP = 4.0


class LevelShift(Stateless):
    """Exponentially weighted mean of residuals (Roberts 1959; Lucas & Saccucci 1990), studentised.

    The mean is divided by its own standard error, from the exponentially weighted variance of the same days:
    restless days, and days that resemble the one before, widen the chart instead of raising an alarm. What it
    reports began when the mean last changed its sign.
    """

    name: ClassVar[str] = "level_shift"
    weight: ClassVar[float] = 0.4

    def __init__(self, series: int, metrics: int) -> None:
        self._mean = np.zeros((series, metrics))
        self._square = np.ones((series, metrics))
        self._age = np.zeros((series, metrics), dtype=np.int64)

    def score(self, day: Day) -> Evidence:
        """Move the mean; days without a residual leave it as it is."""
        observed = np.isfinite(day.residual)
        step = np.clip(np.where(observed, day.residual, 0.0), -LARGEST_STEP, LARGEST_STEP)
        rate = np.where(observed, 1 - DECAY, 0.0)
        before = self._mean > 0
        self._mean = self._mean + rate * (step - self._mean)
        self._square = self._square + rate * (step**2 - self._square)
        self._age = np.where(before == (self._mean > 0), self._age + 1, 0)
        variance = np.maximum(self._square - self._mean**2, 0.0)
        variance = (variance * DAYS + PRIOR_DAYS) / (DAYS + PRIOR_DAYS)
        statistic = np.where(observed, self._mean**2 * (DAYS / 2) / variance * day.independence(), np.nan)
        return Evidence(statistic, np.sign(self._mean), self._age)

    def restart(self, where: BoolArray) -> None:
        """Set the mean back to the expected."""
        self._mean[where] = 0.0
        self._square[where] = 1.0
