"""Detector: the level moved and stays there."""

from typing import ClassVar

import numpy as np

from timeseries.anomaly._contract import Day, Evidence
from timeseries.anomaly._types import BoolArray

__all__ = ["LevelShift"]

ALLOWANCE = 0.5
# One wild day is the residual detector's business; it must not look like a shift.
LARGEST_STEP = 3.0
# A capped sum forgets an old shift within days instead of weeks.
LARGEST_SUM = 15.0


class LevelShift:
    """Two-sided cumulative sum of residuals (Page 1954), tuned to shifts of one spread.

    On independent Gaussian residuals the sum's tail falls like exp(-2 · allowance · sum), which makes the
    sum itself the nominal minus log p-value.
    """

    name: ClassVar[str] = "level_shift"

    def __init__(self, series: int, metrics: int) -> None:
        self._up = np.zeros((series, metrics))
        self._down = np.zeros((series, metrics))

    def score(self, day: Day) -> Evidence:
        """Add the day to both sums; days without a residual leave them as they are."""
        # A rest day is no evidence for either side, so not even the allowance is taken off.
        observed = np.isfinite(day.residual)
        step = np.clip(np.where(observed, day.residual, 0.0), -LARGEST_STEP, LARGEST_STEP)
        allowance = np.where(observed, ALLOWANCE, 0.0)
        self._up = np.clip(self._up + step - allowance, 0.0, LARGEST_SUM)
        self._down = np.clip(self._down - step - allowance, 0.0, LARGEST_SUM)
        statistic = np.where(observed, np.maximum(self._up, self._down), np.nan)
        return Evidence(statistic, np.sign(self._up - self._down))

    def learn(self, day: Day, flagged: BoolArray) -> None:
        """Nothing to keep: the sums are the evidence and the baseline learns."""
