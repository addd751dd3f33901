"""What the smoothing models share: a course of expected values with filtered surprises around it."""

import numpy as np

from timeseries.forecast._activity import activity, always_active
from timeseries.forecast._arrays import BoolArray, FloatArray
from timeseries.forecast._contract import Outlook, outlook_of
from timeseries.forecast._evidence import gather_evidence, pooled_shape, standing
from timeseries.forecast._filters import ewma
from timeseries.forecast._history import History
from timeseries.forecast._smoothing import Smoothed

__all__ = ["course_outlook"]

DECAY = 0.97
MEMORY = 0.99


def course_outlook(history: History, found: Smoothed) -> Outlook:
    """An outlook around the smoothed course, the size of its surprises following an EWMA.

    A flow's course is its daily amount, active or not. A level moves along its course on active days; a share
    of ``1 - alpha`` of each surprise is not carried on.
    """
    level = history.levels is not None
    surprises = history.with_moves(found.surprises)
    horizon = found.course.shape[1]

    def filtered(
        deviations: FloatArray, active: BoolArray, long_run: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        expected, recent = ewma(np.abs(deviations), active, long_run, DECAY)
        now = np.where(long_run > 0, recent, 1.0) / np.where(long_run > 0, long_run, 1.0)
        return expected, np.repeat(np.sqrt(now)[:, None], horizon, axis=1)

    evidence = gather_evidence(surprises, np.zeros(len(history)), MEMORY, filtered)
    size, doubt = standing(evidence, history)
    return outlook_of(
        history,
        location=np.diff(found.course, axis=1, prepend=0.0) if level else found.course,
        size=size,
        course=evidence.course,
        shape=pooled_shape(evidence, history),
        doubt=doubt,
        activity=activity(history, horizon) if level else always_active(len(history), horizon),
        undone=1 - found.alpha if level else None,
    )
