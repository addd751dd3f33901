"""The recency-weighted empirical distribution of active days."""

import numpy as np

from timeseries.forecast._arrays import BoolArray, FloatArray
from timeseries.forecast._contract import Lessons, Outlook
from timeseries.forecast._history import History
from timeseries.forecast.models._simulation import historical_simulation
from timeseries.forecast.models._unlearned import Unlearned

__all__ = ["Empirical"]

# About thirty active days of memory, enough to follow a change of size without a filter.
MEMORY = 0.97


class Empirical(Unlearned):
    """History's moves as they were, recent ones weighing more: no state of volatility.

    An active day's weight fades by 0.97 with every later active day. Idle days are simulated apart; short
    histories take size and shape from the cohort; the mean is shrunk to the cohort's.
    """

    name = "empirical"

    def predict(self, history: History, horizon: int, lessons: Lessons) -> Outlook:
        """See :class:`Model`."""

        def unfiltered(
            deviations: FloatArray, active: BoolArray, long_run: FloatArray
        ) -> tuple[FloatArray, FloatArray]:
            return np.repeat(long_run[:, None], active.shape[1], axis=1), np.ones((len(active), horizon))

        return historical_simulation(history, horizon, MEMORY, unfiltered)
