"""Trading around announcements where the plan forbids it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from timeseries.surveillance._columns import Ints
from timeseries.surveillance._contract import Case, Parameters, Scope, bounded
from timeseries.surveillance._look import Look, as_date
from timeseries.surveillance._segments import time_key
from timeseries.surveillance._words import moment, money, trade_evidence

__all__ = ["IMPACTS", "News", "NewsRule"]

MINUTE = 60
IMPACTS = ("low", "medium", "high")
INDICES = {
    **dict.fromkeys(
        ("US30", "NAS100", "US100", "USTEC", "SPX500", "US500", "US2000", "USOIL", "WTI"), ("USD",)
    ),
    **dict.fromkeys(("GER40", "DE40", "FRA40", "EU50"), ("EUR",)),
    "UK100": ("GBP",),
    "JP225": ("JPY",),
    "AUS200": ("AUD",),
}


@dataclass(frozen=True)
class News(Parameters):
    """Where and when may not be traded.

    Attributes:
        plans: the plans that forbid it; none: the rule finds nothing.
        minutes: before and after an announcement.
        impact: least impact of an announcement: ``low``, ``medium`` or ``high``.
        currencies: for symbols whose name does not hold their currency: symbol → currencies.
    """

    plans: tuple[str, ...] = ()
    minutes: int = bounded(2, 0, 120)
    impact: str = field(default="high", metadata={"one_of": IMPACTS})
    currencies: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(INDICES))


class NewsRule:
    """Trades opened or closed within minutes of an announcement about a currency of their symbol."""

    name = "news"
    summary = "Trades opened or closed around announcements where the plan forbids it."
    defaults = News()
    scope: Scope = "accounts"

    def lookback(self, parameters: News) -> int:
        """A trade counts on the day it is closed."""
        return 0

    def find(self, look: Look, parameters: News) -> list[Case]:
        """One case for each account and day."""
        forbidden = look.accounts["plan"].isin(parameters.plans).to_numpy(np.bool_)
        if not forbidden.any():
            return []
        trades = look.trades
        wanted = forbidden[trades.place] & (trades.day >= look.first)
        events = look.announcements(list(IMPACTS[IMPACTS.index(parameters.impact) :]))
        near = _near(look, events, parameters)
        rows = np.flatnonzero(wanted & (near >= 0))
        _, begins = np.unique(time_key(trades.place[rows], trades.day[rows]), return_index=True)
        return [
            _case(look, parameters, part, [events[event] for event in sorted(set(near[part].tolist()))])
            for part in np.split(rows, begins[1:])
            if part.size
        ]


def _near(look: Look, events: list[tuple[int, str, str]], parameters: News) -> Ints:
    """The announcement that each trade was opened or closed near to; -1: none."""
    trades = look.trades
    near: Ints = np.full(len(trades), -1, np.int64)
    for currency in sorted({event[1] for event in events}):
        numbers = np.array([number for number, event in enumerate(events) if event[1] == currency])
        times = np.array([events[number][0] for number in numbers], np.int64)
        symbols = [n for n, name in look.symbols.items() if _concerns(name, currency, parameters)]
        rows = np.flatnonzero(np.isin(trades.symbol, symbols))
        for instants in (trades.opened[rows], trades.closed[rows]):
            place = np.searchsorted(times, instants - parameters.minutes * MINUTE)
            found = np.minimum(place, times.size - 1)
            hit = (place < times.size) & (times[found] <= instants + parameters.minutes * MINUTE)
            near[rows[hit]] = numbers[found[hit]]
    return near


def _concerns(symbol: str, currency: str, parameters: News) -> bool:
    return currency in symbol.upper() or currency in parameters.currencies.get(symbol, ())


def _case(look: Look, parameters: News, rows: Ints, events: list[tuple[int, str, str]]) -> Case:
    trades = look.trades
    place, profit, day = int(trades.place[rows[0]]), int(trades.net[rows].sum()), as_date(trades.day[rows[0]])
    second, currency, title = events[0]
    plan = look.accounts["plan"].iat[place]
    return Case(
        place=place,
        trading_day=day,
        since=day,
        severity=parameters.severity,
        direction=1,
        seen=float(len(rows)),
        expected=0.0,
        at_stake=abs(profit),
        reason=f"{len(rows)} trades were opened or closed within {parameters.minutes} minutes of {title} "
        f"({currency}, {moment(second)}), for {money(look, place, profit)}, where the plan {plan} allows "
        f"none, since {day}.",
        evidence={
            **trade_evidence(look, trades, rows),
            "news": [{"time": moment(t), "currency": c, "title": name} for t, c, name in events],
            "minutes": parameters.minutes,
            "plan": plan,
        },
    )
