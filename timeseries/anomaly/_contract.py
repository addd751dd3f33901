"""What a detector is: it gives evidence for a day, and learns from the day only afterwards."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from timeseries.anomaly._types import BoolArray, FloatArray

__all__ = ["COLD_START", "Day", "Detector", "Evidence"]

COLD_START = 20
"""Past observations a detector needs before it speaks."""


@dataclass(frozen=True)
class Day:
    """One day of the whole panel, beside what the past made of it.

    Attributes:
        values: [series, metrics], NaN where nothing was observed.
        idle: NaN or zero, after the first observation.
        expected: robust location of the past; NaN at cold start.
        spread: robust standard deviation of the past; NaN at cold start.
        residual: (value - expected) / spread; NaN at cold start and on days that say nothing of the level.
        weekday: 0-6; always 0 without a calendar.
    """

    values: FloatArray
    idle: BoolArray
    expected: FloatArray
    spread: FloatArray
    residual: FloatArray
    weekday: int


@dataclass(frozen=True)
class Evidence:
    """What a detector says of a day, [series, metrics].

    Attributes:
        statistic: >= 0, minus the log of a rough nominal p-value: larger is odder. NaN is no opinion.
            Calibration against the fleet's past makes a p-value of it, so only its order must be right.
        direction: +1 above the expected, -1 below, 0 neither.
    """

    statistic: FloatArray
    direction: FloatArray


class Detector(Protocol):
    """The contract of every detector; an instance holds the state of one panel."""

    name: ClassVar[str]

    def __init__(self, series: int, metrics: int) -> None: ...

    def score(self, day: Day) -> Evidence:
        """Judge the day by the days learned so far; called once a day, in order."""
        ...

    def learn(self, day: Day, flagged: BoolArray) -> None:
        """Take the day into the past, except where flagged [series, metrics]."""
        ...
