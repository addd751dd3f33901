"""The anchor of the house: a plain Gaussian of the last 250 days."""

import numpy as np
from scipy.special import ndtri

from timeseries.forecast._activity import always_active
from timeseries.forecast._arrays import LEVELS, ratio
from timeseries.forecast._cohort import money_scale
from timeseries.forecast._contract import Outlook, outlook_of
from timeseries.forecast._history import History

__all__ = ["Naive"]

WINDOW = 250


class Naive:
    """Every coming day is normal with the mean and standard deviation of the last 250 days.

    Nothing is filtered, shrunk or separated: this is what any model has to beat. Only a series of fewer
    than two days takes its spread from the cohort, with a mean of zero.
    """

    name = "naive"

    def predict(self, history: History, horizon: int) -> Outlook:
        """See :class:`Model`."""
        moves = history.moves[:, -WINDOW:]
        seen = ~np.isnan(moves)
        days = seen.sum(axis=1).astype(np.float64)
        enough = days > 1
        mean = np.where(enough, ratio(np.where(seen, moves, 0.0).sum(axis=1), days), 0.0)
        square = (np.where(seen, moves - mean[:, None], 0.0) ** 2).sum(axis=1)
        deviation = np.where(enough, np.sqrt(ratio(square, days - 1)), 0.0)
        borrowed, _ = money_scale(deviation, days, history)
        return outlook_of(
            history,
            mean=mean,
            size=np.where(enough, deviation * history.unit, borrowed),
            course=np.ones((len(history), horizon)),
            shape=np.tile(ndtri(LEVELS), (len(history), 1)),
            doubt=np.zeros(len(history)),
            activity=always_active(len(history), horizon),
        )
