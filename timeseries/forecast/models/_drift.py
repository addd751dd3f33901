"""Naive with a trend."""

import numpy as np

from timeseries.forecast._arrays import FloatArray, ratio
from timeseries.forecast._contract import Lessons, Outlook
from timeseries.forecast._history import History
from timeseries.forecast.models._naive import WINDOW, gaussian, moments
from timeseries.forecast.models._unlearned import Unlearned

__all__ = ["Drift"]

# A mean over so many days is trusted half: levels drift less than their past says.
HALF_TRUSTED_DAYS = 200.0


class Drift(Unlearned):
    """A level goes on by a share of its mean move; the daily amount of a flow along its straight line.

    Days are normal with the deviation of the last 250. The share of the mean move, or of the line's slope, is
    that of the days behind it in those and 200 more: half for 200 days.
    """

    name = "drift"

    def predict(self, history: History, horizon: int, lessons: Lessons) -> Outlook:
        """See :class:`Model`."""
        mean, deviation = moments(history)
        days = np.minimum(history.observed.sum(axis=1), WINDOW).astype(np.float64)
        share = days / (days + HALF_TRUSTED_DAYS)
        if history.levels is not None:
            location = np.repeat((share * mean_move(history))[:, None], horizon, axis=1)
        else:
            ahead = (days[:, None] - 1) / 2 + np.arange(1, horizon + 1)
            location = mean[:, None] + (share * slope(history))[:, None] * ahead
        return gaussian(history, location, deviation)


def mean_move(history: History) -> FloatArray:
    """Mean move of the last 250 days, [series]."""
    moves = history.moves[:, -WINDOW:]
    seen = ~np.isnan(moves)
    return ratio(np.where(seen, moves, 0.0).sum(axis=1), seen.sum(axis=1).astype(np.float64))


def slope(history: History) -> FloatArray:
    """Slope of the least-squares line through the moves of the last 250 days, per day, [series]."""
    moves = history.moves[:, -WINDOW:]
    seen = ~np.isnan(moves)
    time = np.where(seen, np.arange(moves.shape[1]), 0.0)
    centre = ratio(time.sum(axis=1), seen.sum(axis=1).astype(np.float64))
    centred = np.where(seen, time - centre[:, None], 0.0)
    return ratio((centred * np.nan_to_num(moves)).sum(axis=1), (centred**2).sum(axis=1))
