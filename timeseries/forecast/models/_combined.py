"""The average of several models."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from timeseries.forecast._arrays import FloatArray, ratio
from timeseries.forecast._contract import Lessons, Model, Outlook
from timeseries.forecast._history import History

__all__ = ["Combined", "average"]


class Combined:
    """The outlooks of other models, averaged part by part: locations, logarithms of sizes, shapes.

    Quantiles averaged that way keep their sharpness, where a mixture of the models would spread.

    Sources: Bates & Granger (1969), "The combination of forecasts", Operational Research Quarterly 20(4);
    averaging quantiles: Lichtendahl, Grushka-Cockayne & Winkler (2013), "Is it better to average
    probabilities or quantiles?", Management Science 59(7).
    """

    def __init__(self, name: str, flow: Sequence[Model], level: Sequence[Model]) -> None:
        self.name = name
        self.flow = flow
        self.level = level

    def learn(self, history: History, horizon: int) -> Lessons:
        """See :class:`Model`; the lessons of every member, under its name and theirs."""
        return {
            f"{model.name} {name}": lesson
            for model in self.members(history)
            for name, lesson in model.learn(history, horizon).items()
        }

    def predict(self, history: History, horizon: int, lessons: Lessons) -> Outlook:
        """See :class:`Model`."""
        return average(
            [model.predict(history, horizon, lessons_of(model, lessons)) for model in self.members(history)]
        )

    def members(self, history: History) -> Sequence[Model]:
        """The models that are averaged."""
        return self.flow if history.levels is None else self.level


def lessons_of(model: Model, lessons: Lessons) -> Lessons:
    """The lessons of one member."""
    prefix = f"{model.name} "
    return {name.removeprefix(prefix): one for name, one in lessons.items() if name.startswith(prefix)}


def average(outlooks: Sequence[Outlook]) -> Outlook:
    """The outlook half-way between several of the same series."""
    unit = np.max([one.unit for one in outlooks], axis=0)
    return replace(
        outlooks[0],
        unit=unit,
        location=mean_of([one.location * ratio(one.unit, unit)[:, None] for one in outlooks]),
        error=mean_of([one.error * ratio(one.unit, unit) for one in outlooks]),
        scale=geometric_mean([one.scale * ratio(one.unit, unit)[:, None] for one in outlooks]),
        shape=mean_of([one.shape for one in outlooks]),
        doubt=mean_of([one.doubt for one in outlooks]),
        undone=mean_of([one.undone for one in outlooks]),
        rates=mean_of([one.rates for one in outlooks]),
    )


def mean_of(parts: Sequence[FloatArray]) -> FloatArray:
    """The arithmetic mean of the parts."""
    return np.asarray(np.mean(parts, axis=0))


def geometric_mean(parts: Sequence[FloatArray]) -> FloatArray:
    """The geometric mean of the parts, zero where one is."""
    stacked = np.stack(parts)
    logs = np.log(np.where(stacked > 0, stacked, 1.0)).mean(axis=0)
    return np.where((stacked > 0).all(axis=0), np.exp(logs), 0.0)
