"""Which trades of different accounts were opened at the same time, by one pass over the sorted trades.

The band join of DeWitt, Naughton and Schneider (An evaluation of non-equijoin algorithms, VLDB 1991): sorted
by symbol and time, a trade's partners are its next neighbours, so the work grows with trades and matches and
not with pairs of trades.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeseries.surveillance._columns import Ints
from timeseries.surveillance._look import Trades
from timeseries.surveillance._segments import time_key

__all__ = ["Openings", "Pair", "copying_pairs", "opened_together", "opening_keys"]


@dataclass(frozen=True)
class Pair:
    """Trades of two accounts that were opened together, by opening; rows of the trades."""

    opposite: bool
    one: Ints
    other: Ints

    def turned(self) -> "Pair":
        """The same seen from the other account."""
        return Pair(self.opposite, self.other, self.one)


def opened_together(trades: Trades, *, seconds: int, opposite: bool, crowd: int) -> tuple[Ints, Ints]:
    """Pairs of rows of different accounts in the same symbol opened within so many seconds.

    Args:
        opposite: pairs on opposite sides too.
        crowd: a trade is compared with at most so many that were opened next.

    Returns:
        rows of the accounts with the smaller place, and rows of the others.
    """
    keys = time_key(trades.symbol, trades.opened) if opposite else opening_keys(trades)
    order = np.lexsort((trades.ticket, trades.place, keys))
    keys, place = keys[order], trades.place[order]
    active = np.arange(order.size)
    found = [np.zeros((2, 0), np.int64)]
    for step in range(1, crowd + 1):
        active = active[active + step < order.size]
        active = active[keys[active + step] - keys[active] <= seconds]
        if not active.size:
            break
        one = active[place[active] != place[active + step]]
        found.append(np.stack([order[one], order[one + step]]))
    first, second = np.concatenate(found, axis=1)
    swap = trades.place[first] > trades.place[second]
    return np.where(swap, second, first), np.where(swap, first, second)


def copying_pairs(
    trades: Trades, *, seconds: int, opposite: bool, crowd: int, matches: int, days: int
) -> list[Pair]:
    """Pairs of accounts with so many trades opened together within so many days, by account.

    The sizes are not looked at yet; the list is short on any data where few copy.
    """
    one, other = opened_together(trades, seconds=seconds, opposite=opposite, crowd=crowd)
    against = trades.side[one] != trades.side[other]
    span = int(trades.place.max(initial=0)) + 1
    key = (trades.place[one] * span + trades.place[other]) * 2 + against
    # Most pairs met once or twice: dropping them first leaves little to sort.
    often = _often(key, matches)
    one, other, key, against = one[often], other[often], key[often], against[often]
    order = np.lexsort((trades.opened[other], trades.opened[one], key))
    one, other, key = one[order], other[order], key[order]
    dense = _dense(key, trades.opened[one], matches, days)
    begins = np.flatnonzero(np.append(True, np.diff(key) != 0)[: key.size])
    ends = np.append(begins[1:], key.size)
    chosen = np.flatnonzero(np.add.reduceat(dense, begins) if key.size else dense)
    return [
        Pair(bool(key[begins[i]] % 2), one[begins[i] : ends[i]], other[begins[i] : ends[i]]) for i in chosen
    ]


def _often(key: Ints, matches: int) -> npt.NDArray[np.bool_]:
    _, number, count = np.unique(key, return_inverse=True, return_counts=True)
    often: npt.NDArray[np.bool_] = (count >= matches)[number]
    return often


def _dense(key: Ints, opened: Ints, matches: int, days: int) -> npt.NDArray[np.int64]:
    """1 where a pair's next matches, this one included, are enough within so many days."""
    dense = np.zeros(key.size, np.int64)
    last = np.arange(key.size - matches + 1) + matches - 1
    if last.size:
        here = last - matches + 1
        dense[here] = (key[last] == key[here]) & (opened[last] - opened[here] <= days * 86_400)
    return dense


class Openings:
    """All openings by symbol, side and time, to tell how busy a moment was."""

    def __init__(self, trades: Trades) -> None:
        keys = opening_keys(trades)
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]
        self._closed = trades.closed[self._order]
        self._known = np.zeros(1, np.int64)

    def know_until(self, end: int) -> None:
        """From now on count only trades that were closed before a second."""
        self._known = np.append(0, np.cumsum(self._closed < end))

    def between(self, begin: Ints, end: Ints) -> Ints:
        """How many openings lie between pairs of keys."""
        low, high = np.searchsorted(self._keys, begin), np.searchsorted(self._keys, end)
        count: Ints = self._known[high] - self._known[low]
        return count


def opening_keys(trades: Trades, rows: Ints | slice = slice(None)) -> Ints:
    """One sortable number for symbol, side and second of opening."""
    return time_key(trades.symbol[rows] * 2 + (trades.side[rows] > 0), trades.opened[rows])
