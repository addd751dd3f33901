"""What a model gives back and the promise it keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np

from timeseries.forecast._arrays import FloatArray, IntArray, ratio
from timeseries.forecast._history import History

__all__ = ["Lessons", "Model", "Outlook", "outlook_of"]

# What a model learnt from the whole panel, by name: small enough to keep and use again on later days.
Lessons = Mapping[str, FloatArray]


@dataclass(frozen=True)
class Outlook:
    """The distribution of the coming days of many series, ready to be simulated.

    On an active day at step h a series moves by ``unit * (location[h] + error * N + e[h] - undone * e[h-1])``
    with surprises ``e[h] = scale[h] * exp(doubt * N') * Q``: Q is drawn from ``shape`` anew every day, the
    normal numbers N and N' once a path. On an idle day it does not move. A day is active with a probability
    that depends on how long the series has been resting.

    Attributes:
        unit: money (or level points) of one unit, [series].
        location: mean move of an active day in units, [series, horizon].
        error: standard deviation of the unknown true mean around the location, in units, [series].
        scale: size of an active day's surprise in units, [series, horizon].
        shape: quantiles of Q at ``LEVELS``, mean zero, [series, len(LEVELS)].
        doubt: standard deviation of the logarithm of the unknown true scale, [series].
        undone: share of a day's surprise that the next day takes back, [series].
        rates: probability of an active day after a rest in each of ``REST_BUCKETS``,
            [series, horizon, buckets].
        rest: idle days since the last active one, [series].
    """

    unit: FloatArray
    location: FloatArray
    error: FloatArray
    scale: FloatArray
    shape: FloatArray
    doubt: FloatArray
    undone: FloatArray
    rates: FloatArray
    rest: IntArray

    def rows(self, rows: slice | IntArray) -> "Outlook":
        """The outlook of some of the series."""
        return Outlook(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def __len__(self) -> int:
        return len(self.unit)

    @property
    def horizon(self) -> int:
        """Coming days."""
        return int(self.scale.shape[1])


def outlook_of(
    history: History,
    *,
    location: FloatArray,
    size: FloatArray,
    course: FloatArray,
    shape: FloatArray,
    doubt: FloatArray,
    activity: tuple[FloatArray, IntArray],
    error: FloatArray | None = None,
    undone: FloatArray | None = None,
) -> Outlook:
    """An outlook in units near one, whatever the money involved.

    Args:
        history: where the units of the location come from.
        location: mean move of an active day, in history units, [series, horizon].
        size: of an active day's move, in money, [series].
        course: factor on the size at each step, [series, horizon].
        shape: see :class:`Outlook`.
        doubt: see :class:`Outlook`.
        activity: rates and rest of the :class:`Outlook`.
        error: as in :class:`Outlook`, but over the size; None means none.
        undone: as in :class:`Outlook`; None means none.
    """
    nothing = np.zeros(len(history))
    money = location * history.unit[:, None]
    unit = np.maximum(np.abs(money).max(axis=1, initial=0.0), size)
    return Outlook(
        unit=unit,
        location=np.sign(money) * ratio(np.abs(money), unit[:, None]),
        error=nothing if error is None else error * ratio(size, unit),
        scale=ratio(size, unit)[:, None] * course,
        shape=shape,
        doubt=doubt,
        undone=nothing if undone is None else undone,
        rates=activity[0],
        rest=activity[1],
    )


class Model(Protocol):
    """Turns the past of a panel into the outlook of its coming days."""

    @property
    def name(self) -> str:
        """The name people call the model by."""

    def learn(self, history: History, horizon: int) -> Lessons:
        """What all series together teach about the next ``horizon`` days; nothing for most models."""

    def predict(self, history: History, horizon: int, lessons: Lessons) -> Outlook:
        """The outlook of every series from the end of the history.

        Finite for any history, an empty one included; uses nothing but the history and the lessons of an
        earlier or the same one; no Python loop over series.
        """
