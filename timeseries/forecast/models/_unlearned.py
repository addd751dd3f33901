"""Models that take nothing from the panel but what each series and its cohort hold."""

from types import MappingProxyType

from timeseries.forecast._contract import Lessons
from timeseries.forecast._history import History

__all__ = ["Unlearned"]


class Unlearned:
    """A model without lessons."""

    def learn(self, history: History, horizon: int) -> Lessons:
        """Nothing; see :class:`Model`."""
        return MappingProxyType({})
