"""EWMA-filtered historical simulation on active days."""

import numpy as np

from timeseries.forecast._activity import activity
from timeseries.forecast._arrays import FloatArray
from timeseries.forecast._contract import Outlook, outlook_of
from timeseries.forecast._evidence import Evidence, gather_evidence, pooled_shape, standing
from timeseries.forecast._history import History

__all__ = ["EwmaFhs"]

# EWMA factor per active day, and the factor by which an active day fades in the shape and the long run.
DECAY = 0.94
MEMORY = 0.99
# Weight of the long run, in logarithms, in the size of the first coming day, and how fast it grows.
PULL = 0.25
REVERSION = 0.95
# The recent size counts up to this multiple of the long run, and down to its inverse.
WIDEST = 4.0


class EwmaFhs:
    """History's moves, each over the size expected on its day, re-scaled to the size expected now.

    Sources: Hull & White (1998), "Incorporating volatility updating into the historical simulation method
    for value-at-risk", Journal of Risk 1(1); Barone-Adesi, Giannopoulos & Vosper (1999), "VaR without
    correlations for portfolios of derivative securities", Journal of Futures Markets 19(5).

    Three things differ, for accounts that rest. The EWMA (0.94) lives on active days only and is pulled to
    the series' long run, itself shrunk to the cohort's, so that resting does not let it decay. Idle days
    are simulated apart. Sizes are mean absolute deviations, which one jump disturbs less than variances.
    The mean is shrunk to zero unless it is significant.
    """

    name = "ewma_fhs"

    def predict(self, history: History, horizon: int) -> Outlook:
        """See :class:`Model`."""
        evidence = gather_evidence(history, DECAY, MEMORY, PULL)
        size, doubt = standing(evidence, history)
        return outlook_of(
            history,
            mean=evidence.mean,
            size=size,
            course=size_course(evidence, horizon),
            shape=pooled_shape(evidence, history),
            doubt=doubt,
            activity=activity(history, horizon),
        )


def size_course(evidence: Evidence, horizon: int) -> FloatArray:
    """Expected size of each coming active day over the long run, [series, horizon]."""
    known = (evidence.long_run > 0) & (evidence.recent > 0)
    now = np.where(known, evidence.recent, 1.0) / np.where(known, evidence.long_run, 1.0)
    distance = np.log(np.clip(now, 1 / WIDEST, WIDEST))
    remaining = (1 - PULL) * REVERSION ** np.arange(horizon)
    return np.asarray(np.exp(distance[:, None] * remaining))
