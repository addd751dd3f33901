"""Trades held for seconds that nearly always win."""

from dataclasses import dataclass

import numpy as np

from timeseries.surveillance._columns import Ints
from timeseries.surveillance._contract import Case, Parameters, Scope, bounded
from timeseries.surveillance._look import Look, as_date
from timeseries.surveillance._segments import time_key
from timeseries.surveillance._words import money, trade_evidence

__all__ = ["HighFrequency", "HighFrequencyRule"]


@dataclass(frozen=True)
class HighFrequency(Parameters):
    """What counts as latency trading.

    Attributes:
        max_seconds: the longest a trade is held.
        win_rate: least share of such trades that win, after costs.
        trades: least number of such trades on one day, or on the last ``days`` days.
        days: calendar days that are taken together.
    """

    max_seconds: int = bounded(60, 0, 3600)
    win_rate: float = bounded(0.85, 0, 1)
    trades: int = bounded(20, 1)
    days: int = bounded(5, 1, 13)


class HighFrequencyRule:
    """Many trades of seconds with a win rate that no forecast of prices has: latency or quote abuse."""

    name = "hft"
    summary = "Many trades held for seconds, nearly all of them won."
    defaults = HighFrequency()
    scope: Scope = "accounts"

    def lookback(self, parameters: HighFrequency) -> int:
        """The days that are taken together."""
        return parameters.days

    def find(self, look: Look, parameters: HighFrequency) -> list[Case]:
        """One case for each account and day that adds to such a window, the shorter window first."""
        trades = look.trades
        short = np.flatnonzero(trades.closed - trades.opened <= parameters.max_seconds)
        keys = time_key(trades.place[short], trades.day[short])
        days, ends = np.unique(keys, return_index=True)
        stops = np.append(ends[1:], short.size)
        wins = np.append(0, np.cumsum(trades.net[short] > 0))
        found: dict[int, tuple[int, int]] = {}
        for length in (parameters.days, 1):
            begins = np.searchsorted(keys, days - length + 1)
            count, won = stops - begins, wins[stops] - wins[begins]
            hits = (count >= parameters.trades) & (won >= parameters.win_rate * count)
            hits &= trades.day[short[ends]] >= look.first
            found |= {int(day): (int(begins[day]), int(stops[day])) for day in np.flatnonzero(hits)}
        return [_case(look, parameters, short[begin:stop]) for _, (begin, stop) in sorted(found.items())]


def _case(look: Look, parameters: HighFrequency, rows: Ints) -> Case:
    trades = look.trades
    net = trades.net[rows]
    place, profit, won = int(trades.place[rows[0]]), int(net.sum()), int((net > 0).sum())
    since = as_date(trades.day[rows[0]])
    return Case(
        place=place,
        trading_day=as_date(trades.day[rows[-1]]),
        since=since,
        severity=parameters.severity,
        direction=1,
        seen=won / len(rows),
        expected=parameters.win_rate,
        at_stake=abs(profit),
        reason=f"{won} of {len(rows)} trades held {parameters.max_seconds} seconds or less won, "
        f"{won / len(rows):.0%} where {parameters.win_rate:.0%} is the limit, for "
        f"{money(look, place, profit)}, since {since}.",
        evidence={**trade_evidence(look, trades, rows), "wins": won, "max_seconds": parameters.max_seconds},
    )
