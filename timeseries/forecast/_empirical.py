"""The recency-weighted empirical distribution of active days."""

import numpy as np

from timeseries.forecast._activity import activity
from timeseries.forecast._contract import Outlook, outlook_of
from timeseries.forecast._evidence import gather_evidence, pooled_shape, standing
from timeseries.forecast._history import History

__all__ = ["Empirical"]

# About thirty active days of memory, enough to follow a change of size without a filter.
MEMORY = 0.97
UNFILTERED = 1.0


class Empirical:
    """History's moves as they were, recent ones weighing more: no state of volatility.

    An active day's weight fades by 0.97 with every later active day. Idle days are simulated apart; short
    histories take size and shape from the cohort; the mean is shrunk to zero unless it is significant.
    """

    name = "empirical"

    def predict(self, history: History, horizon: int) -> Outlook:
        """See :class:`Model`."""
        evidence = gather_evidence(history, decay=MEMORY, memory=MEMORY, pull=UNFILTERED)
        size, doubt = standing(evidence, history)
        return outlook_of(
            history,
            mean=evidence.mean,
            size=size,
            course=np.ones((len(history), horizon)),
            shape=pooled_shape(evidence, history),
            doubt=doubt,
            activity=activity(history, horizon),
        )
