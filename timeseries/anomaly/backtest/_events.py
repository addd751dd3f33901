"""Labelled days as events, and the alarms that belong to them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeseries.anomaly._types import IntArray

__all__ = ["Events", "labelled_events"]


@dataclass(frozen=True)
class Events:
    """Runs of days with one label, by series, then day. Every array is [events].

    Attributes:
        series: index of the series.
        first: index of the first labelled day.
        last: index of the last one.
        kind: the label, 1, 2, ...
    """

    series: IntArray
    first: IntArray
    last: IntArray
    kind: IntArray

    def __len__(self) -> int:
        return len(self.series)

    def owner(self, shape: tuple[int, ...], grace_days: int) -> IntArray:
        """[series, days], index of the event a day belongs to, days of grace included; -1 for none."""
        started = np.full(shape, -1, dtype=np.int64)
        started[self.series, self.first] = np.arange(len(self))
        owner = np.maximum.accumulate(started, axis=1)
        if not len(self):
            return owner
        over = np.arange(shape[1]) > self.last[owner] + grace_days
        result: IntArray = np.where((owner < 0) | over, -1, owner)
        return result


def labelled_events(label: npt.NDArray[np.integer]) -> Events:
    """The events of labels [series, days]: 0 is clean, 1, 2, ... are kinds."""
    codes = label.astype(np.int64)
    edge = np.zeros((len(codes), 1), dtype=np.int64)
    before, after = np.hstack([edge, codes[:, :-1]]), np.hstack([codes[:, 1:], edge])
    labelled = codes > 0
    series, first = np.nonzero(labelled & (codes != before))
    last = np.nonzero(labelled & (codes != after))[1]
    return Events(series, first, last, codes[series, first])
