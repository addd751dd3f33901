"""The robust, weekday-aware baseline all residuals are measured against."""

import numpy as np

from timeseries.anomaly._contract import COLD_START, Day
from timeseries.anomaly._persistence import Persistence
from timeseries.anomaly._threads import each
from timeseries.anomaly._types import BoolArray, FloatArray, IntArray

__all__ = ["Baseline"]

WINDOW = 60
WEEKDAY_WINDOW = 12
WEEKDAYS = 7
# Zeros are a level like any other until they are this common; then they are rest days.
IDLE_SHARE = 0.05
# A spread smaller than this part of the level says more about rounding than about the account.
SPREAD_FLOOR = 0.01
YOUNG_PENALTY = 4.0
# The long run's spread moves by 1/125 a day, and no single day counts for more than six spreads in it.
LONG_RUN = 125.0
LONG_RUN_LARGEST = 6.0
IQR_TO_SIGMA = 1 / 1.349
MEAN_DEVIATION_TO_SIGMA = 1.2533
MEDIAN_ERROR = 1.2533
# Cells sorted at once: few enough to stay in a core's cache.
BLOCK = 4_000


class Baseline:
    """Median and spread of each cell's last 60 accepted observations, and its weekday offsets.

    The spread averages the interquartile range and the mean absolute deviation, both scaled to the
    standard deviation of a Gaussian: the first survives outliers, the second survives ties. It is averaged
    with a slow mean of absolute deviations, so that a calm quarter does not make a usual day odd. A weekday's
    offset is the median of its last 12 deviations, shrunk by the garrote (Gao 1998) at twice its own
    standard error: series without a weekday pattern stay untouched, strong patterns count in full.
    """

    def __init__(self, cohort: IntArray, metrics: int, weekdays: bool, missing_is_idle: bool) -> None:
        series = len(cohort)
        self._cohort = cohort
        self._shape = (series, metrics)
        self._missing_is_idle = missing_is_idle
        cells = series * metrics
        self._recent = _Ring(cells, WINDOW)
        self._by_weekday = [_Ring(cells, WEEKDAY_WINDOW) for _ in range(WEEKDAYS if weekdays else 0)]
        self._level = np.full(cells, np.nan)
        self._spread = np.full(cells, np.nan)
        self._long_run = np.zeros(cells)
        self._long_run_days = np.zeros(cells)
        self._offsets = np.zeros((WEEKDAYS, cells))
        self._offset: FloatArray = self._offsets[0]
        self._persistence = Persistence(cells)
        self._days = np.zeros(cells)
        self._idle_days = np.zeros(cells)

    def judge(self, values: FloatArray, weekday: int, *, relocate: bool) -> Day:
        """Put the day beside what the past expects of it, or without ``relocate`` expected yesterday."""
        flat = values.ravel()
        if relocate:
            self.locate()
            self._find_offset(weekday)
        self._offset = self._offsets[weekday]
        expected = self._level + self._offset
        idle = flat == 0.0
        if self._missing_is_idle:
            idle |= np.isnan(flat) & (self._days > 0)
        with np.errstate(over="ignore", invalid="ignore"):
            residual = (flat - expected) / self._spread
        residual[self._resting(flat)] = np.nan
        return Day(
            values,
            idle.reshape(self._shape),
            expected.reshape(self._shape),
            self._spread.reshape(self._shape),
            residual.reshape(self._shape),
            weekday,
            self._cohort,
            self._persistence.coefficient.reshape(self._shape),
            self._persistence.previous.reshape(self._shape).copy(),
        )

    def learn(self, day: Day, flagged: BoolArray) -> None:
        """Take the day into the past, except where flagged."""
        values = day.values.ravel()
        idle = day.idle.ravel()
        accepted = np.isfinite(values) & ~self._resting(values) & ~flagged.ravel()
        self._recent.push(values - self._offset, accepted)
        self._learn_long_run(values, accepted)
        self._persistence.learn(day.residual.ravel(), accepted & np.isfinite(day.residual.ravel()))
        if self._by_weekday:
            self._by_weekday[day.weekday].push(values - self._level, accepted & np.isfinite(self._level))
        self._days += idle | np.isfinite(values)
        self._idle_days += idle & ~flagged.ravel()

    def _resting(self, values: FloatArray) -> BoolArray:
        often = self._idle_days > IDLE_SHARE * np.maximum(self._days, COLD_START)
        resting: BoolArray = (values == 0.0) & often
        return resting

    def _learn_long_run(self, values: FloatArray, accepted: BoolArray) -> None:
        deviation = np.abs(values - self._level - self._offset)
        deviation = np.minimum(deviation, LONG_RUN_LARGEST * self._spread) * MEAN_DEVIATION_TO_SIGMA
        counted = accepted & np.isfinite(deviation)
        self._long_run_days += counted
        rate = 1 / np.clip(self._long_run_days, 1, LONG_RUN)
        self._long_run += np.where(counted, rate * (deviation - self._long_run), 0.0)

    def locate(self) -> None:
        """Bring levels and spreads up to date."""
        level, spread = self._recent.location_and_spread()
        count = self._recent.count
        floor = SPREAD_FLOOR * np.abs(level) + np.finfo(float).tiny
        cold = count < COLD_START
        self._level = np.where(cold, np.nan, level)
        # A spread of few observations is itself uncertain, which would show as false alarms of the young.
        spread = spread * (1 + YOUNG_PENALTY / np.maximum(count, 1))
        known = self._long_run_days >= COLD_START
        spread = np.where(known, (spread + self._long_run) / 2, spread)
        self._spread = np.where(cold, np.nan, np.maximum(spread, floor))

    def find_offsets(self) -> None:
        """Bring the offsets of all weekdays up to date."""
        for weekday in range(len(self._by_weekday)):
            self._find_offset(weekday)

    def _find_offset(self, weekday: int) -> None:
        if not self._by_weekday:
            return
        ring = self._by_weekday[weekday]
        count = np.maximum(ring.count, 1)
        median = ring.median()
        noise = 2 * MEDIAN_ERROR * self._spread / np.sqrt(count)
        shown = np.maximum(np.abs(median), noise)
        self._offsets[weekday] = np.where(
            np.isfinite(shown) & (shown > noise), median * (1 - (noise / shown) ** 2), 0.0
        )


