"""What detectors without an accumulating memory share."""

from typing import ClassVar

from timeseries.anomaly._contract import Day
from timeseries.anomaly._types import BoolArray

__all__ = ["Stateless"]


class Stateless:
    """A detector that judges the day alone: nothing to set up, to learn or to restart."""

    sized: ClassVar[bool] = True
    fleetwise: ClassVar[bool] = False

    def __init__(self, series: int, metrics: int) -> None:
        """Keep nothing."""

    def learn(self, day: Day, flagged: BoolArray) -> None:
        """Learn nothing."""

    def restart(self, where: BoolArray) -> None:
        """Hold no evidence to forget."""
