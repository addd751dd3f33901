"""Positions held over the weekend where the plan forbids it."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from timeseries.surveillance._columns import Ints
from timeseries.surveillance._contract import Case, Parameters, Scope, bounded
from timeseries.surveillance._look import Look, as_date
from timeseries.surveillance._segments import time_key
from timeseries.surveillance._words import moment, money, trade_evidence

__all__ = ["Weekend", "WeekendRule"]

MARKET = ZoneInfo("America/New_York")
MARKET_CLOSES = time(17)
FRIDAY = 4


@dataclass(frozen=True)
class Weekend(Parameters):
    """Where and what may not be held.

    Attributes:
        plans: the plans that forbid it; none: the rule finds nothing.
        exempt: symbols that hold one of these are left out, for they trade at weekends.
        max_days: positions held longer before the weekend are not found.
    """

    plans: tuple[str, ...] = ()
    exempt: tuple[str, ...] = ("BTC", "ETH", "LTC", "XRP", "SOL", "BCH", "DOGE", "ADA")
    max_days: int = bounded(60, 1, 366)


class WeekendRule:
    """A position was open when the market closed on Friday at 17:00 in New York, and was closed later."""

    name = "weekend"
    summary = "Positions held over the weekend where the plan forbids it."
    defaults = Weekend()
    scope: Scope = "accounts"

    def lookback(self, parameters: Weekend) -> int:
        """A position counts on the day it is closed."""
        return 0

    def find(self, look: Look, parameters: Weekend) -> list[Case]:
        """One case for each account and day on which such positions were closed."""
        trades = look.trades
        forbidden = look.accounts["plan"].isin(parameters.plans).to_numpy(np.bool_)
        exempt = [
            number for number, name in look.symbols.items() if any(x in name for x in parameters.exempt)
        ]
        closes = _market_closes(look, parameters.max_days)
        before = closes[np.maximum(np.searchsorted(closes, trades.closed) - 1, 0)]
        held = (trades.opened < before) & (trades.closed > before) & (trades.day >= look.first)
        rows = np.flatnonzero(held & forbidden[trades.place] & ~np.isin(trades.symbol, exempt))
        _, begins = np.unique(time_key(trades.place[rows], trades.day[rows]), return_index=True)
        return [_case(look, parameters, part, closes) for part in np.split(rows, begins[1:]) if part.size]


def _market_closes(look: Look, days: int) -> Ints:
    """Seconds at which the market closed on the Fridays about the look's days."""
    first = look.since - timedelta(days=days + 7)
    dates = [first + timedelta(days=day) for day in range((look.until - first).days + 3)]
    return np.array([_close_of(day) for day in dates if day.weekday() == FRIDAY], np.int64)


def _close_of(day: date) -> int:
    return int(datetime.combine(day, MARKET_CLOSES, MARKET).timestamp())


def _case(look: Look, parameters: Weekend, rows: Ints, closes: Ints) -> Case:
    trades = look.trades
    place, profit = int(trades.place[rows[0]]), int(trades.net[rows].sum())
    close = int(closes[np.searchsorted(closes, trades.closed[rows].max()) - 1])
    friday = datetime.fromtimestamp(close, MARKET).date()
    plan = look.accounts["plan"].iat[place]
    return Case(
        place=place,
        trading_day=as_date(trades.day[rows[0]]),
        since=friday,
        severity=parameters.severity,
        direction=1,
        seen=float(len(rows)),
        expected=0.0,
        at_stake=abs(profit),
        reason=f"{len(rows)} positions were held over the weekend, for {money(look, place, profit)}, where "
        f"the plan {plan} allows none, since {friday}.",
        evidence={**trade_evidence(look, trades, rows), "market_closed": moment(close), "plan": plan},
    )
