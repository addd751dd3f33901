"""Before and after: what a change of configuration would change on the same days."""

from dataclasses import dataclass

import numpy as np

from timeseries.anomaly._types import BoolArray, IntArray
from timeseries.anomaly.backtest._run import Backtest

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True)
class Comparison:
    """Two backtests of the same labelled days.

    Attributes:
        before: of the configuration in force.
        after: of the one proposed.
        new: [alarms, 2], series and day of alarms that only the proposed one gives.
        gone: [alarms, 2], series and day of alarms that only the one in force gives.
        gained: indices of events only the proposed one finds.
        lost: indices of events only the one in force finds.
    """

    before: Backtest
    after: Backtest
    new: IntArray
    gone: IntArray
    gained: IntArray
    lost: IntArray

    def as_dict(self) -> dict[str, object]:
        """Scores of both by kind, and what differs, for JSON; events as series, first and last day."""
        events = self.before.events
        spans = np.stack([events.series, events.first, events.last], axis=1)
        return {
            "before": self.before.as_dict(),
            "after": self.after.as_dict(),
            "new": self.new.tolist(),
            "gone": self.gone.tolist(),
            "gained": spans[self.gained].tolist(),
            "lost": spans[self.lost].tolist(),
        }


def compare(before: Backtest, after: Backtest) -> Comparison:
    """What is new and what is gone.

    An alarm is the same where the other configuration gives one in the same series within the days in which
    it would be a repeat; so an alarm that only comes earlier or later is neither new nor gone.

    Raises:
        ValueError: backtests of different days or labels.
    """
    same = before.alarms.shape == after.alarms.shape and all(
        np.array_equal(values, vars(after.events)[name]) for name, values in vars(before.events).items()
    )
    if not same:
        raise ValueError(
            "before and after must be backtests of the same series, days, labels and judged days"
        )
    near = max(before.repeat_days, after.repeat_days)
    missed, found = np.isnan(before.delay), np.isfinite(after.delay)
    return Comparison(
        before=before,
        after=after,
        new=np.argwhere(after.alarms & ~_within(before.alarms, near)),
        gone=np.argwhere(before.alarms & ~_within(after.alarms, near)),
        gained=np.flatnonzero(missed & found),
        lost=np.flatnonzero(~missed & ~found),
    )


def _within(alarms: BoolArray, days: int) -> BoolArray:
    """Days at most so many from an alarm."""
    total = np.hstack([np.zeros((len(alarms), 1), dtype=np.int64), np.cumsum(alarms, axis=1)])
    places = np.arange(alarms.shape[1])
    upper, lower = np.minimum(places + days + 1, alarms.shape[1]), np.maximum(places - days, 0)
    result: BoolArray = total[:, upper] > total[:, lower]
    return result
