"""What a detector is: it gives evidence for a day, and learns from the day only afterwards."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from timeseries.anomaly._types import BoolArray, FloatArray, IntArray

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
        cohort: [series], the code of each series' cohort.
        persistence: the part of a residual that is expected again on the next day, 0 to 1; None for nowhere.
        previous: the last known residual; None where persistence is.
    """

    values: FloatArray
    idle: BoolArray
    expected: FloatArray
    spread: FloatArray
    residual: FloatArray
    weekday: int
    cohort: IntArray
    persistence: FloatArray | None = None
    previous: FloatArray | None = None

    def rows(self, rows: IntArray) -> "Day":
        """The same day of some series only."""
        return Day(
            self.values[rows],
            self.idle[rows],
            self.expected[rows],
            self.spread[rows],
            self.residual[rows],
            self.weekday,
            self.cohort[rows],
            None if self.persistence is None else self.persistence[rows],
            None if self.previous is None else self.previous[rows],
        )

    def surprise(self) -> FloatArray:
        """The residual without what was expected of it after the day before."""
        if self.persistence is None or self.previous is None:
            return self.residual
        return self.residual - self.persistence * self.previous

    def independence(self) -> FloatArray | float:
        """One over the factor by which persistence widens the variance of sums of residuals."""
        return 1.0 if self.persistence is None else (1 - self.persistence) / (1 + self.persistence)


@dataclass(frozen=True)
class Evidence:
    """What a detector says of a day, [series, metrics].

    Attributes:
        statistic: >= 0, minus the log of a rough nominal p-value: larger is odder, 0 is nothing odd, NaN is
            no opinion. Calibration against the fleet's past makes a p-value of it, so only its order counts.
        direction: +1 above the expected, -1 below, 0 neither.
        age: for how many days what is reported has lasted, 0 for this day alone; None where it always is.
    """

    statistic: FloatArray
    direction: FloatArray
    age: IntArray | None = None


class Detector(Protocol):
    """The contract of every detector; an instance holds the state of one panel.

    Attributes:
        name: as people write it.
        weight: its part of the false alarms, against 1 of the residual detector's; what lasts for days can
            wait for better evidence, a spike cannot.
        sized: it speaks of the size of a deviation, so guards on size and direction hold for it.
        fleetwise: it keeps nothing of single series and may be asked for some of them only.
    """

    name: ClassVar[str]
    weight: ClassVar[float]
    sized: ClassVar[bool]
    fleetwise: ClassVar[bool]

    def __init__(self, series: int, metrics: int) -> None: ...

    def score(self, day: Day) -> Evidence:
        """Judge the day by the days learned so far; called once a day, in order."""
        ...

    def learn(self, day: Day, flagged: BoolArray) -> None:
        """Take the day into the past, except where flagged [series, metrics]."""
        ...

    def restart(self, where: BoolArray) -> None:
        """Forget evidence of a lasting change where [series, metrics] people called it the new normal."""
        ...
