"""Detector: a value that stands still."""

from typing import ClassVar

import numpy as np

from timeseries.anomaly._contract import COLD_START, Day, Evidence
from timeseries.anomaly._types import BoolArray, FloatArray

__all__ = ["FlatLine"]

PRIOR_DAYS = 20.0
# Who repeats himself more often than this is made of steps, and another repetition says nothing.
STEPPED = 0.4


class FlatLine:
    """A run of days with exactly the same value, too long for the account's habit of repeating itself.

    The stuck-at test of sensor validation (Ni et al. 2009, ACM Transactions on Sensor Networks 5(3)), made
    probabilistic: the run's nominal probability is the account's own share of repetitions to the power of
    its length. Idle days are the silence detector's business and neither end nor lengthen a run.
    """

    name: ClassVar[str] = "flat_line"
    weight: ClassVar[float] = 0.25
    sized: ClassVar[bool] = False
    fleetwise: ClassVar[bool] = False

    def __init__(self, series: int, metrics: int) -> None:
        self._last: FloatArray = np.full((series, metrics), np.nan)
        self._age = np.zeros((series, metrics), dtype=np.int64)
        self._improbability = np.zeros((series, metrics))
        self._repeats = np.zeros((series, metrics))
        self._days = np.zeros((series, metrics))

    def score(self, day: Day) -> Evidence:
        """Lengthen or end each run; a first repetition has a statistic of 0, as have days without."""
        observed, repeated = self._repeated(day)
        share = (self._repeats + 0.5) / (self._days + PRIOR_DAYS)
        continued = self._improbability - np.log(share)
        self._improbability = np.where(observed, np.where(repeated, continued, 0.0), self._improbability)
        self._age = np.where(observed & ~repeated, 0, self._age + 1)
        judged = observed & (self._days >= COLD_START) & (share < STEPPED)
        # Two equal days in a row are chance; three begin to be a line.
        run = np.where(self._age > 1, self._improbability, 0.0)
        statistic = np.where(judged, run, np.nan)
        return Evidence(statistic, np.zeros(statistic.shape), self._age)

    def learn(self, day: Day, flagged: BoolArray) -> None:
        """Count the day towards the share of repetitions, and remember its value."""
        observed, repeated = self._repeated(day)
        counted = observed & ~flagged
        self._days += counted
        self._repeats += counted & repeated
        self._last = np.where(observed, day.values, self._last)

    def restart(self, where: BoolArray) -> None:
        """End the runs."""
        self._improbability[where] = 0.0

    def _repeated(self, day: Day) -> tuple[BoolArray, BoolArray]:
        observed = np.isfinite(day.values) & ~day.idle
        return observed, observed & (day.values == self._last)
