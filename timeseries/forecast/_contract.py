"""What a model gives back and the promise it keeps."""

from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np

from timeseries.forecast._arrays import FloatArray, IntArray, ratio
from timeseries.forecast._history import History

__all__ = ["Model", "Outlook", "outlook_of"]


@dataclass(frozen=True)
class Outlook:
    """The distribution of the coming days of many series, ready to be simulated.

    On an active day at step h a series moves by
    ``unit * (location + scale[h] * exp(doubt * N(0, 1)) * Q)``, where Q is drawn from ``shape`` anew every
    day and the normal number once a path; on an idle day it does not move. A day is active with a
    probability that depends on how long the series has been resting.

    Attributes:
        unit: money (or level points) of one unit, [series].
        location: mean move of an active day in units, [series].
        scale: size of an active day's move in units, [series, horizon].
        shape: quantiles of Q at ``LEVELS``, mean zero, [series, len(LEVELS)].
        doubt: standard deviation of the logarithm of the unknown true scale, [series].
        rates: probability of an active day after a rest in each of ``REST_BUCKETS``,
            [series, horizon, buckets].
        rest: idle days since the last active one, [series].
    """

    unit: FloatArray
    location: FloatArray
    scale: FloatArray
    shape: FloatArray
    doubt: FloatArray
    rates: FloatArray
    rest: IntArray

    def rows(self, rows: slice | IntArray) -> "Outlook":
        """The outlook of some of the series."""
        return Outlook(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def __len__(self) -> int:
        return len(self.unit)


def outlook_of(
    history: History,
    *,
    mean: FloatArray,
    size: FloatArray,
    course: FloatArray,
    shape: FloatArray,
    doubt: FloatArray,
    activity: tuple[FloatArray, IntArray],
) -> Outlook:
    """An outlook in units near one, whatever the money involved.

    Args:
        history: where the units of the mean come from.
        mean: of an active day, in history units, [series].
        size: of an active day's move, in money, [series].
        course: factor on the size at each step, [series, horizon].
        shape: see :class:`Outlook`.
        doubt: see :class:`Outlook`.
        activity: rates and rest of the :class:`Outlook`.
    """
    money = mean * history.unit
    unit = np.maximum(np.abs(money), size)
    return Outlook(
        unit=unit,
        location=np.sign(money) * ratio(np.abs(money), unit),
        scale=ratio(size, unit)[:, None] * course,
        shape=shape,
        doubt=doubt,
        rates=activity[0],
        rest=activity[1],
    )


class Model(Protocol):
    """Turns the past of a panel into the outlook of its coming days."""

    @property
    def name(self) -> str:
        """The name people call the model by."""

    def predict(self, history: History, horizon: int) -> Outlook:
        """The outlook of every series from the end of the history.

        Finite for any history, an empty one included; uses nothing but the history; no Python loop over
        series.
        """
