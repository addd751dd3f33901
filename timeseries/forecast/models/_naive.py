"""The anchor of the house: a plain Gaussian of the last 250 days."""

import numpy as np
from scipy.special import ndtri

from timeseries.forecast._activity import always_active
from timeseries.forecast._arrays import LEVELS, FloatArray, ratio
from timeseries.forecast._cohort import money_scale
from timeseries.forecast._contract import Lessons, Outlook, outlook_of
from timeseries.forecast._history import History
from timeseries.forecast.models._unlearned import Unlearned

__all__ = ["Naive", "gaussian", "moments"]

WINDOW = 250


class Naive(Unlearned):
    """Every coming day is normal with the mean and standard deviation of the last 250 days.

    Nothing is filtered, shrunk or separated: this is what any model has to beat. A level is a random walk
    without drift. Only a series of fewer than two days takes its spread from the cohort, with a mean of zero.
    """

    name = "naive"

    def predict(self, history: History, horizon: int, lessons: Lessons) -> Outlook:
        """See :class:`Model`."""
        mean, deviation = moments(history)
        return gaussian(history, np.repeat(mean[:, None], horizon, axis=1), deviation)


def moments(history: History) -> tuple[FloatArray, FloatArray]:
    """Mean and deviation of the last 250 days' moves, [series] both; a level's mean is taken as zero."""
    moves = history.moves[:, -WINDOW:]
    seen = ~np.isnan(moves)
    days = seen.sum(axis=1).astype(np.float64)
    mean = ratio(np.where(seen, moves, 0.0).sum(axis=1), days)
    if history.levels is not None:
        mean = np.zeros_like(mean)
    square = (np.where(seen, moves - mean[:, None], 0.0) ** 2).sum(axis=1)
    deviation = np.where(days > 1, np.sqrt(ratio(square, days - 1)), 0.0)
    return np.where(days > 1, mean, 0.0), deviation


def gaussian(
    history: History, location: FloatArray, deviation: FloatArray, course: FloatArray | None = None
) -> Outlook:
    """Normal days around a location; who has no deviation of its own borrows the cohort's.

    Args:
        history: the past.
        location: of each coming day in history units, [series, horizon].
        deviation: in history units, zero where unknown, [series].
        course: factor on the deviation of each coming day, [series, horizon]; None means one.
    """
    days = np.minimum(history.observed.sum(axis=1), WINDOW)
    borrowed, _ = money_scale(deviation, days.astype(np.float64), history)
    return outlook_of(
        history,
        location=location,
        size=np.where(days > 1, deviation * history.unit, borrowed),
        course=np.ones(location.shape) if course is None else course,
        shape=np.tile(ndtri(LEVELS), (len(history), 1)),
        doubt=np.zeros(len(history)),
        activity=always_active(*location.shape),
    )
