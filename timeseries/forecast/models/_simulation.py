"""What the models of historical simulation share: moves over their expected size, drawn again."""

import numpy as np

from timeseries.forecast._activity import activity
from timeseries.forecast._contract import Outlook, outlook_of
from timeseries.forecast._evidence import Sizing, deviation_error, gather_evidence, pooled_shape, standing
from timeseries.forecast._history import History
from timeseries.forecast._means import shrunk_means

__all__ = ["historical_simulation"]


def historical_simulation(history: History, horizon: int, memory: float, sizing: Sizing) -> Outlook:
    """The outlook whose days are those of the past, each over the size expected of it.

    Idle days are simulated apart. Size and shape of a short history come from its cohort, and the mean is
    shrunk to the cohort's.
    """
    mean, error = shrunk_means(history)
    evidence = gather_evidence(history, mean, memory, sizing)
    size, doubt = standing(evidence, history)
    return outlook_of(
        history,
        location=np.repeat(mean[:, None], horizon, axis=1),
        error=deviation_error(error),
        size=size,
        course=evidence.course,
        shape=pooled_shape(evidence, history),
        doubt=doubt,
        activity=activity(history, horizon),
    )
