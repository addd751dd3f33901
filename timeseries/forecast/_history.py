"""The past of a panel of series, made ready for the models."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from timeseries.forecast._arrays import BoolArray, FloatArray, IntArray

__all__ = ["WEEK", "WORKING_DAYS", "History", "last_known", "panel_scaled", "read_history"]

SMALLEST = 1e-150

WEEK = 7
WORKING_DAYS = 5
# 1970-01-01, day zero of datetime64, was a Thursday.
WEEKDAY_OF_DAY_ZERO = 3


@dataclass(frozen=True)
class History:
    """Daily moves of a panel in units of each series' largest one.

    Attributes:
        moves: [series, days], NaN where a day was not observed, otherwise within -1 and 1.
        unit: money or level points of one unit, [series].
        cohort: number of each series' group in ``cohorts``, [series].
        cohorts: labels of the groups.
        levels: running values less the last known one, in the unit, [series, days], NaN where not observed;
            None for flows.
        weekday: Monday = 0, of the days and of those that follow, [days + horizon]; None when unknown.
    """

    moves: FloatArray
    unit: FloatArray
    cohort: IntArray
    cohorts: tuple[str, ...] = ("",)
    levels: FloatArray | None = None
    weekday: IntArray | None = None

    def __len__(self) -> int:
        return len(self.moves)

    @property
    def days(self) -> int:
        """Days of the past."""
        return int(self.moves.shape[1])

    @property
    def observed(self) -> BoolArray:
        """Which days were seen, [series, days]."""
        return ~np.isnan(self.moves)

    @property
    def active(self) -> BoolArray:
        """Which days moved, [series, days]."""
        return np.asarray(self.observed & (self.moves != 0))

    def until(self, days: int) -> "History":
        """The history as it was known after its first ``days`` days."""
        levels = None if self.levels is None else from_last_known(self.levels[:, :days])
        return replace(self, moves=self.moves[:, :days], levels=levels)

    def rows(self, rows: slice | IntArray) -> "History":
        """The history of some of the series."""
        levels = None if self.levels is None else self.levels[rows]
        return replace(
            self, moves=self.moves[rows], unit=self.unit[rows], cohort=self.cohort[rows], levels=levels
        )

    def with_moves(self, moves: FloatArray) -> "History":
        """The same history with other moves, such as the surprises of a model."""
        return replace(self, moves=moves)


def read_history(
    values: FloatArray,
    horizon: int,
    *,
    level: bool,
    calendar: npt.ArrayLike | None,
    cohort: npt.ArrayLike | None,
) -> History:
    """The history in an array [series, days] of daily amounts, or of levels when ``level``.

    Raises:
        ValueError: the shapes of calendar or cohort do not fit.
    """
    cohorts, numbers = cohort_numbers(cohort, len(values))
    moves = level_moves(values) if level else values
    largest = np.max(np.abs(moves), axis=1, initial=0.0, where=~np.isnan(moves))
    # Units keep squares of tiny and huge series apart from the ends of the float range.
    unit = np.where(largest > 0, largest, 1.0)
    return History(
        moves=moves / unit[:, None],
        unit=unit,
        cohort=numbers,
        cohorts=cohorts,
        levels=from_last_known(values) / unit[:, None] if level else None,
        weekday=weekdays(calendar, values.shape[1], horizon),
    )


def panel_scaled(values: npt.ArrayLike) -> tuple[FloatArray, int]:
    """The values over the power of two next to the panel's largest, and its exponent.

    No later square, ratio or sum can leave the float range then. Values more than 150 orders of magnitude
    below the largest become zero.

    Raises:
        ValueError: the values are not a matrix of finite numbers or NaN.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2:
        raise ValueError(f"values must be [series, days], not an array of {array.ndim} dimensions")
    if np.isinf(array).any():
        raise ValueError("values must be finite, or NaN where a day was not observed")
    exponent = int(np.frexp(np.max(np.abs(array), initial=0.0, where=~np.isnan(array)))[1])
    scaled = np.ldexp(array, -exponent)
    return np.where(np.abs(scaled) < SMALLEST, 0.0, scaled), exponent


def level_moves(levels: FloatArray) -> FloatArray:
    """Moves from one observed level to the next; one across a gap is scaled back to a single day's size."""
    if not levels.size:
        return levels
    days = np.arange(levels.shape[1])
    seen = ~np.isnan(levels)
    latest = np.maximum.accumulate(np.where(seen, days, -1), axis=1)
    before = np.concatenate([np.full((len(levels), 1), -1), latest[:, :-1]], axis=1)
    start = np.take_along_axis(levels, np.maximum(before, 0), axis=1)
    span = np.where(before >= 0, days - before, 1)
    return np.where(seen & (before >= 0), (levels - start) / np.sqrt(span), np.nan)


def last_known(values: FloatArray) -> FloatArray:
    """The last observed value of each row; zero for a row without any."""
    seen = ~np.isnan(values)
    days = np.where(seen, np.arange(1, values.shape[1] + 1), 0).max(axis=1, initial=0)
    # A column of zeros in front is the value of a row without one.
    framed = np.concatenate([np.zeros((len(values), 1)), values], axis=1)
    return np.asarray(framed[np.arange(len(values)), days])


def from_last_known(levels: FloatArray) -> FloatArray:
    """Levels as differences from the last observed one of their row."""
    return levels - last_known(levels)[:, None]


def cohort_numbers(cohort: npt.ArrayLike | None, series: int) -> tuple[tuple[str, ...], IntArray]:
    """The labels in use, and each series' place among them; one group when there are no labels."""
    if cohort is None:
        return ("",), np.zeros(series, dtype=np.intp)
    labels = np.asarray(cohort)
    if labels.shape != (series,):
        raise ValueError(f"cohort must have one label a series ({series}), not shape {labels.shape}")
    names, numbers = np.unique(labels.astype(str), return_inverse=True)
    return tuple(names.tolist()), numbers.reshape(series)


def weekdays(calendar: npt.ArrayLike | None, days: int, horizon: int) -> IntArray | None:
    """Weekdays of the past and the coming days; missing coming days go on as the past did."""
    if calendar is None:
        return None
    dates = np.asarray(calendar, dtype="datetime64[D]")
    if dates.shape not in ((days,), (days + horizon,)):
        raise ValueError(f"calendar must have {days} or {days + horizon} dates, not shape {dates.shape}")
    if len(dates) == days and days:
        dates = np.concatenate([dates, following(dates, horizon)])
    if len(dates) != days + horizon or np.isnat(dates).any():
        raise ValueError("calendar needs a date for every day")
    return (dates.astype(np.int64) + WEEKDAY_OF_DAY_ZERO) % WEEK


def following(dates: npt.NDArray[np.datetime64], horizon: int) -> npt.NDArray[np.datetime64]:
    """The next days: working days, unless the past has weekends."""
    if np.is_busday(dates).all():
        steps = np.arange(1, horizon + 1)
        return np.asarray(np.busday_offset(dates[-1], steps))
    return np.asarray(dates[-1] + np.arange(1, horizon + 1))
