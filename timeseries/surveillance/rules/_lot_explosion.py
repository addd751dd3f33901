"""Positions far beyond the account's usual size."""

from dataclasses import dataclass

import numpy as np

from timeseries.surveillance._columns import Ints
from timeseries.surveillance._contract import Case, Parameters, Scope, bounded
from timeseries.surveillance._look import LOTS, Look, Sizes, Trades, as_date
from timeseries.surveillance._segments import Floats, time_key
from timeseries.surveillance._words import lots, money, trade_evidence

__all__ = ["LotExplosion", "LotExplosionRule"]

DAY = 86_400
SYMBOLS = 2**15
DAYS = 2**16
# Bounds the memory of the targets × past days array.
BLOCK = 50_000


@dataclass(frozen=True)
class LotExplosion(Parameters):
    """What counts as an explosion.

    Attributes:
        factor: the largest position of a day against the median of the largest ones of the past days.
        peak_factor: the same against the largest of them.
        past_days: UTC days before the trading day that are looked at.
        least_days: so many of them the symbol must have been traded on.
    """

    factor: float = bounded(4.0, 1)
    peak_factor: float = bounded(1.75, 0)
    past_days: int = bounded(60, 5, 366)
    least_days: int = bounded(5, 1, 366)


class LotExplosionRule:
    """The largest position of a day in a symbol is many times the account's usual size in that symbol."""

    name = "lot_explosion"
    summary = "A position many times the account's usual size in the symbol."
    defaults = LotExplosion()
    scope: Scope = "accounts"

    def lookback(self, parameters: LotExplosion) -> int:
        """The past sizes come from the daily aggregate."""
        return 0

    def find(self, look: Look, parameters: LotExplosion) -> list[Case]:
        """One case for each account and day, of the symbol that stands out most."""
        rows = _largest(look)
        if not rows.size:
            return []
        usual, peak = _usual(look, rows, parameters)
        size = look.trades.lots[rows]
        # Nothing compares as larger than what is not known.
        odd = np.flatnonzero((size >= parameters.factor * usual) & (size >= parameters.peak_factor * peak))
        account_day = time_key(look.trades.place[rows], look.trades.day[rows])[odd]
        order = odd[np.lexsort((-(size[odd] / usual[odd]), account_day))]
        _, first = np.unique(np.sort(account_day), return_index=True)
        return [_case(look, parameters, int(rows[i]), float(usual[i]), float(peak[i])) for i in order[first]]


def _largest(look: Look) -> Ints:
    """The largest trade of each account, symbol and day looked at."""
    trades = look.trades
    recent = np.flatnonzero(trades.day >= look.first)
    group = (trades.place * SYMBOLS + trades.symbol)[recent]
    order = np.lexsort((-trades.lots[recent], trades.day[recent], group))
    key = (group * DAYS + trades.day[recent])[order]
    largest: Ints = recent[order[np.append(True, np.diff(key) != 0)[: key.size]]]
    return largest


def _usual(look: Look, rows: Ints, parameters: LotExplosion) -> tuple[Floats, Floats]:
    """Median and peak of the past days' largest positions of each row's account and symbol; NaN: too few."""
    trades, sizes = look.trades, look.sizes(parameters.past_days + 2)
    known = (sizes.place * SYMBOLS + sizes.symbol) * DAYS + sizes.day
    usual, peak = np.full(rows.size, np.nan), np.full(rows.size, np.nan)
    for begin in range(0, rows.size, BLOCK):
        part = slice(begin, begin + BLOCK)
        group = (trades.place * SYMBOLS + trades.symbol)[rows[part]] * DAYS
        end = _utc_day_of_start(look, trades, rows[part])
        span = np.searchsorted(known, group + end - parameters.past_days), np.searchsorted(known, group + end)
        usual[part], peak[part] = _median_and_peak(sizes, *span, parameters)
    return usual, peak


def _utc_day_of_start(look: Look, trades: Trades, rows: Ints) -> Ints:
    """The UTC day within which each row's trading day begins: all days before it are past."""
    starts = look.calendars.starts[look.calendar[trades.place[rows]], trades.day[rows] - look.calendars.first]
    utc_day: Ints = starts // DAY
    return utc_day


def _median_and_peak(sizes: Sizes, begin: Ints, end: Ints, parameters: LotExplosion) -> tuple[Floats, Floats]:
    places = begin[:, None] + np.arange(parameters.past_days)
    inside = places < end[:, None]
    past = np.where(inside, sizes.lots[np.minimum(places, len(sizes) - 1)] if len(sizes) else 0, np.inf)
    past.sort(axis=1)
    count, row = end - begin, np.arange(begin.size)
    middle = past[row, np.maximum(count - 1, 0) // 2] + past[row, count // 2 * (count > 1)]
    enough = count >= parameters.least_days
    peak = past[row, np.maximum(count - 1, 0)]
    return np.where(enough, middle / 2, np.nan), np.where(enough, peak, np.nan)


def _case(look: Look, parameters: LotExplosion, row: int, usual: float, peak: float) -> Case:
    trades = look.trades
    place, day, symbol = int(trades.place[row]), as_date(trades.day[row]), int(trades.symbol[row])
    of_day = (trades.place == place) & (trades.day == trades.day[row]) & (trades.symbol == symbol)
    large = np.flatnonzero(of_day & (trades.lots >= parameters.factor * usual))
    size, profit = int(trades.lots[row]), int(trades.net[large].sum())
    return Case(
        place=place,
        trading_day=day,
        since=day,
        severity=parameters.severity,
        direction=1,
        seen=size / LOTS,
        expected=usual / LOTS,
        at_stake=int(np.abs(trades.net[large]).sum()),
        reason=f"{lots(size)} lots in {look.symbols[symbol]}, {size / usual:.1f} times the usual "
        f"{lots(usual)} and never more than {lots(peak)} before, for "
        f"{money(look, place, profit)}, since {day}.",
        evidence={
            **trade_evidence(look, trades, large),
            "factor": round(size / usual, 3),
            "largest_before": peak / LOTS,
            "past_days": parameters.past_days,
        },
    )
