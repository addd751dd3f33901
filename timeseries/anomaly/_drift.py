"""Detector: the level moves a little every day, or moved by little for long."""

from typing import ClassVar

import numpy as np

from timeseries.anomaly._contract import Day, Evidence
from timeseries.anomaly._stateless import Stateless
from timeseries.anomaly._types import BoolArray

__all__ = ["Drift"]

ALLOWANCE = 0.5
LARGEST_STEP = 3.0
# A capped sum forgets an old shift within days instead of weeks.
LARGEST_SUM = 15.0


class Drift(Stateless):
    """Two-sided cumulative sum of residuals (Page 1954; onset as in Hinkley 1971).

    On independent Gaussian residuals the sum's tail falls like exp(-2 · allowance · sum), which makes the
    sum itself the nominal minus log p-value. What it reports began when the sum last left zero.
    """

    name: ClassVar[str] = "drift"
    weight: ClassVar[float] = 0.1

    def __init__(self, series: int, metrics: int) -> None:
        self._sums = np.zeros((2, series, metrics))
        self._ages = np.zeros((2, series, metrics), dtype=np.int64)

    def score(self, day: Day) -> Evidence:
        """Add the day to both sums; days without a residual leave them as they are."""
        # A rest day is no evidence for either side, so not even the allowance is taken off.
        observed = np.isfinite(day.residual)
        step = np.clip(np.where(observed, day.residual, 0.0), -LARGEST_STEP, LARGEST_STEP)
        allowance = np.where(observed, ALLOWANCE, 0.0)
        self._ages = np.where(self._sums > 0, self._ages + 1, 0)
        self._sums = np.clip(self._sums + np.stack([step, -step]) - allowance, 0.0, LARGEST_SUM)
        up, down = self._sums
        statistic = np.where(observed, np.maximum(up, down) * day.independence(), np.nan)
        return Evidence(statistic, np.sign(up - down), np.where(up >= down, self._ages[0], self._ages[1]))

    def restart(self, where: BoolArray) -> None:
        """Set both sums back to zero."""
        self._sums[:, where] = 0.0
