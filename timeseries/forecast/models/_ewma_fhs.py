"""EWMA-filtered historical simulation on active days."""

import numpy as np

from timeseries.forecast._arrays import BoolArray, FloatArray
from timeseries.forecast._contract import Lessons, Outlook
from timeseries.forecast._filters import ewma
from timeseries.forecast._history import History
from timeseries.forecast.models._simulation import historical_simulation
from timeseries.forecast.models._unlearned import Unlearned

__all__ = ["EwmaFhs"]

# EWMA factor per active day, and the factor by which an active day fades in the shape and the long run.
DECAY = 0.94
MEMORY = 0.99
# Weight of the long run, in logarithms, in the size of the first coming day, and how fast it grows.
PULL = 0.25
REVERSION = 0.95
# The recent size counts up to this multiple of the long run, and down to its inverse.
WIDEST = 4.0


class EwmaFhs(Unlearned):
    """History's moves, each over the size expected on its day, re-scaled to the size expected now.

    Sources: Hull & White (1998), "Incorporating volatility updating into the historical simulation method
    for value-at-risk", Journal of Risk 1(1); Barone-Adesi, Giannopoulos & Vosper (1999), "VaR without
    correlations for portfolios of derivative securities", Journal of Futures Markets 19(5).

    Three things differ, for accounts that rest. The EWMA (0.94) lives on active days only and is pulled to
    the series' long run, itself shrunk to the cohort's, so that resting does not let it decay. Idle days
    are simulated apart. Sizes are mean absolute deviations, which one jump disturbs less than variances.
    """

    name = "ewma_fhs"

    def predict(self, history: History, horizon: int, lessons: Lessons) -> Outlook:
        """See :class:`Model`."""

        def filtered(
            deviations: FloatArray, active: BoolArray, long_run: FloatArray
        ) -> tuple[FloatArray, FloatArray]:
            expected, recent = ewma(np.abs(deviations), active, long_run, DECAY)
            return long_run[:, None] ** PULL * expected ** (1 - PULL), size_course(recent, long_run, horizon)

        return historical_simulation(history, horizon, MEMORY, filtered)


def size_course(recent: FloatArray, long_run: FloatArray, horizon: int) -> FloatArray:
    """Expected size of each coming active day over the long run, [series, horizon]."""
    known = (long_run > 0) & (recent > 0)
    now = np.where(known, recent, 1.0) / np.where(known, long_run, 1.0)
    distance = np.log(np.clip(now, 1 / WIDEST, WIDEST))
    remaining = (1 - PULL) * REVERSION ** np.arange(horizon)
    return np.asarray(np.exp(distance[:, None] * remaining))
