"""Detector: a feed or an account that stopped."""

from typing import ClassVar

import numpy as np

from timeseries.anomaly._contract import COLD_START, Day, Evidence
from timeseries.anomaly._types import BoolArray

__all__ = ["Silence"]

WEEKDAYS = 7
PRIOR_DAYS = 5.0
USUAL_SPREADS = 3.0
# A feed dead for so long is no news: a closed account must not be odd for ever, nor fill the pools.
DORMANT_DAYS = 30


class Silence:
    """A run of idle days (zero, or missing after the first observation), too long for the account's habit.

    The run's nominal probability is the product of the idle shares of the weekdays it covers; each
    weekday's share is shrunk towards the account's own share over all days. After 30 idle days in a row the
    account counts as dormant and there is no opinion until it wakes.
    """

    name: ClassVar[str] = "silence"
    weight: ClassVar[float] = 0.3
    sized: ClassVar[bool] = False
    fleetwise: ClassVar[bool] = False

    def __init__(self, series: int, metrics: int) -> None:
        self._idle = np.zeros((WEEKDAYS, series, metrics))
        self._days = np.zeros((WEEKDAYS, series, metrics))
        self._all_idle = np.zeros((series, metrics))
        self._all_days = np.zeros((series, metrics))
        self._improbability = np.zeros((series, metrics))
        self._run = np.zeros((series, metrics), dtype=np.int64)

    def score(self, day: Day) -> Evidence:
        """Lengthen or end each run; days that are not idle have a statistic of 0."""
        overall = (self._all_idle + 1) / (self._all_days + 2)
        share = (self._idle[day.weekday] + PRIOR_DAYS * overall) / (self._days[day.weekday] + PRIOR_DAYS)
        self._improbability = np.where(day.idle, self._improbability - np.log(share), 0.0)
        self._run = np.where(day.idle, self._run + 1, 0)
        judged = (day.idle | np.isfinite(day.values)) & (self._all_days >= COLD_START)
        # A single zero where values around zero are usual is a value, not a silence.
        near = np.abs(day.expected) < USUAL_SPREADS * day.spread
        usual = (self._run == 1) & (day.values == 0.0) & near
        improbability = np.where(usual, 0.0, self._improbability)
        statistic = np.where(judged & (self._run <= DORMANT_DAYS), improbability, np.nan)
        return Evidence(statistic, np.full(statistic.shape, -1.0), np.maximum(self._run - 1, 0))

    def learn(self, day: Day, flagged: BoolArray) -> None:
        """Count the day towards its weekday's share of idle days."""
        counted = (day.idle | np.isfinite(day.values)) & ~flagged
        self._days[day.weekday] += counted
        self._idle[day.weekday] += counted & day.idle
        self._all_days += counted
        self._all_idle += counted & day.idle

    def restart(self, where: BoolArray) -> None:
        """End the runs."""
        self._improbability[where] = 0.0
        self._run[where] = 0
