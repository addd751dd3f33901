"""The same weekday of last week."""

import numpy as np

from timeseries.forecast._arrays import FloatArray, ratio
from timeseries.forecast._contract import Lessons, Outlook
from timeseries.forecast._history import WEEK, WORKING_DAYS, History
from timeseries.forecast.models._naive import WINDOW, gaussian
from timeseries.forecast.models._unlearned import Unlearned

__all__ = ["SeasonalNaive"]


class SeasonalNaive(Unlearned):
    """Every coming day moves as its weekday did last; normal, with the deviation from week to week.

    Without a calendar a week has five days. A weekday that was not observed last week counts as no move.
    """

    name = "seasonal_naive"

    def predict(self, history: History, horizon: int, lessons: Lessons) -> Outlook:
        """See :class:`Model`."""
        period = week_of(history)
        framed = np.concatenate([np.full((len(history), period), np.nan), history.moves], axis=1)
        location = np.nan_to_num(framed[:, -period:][:, np.arange(horizon) % period])
        return gaussian(history, location, deviation_from_week_to_week(history.moves, period))


def week_of(history: History) -> int:
    """Days a week has in this calendar."""
    weekends = history.weekday is not None and bool((history.weekday >= WORKING_DAYS).any())
    return WEEK if weekends else WORKING_DAYS


def deviation_from_week_to_week(moves: FloatArray, period: int) -> FloatArray:
    """Root mean square of the changes from one week to the next, zero where unknown, [series]."""
    changes = (moves[:, period:] - moves[:, : max(moves.shape[1] - period, 0)])[:, -WINDOW:]
    seen = ~np.isnan(changes)
    square = (np.where(seen, changes, 0.0) ** 2).sum(axis=1)
    return np.sqrt(ratio(square, seen.sum(axis=1).astype(np.float64)))
