"""Sizes raised after losses."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeseries.surveillance._columns import Ints
from timeseries.surveillance._contract import Case, Parameters, Scope, bounded
from timeseries.surveillance._look import LOTS, Look, Trades, as_date
from timeseries.surveillance._segments import group_of, time_key
from timeseries.surveillance._words import lots, money, trade_evidence

__all__ = ["Martingale", "MartingaleRule"]

HOUR = 3600
# Bounds how far back a run can reach: every raise comes within max_hours of the trade before.
LONGEST = 13


@dataclass(frozen=True)
class Martingale(Parameters):
    """What counts as a martingale.

    Attributes:
        growth: a raise is a size above so many times that of the losing trade before it.
        raises: so many raises in a row, each after a loss.
        max_hours: between the opening of a trade and that of the next.
    """

    growth: float = bounded(1.1, 1)
    raises: int = bounded(3, 2, LONGEST)
    max_hours: int = bounded(24, 1, 24)


class MartingaleRule:
    """Each trade of a run opens after the one before in the same symbol closed at a loss, and is larger."""

    name = "martingale"
    summary = "Sizes raised again and again after losses in one symbol."
    defaults = Martingale()
    scope: Scope = "accounts"

    def lookback(self, parameters: Martingale) -> int:
        """A run of the longest kind reaches so far back."""
        return LONGEST + 1

    def find(self, look: Look, parameters: Martingale) -> list[Case]:
        """One case for each account and day, of the day's longest run."""
        trades = look.trades
        before = _before(trades, parameters)
        run = _runs(before)
        reached = np.flatnonzero((run >= parameters.raises) & (trades.day >= look.first))
        order = np.lexsort((-run[reached], trades.day[reached], trades.place[reached]))
        ends = reached[order]
        fresh = np.append(True, np.diff(time_key(trades.place[ends], trades.day[ends])) != 0)
        return [
            _case(look, parameters, _chain(before, int(end), int(run[end])))
            for end in ends[fresh[: ends.size]]
        ]


def _before(trades: Trades, parameters: Martingale) -> Ints:
    """The losing, smaller trade that each trade follows on; -1: there is none."""
    group = group_of(trades.place, trades.symbol)
    by_close = np.lexsort((trades.ticket, trades.closed, group))
    closes, opens = time_key(group, trades.closed)[by_close], time_key(group, trades.opened)
    rank = np.searchsorted(closes, opens, "right") - 1
    # A trade of no length at all must not follow on itself or on what opened after it.
    last = by_close[np.maximum(rank, 0)]
    follows = (rank >= 0) & (group[last] == group) & (trades.net[last] < 0)
    follows &= (trades.opened[last] < trades.opened) & (trades.lots > parameters.growth * trades.lots[last])
    follows &= trades.opened - trades.opened[last] <= parameters.max_hours * HOUR
    before: Ints = np.where(follows, last, -1)
    return before


def _runs(before: Ints) -> Ints:
    """How many raises in a row end with each trade, at most so many as a look can see."""
    run: Ints = np.zeros(before.size, np.int64)
    for _ in range(LONGEST):
        longer = np.where(before >= 0, run[before] + 1, 0)
        if np.array_equal(longer, run):
            break
        run = longer
    return run


def _chain(before: Ints, end: int, raises: int) -> npt.NDArray[np.int64]:
    rows = [end]
    for _ in range(raises):
        rows.append(int(before[rows[-1]]))
    return np.array(rows[::-1])


def _case(look: Look, parameters: Martingale, rows: Ints) -> Case:
    trades, raises = look.trades, len(rows) - 1
    place, lost = int(trades.place[rows[0]]), -int(trades.net[rows[:-1]].sum())
    first, last = int(trades.lots[rows[0]]), int(trades.lots[rows[-1]])
    since = as_date(trades.day[rows[0]])
    symbol = look.symbols[int(trades.symbol[rows[0]])]
    return Case(
        place=place,
        trading_day=as_date(trades.day[rows[-1]]),
        since=since,
        severity=parameters.severity,
        direction=1,
        seen=float(raises),
        expected=float(parameters.raises),
        at_stake=lost,
        reason=f"{raises} times in a row the size in {symbol} was raised after a loss, from {lots(first)} to "
        f"{lots(last)} lots with {money(look, place, lost)} lost on the way, where {parameters.raises} are a "
        f"martingale, since {since}.",
        evidence={
            **trade_evidence(look, trades, rows),
            "sizes": [size / LOTS for size in trades.lots[rows].tolist()],
            "growth": parameters.growth,
        },
    )