class _Ring:
    """The last observations of every cell, overwritten in turn."""

    def __init__(self, cells: int, size: int) -> None:
        self._values = np.full((cells, size), np.nan)
        self._next = np.zeros(cells, dtype=np.int64)
        self.count: IntArray = np.zeros(cells, dtype=np.int64)

    def push(self, values: FloatArray, accepted: BoolArray) -> None:
        rows = np.flatnonzero(accepted)
        self._values[rows, self._next[rows]] = values[rows]
        size = self._values.shape[1]
        self._next[rows] = (self._next[rows] + 1) % size
        self.count[rows] = np.minimum(self.count[rows] + 1, size)

    def median(self) -> FloatArray:
        return _quantile(np.sort(self._values, axis=1), self.count, 0.5)

    def location_and_spread(self) -> tuple[FloatArray, FloatArray]:
        cells = len(self.count)
        location, spread = np.empty(cells), np.empty(cells)

        def locate(start: int) -> None:
            block = slice(start, start + BLOCK)
            location[block], spread[block] = _robust(self._values[block], self.count[block])

        each(locate, range(0, cells, BLOCK), cells)
        return location, spread


def _robust(values: FloatArray, count: IntArray) -> tuple[FloatArray, FloatArray]:
    ordered = np.sort(values, axis=1)
    median = _quantile(ordered, count, 0.5)
    middle = (_quantile(ordered, count, 0.75) - _quantile(ordered, count, 0.25)) * IQR_TO_SIGMA
    ordered -= median[:, None]
    np.abs(ordered, out=ordered)
    # Empty places are NaN, sorted to the end; fmax takes the zero instead.
    np.fmax(ordered, 0.0, out=ordered)
    deviation = ordered.sum(axis=1) / np.maximum(count, 1) * MEAN_DEVIATION_TO_SIGMA
    return median, (middle + deviation) / 2


def _quantile(ordered: FloatArray, count: IntArray, level: float) -> FloatArray:
    starts = np.arange(len(ordered)) * ordered.shape[1]
    highest = np.maximum(count - 1, 0)
    position = highest * level
    low = position.astype(np.int64)
    lower: FloatArray = ordered.ravel()[starts + low]
    upper = ordered.ravel()[starts + np.minimum(low + 1, highest)]
    between: FloatArray = lower + (position - low) * (upper - lower)
    return between
