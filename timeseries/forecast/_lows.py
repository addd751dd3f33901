"""How far below its start and its end an account goes within a day."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeseries.forecast._arrays import BoolArray, FloatArray, IntArray

__all__ = ["IntradayLows", "typical_move"]

RECENT_DAYS = 250
# What the panel says counts as much as so many days of the account's own.
PANEL_DAYS = 20
# Rarer lows than one day in two thousand are left out: they would have every day of every path looked at.
RAREST = 0.0005
BINS = 256
LARGEST = 1e300


@dataclass(frozen=True)
class IntradayLows:
    """The chance that a day goes so far below the lower of its start and its end.

    Measured against the account's typical daily move: depth grows with volatility and size, but hardly
    depends on what the day itself brings in (a Brownian bridge goes a little less deep on days of large
    moves), whereas the distance below the day's end contains all of a winning day's gain.

    Attributes:
        tail: chance of a depth in this bin or a deeper one, [series, BINS]. Bin 0 holds days without any.
        reach: the depth, in typical moves, that is never exceeded, [series, 1].
    """

    tail: FloatArray
    reach: FloatArray

    @classmethod
    def of(cls, low_excess: npt.ArrayLike | None, typical: FloatArray, series: int) -> "IntradayLows":
        """Learn from past days; an account without them takes the shape of the others.

        Args:
            low_excess: [series, days], money, at most zero; NaN for days without trading.
            typical: typical daily move then, [series].

        Raises:
            ValueError: the shape does not fit.
        """
        array = np.zeros((series, 0)) if low_excess is None else np.asarray(low_excess, dtype=np.float64)
        if array.ndim != 2 or len(array) != series:
            raise ValueError(f"low_excess must be [{series} series, days], not of shape {array.shape}")
        recent = array[:, -RECENT_DAYS:]
        rows, days = np.nonzero(np.isfinite(recent) & (typical[:, None] > 0))
        with np.errstate(over="ignore", under="ignore"):
            place = depth_bin(-recent[rows, days] / typical[rows])
        counts = np.bincount(rows * BINS + np.minimum(place, BINS - 2), minlength=series * BINS)
        return cls.from_counts(counts.reshape(series, BINS))

    @classmethod
    def from_counts(cls, counts: IntArray) -> "IntradayLows":
        """The chances of every account from its own days in each bin and the panel's."""
        known = counts.sum(axis=0, dtype=np.float64)
        if not known.any():
            known[0] = 1.0
        shares = counts + PANEL_DAYS * known / known.sum()
        shares /= shares.sum(axis=1, keepdims=True)
        tail = np.cumsum(shares[:, ::-1], axis=1)[:, ::-1]
        tail = np.where(tail < RAREST, 0.0, tail).astype(np.float32)
        # The last bin that is ever reached, by its upper edge; bin 0 is no depth at all.
        deepest = np.minimum((tail > 0).sum(axis=1, keepdims=True) - 1, BINS - 3)
        return cls(tail, (deepest / (BINS - 2 - deepest)).astype(np.float32))

    def rows(self, rows: slice) -> "IntradayLows":
        """Those of some of the accounts."""
        return IntradayLows(self.tail[rows], self.reach[rows])

    def where(self, chosen: BoolArray, otherwise: "IntradayLows") -> "IntradayLows":
        """These lows where chosen, [series, 1], the others elsewhere."""
        return IntradayLows(
            np.where(chosen, self.tail, otherwise.tail), np.where(chosen, self.reach, otherwise.reach)
        )

    def chance(self, rows: IntArray, depth: FloatArray) -> FloatArray:
        """The chance that a day goes at least so many typical moves deep; 1 for a depth of zero or less."""
        found: FloatArray = self.tail.ravel()[rows * BINS + depth_bin(depth)]
        return found


def depth_bin(depth: FloatArray) -> IntArray:
    """The bin of a depth in typical moves: fine near one move, coarse far out, the last one for infinity."""
    place = (BINS - 2) * (1 - 1 / (1 + np.maximum(depth, 0)))
    return np.where(depth > 0, 1 + place.astype(np.intp), 0)


def typical_move(profit: npt.NDArray[np.floating]) -> FloatArray:
    """Mean size of the moves that are not zero, over all axes but the first; zero where there is none."""
    size = np.abs(profit.reshape(len(profit), -1))
    with np.errstate(over="ignore"):
        total = size.sum(axis=1).astype(np.float64)
    mean: FloatArray = np.minimum(total, LARGEST) / np.maximum(np.count_nonzero(size, axis=1), 1)
    return mean
