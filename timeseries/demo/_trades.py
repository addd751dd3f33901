"""Trades as the traders mean them: when, what, how large and with which result."""

from dataclasses import dataclass, replace

import numpy as np

from . import _parameters as parameters
from . import _plans as plans
from . import _symbols as symbols
from ._arrays import Bools, Floats, Ints, account_time_key
from ._calendar import Calendar
from ._columns import Columns
from ._traders import Traders

# 70 % of trades are in the trader's own symbols, the rest in the market's.
_HABIT_SHARES = np.cumsum([0.42, 0.18, 0.10])
_SIZE_STEPS = np.array([1.0, 0.5, 1.5, 2.0])
_SIZE_SHARES = np.array([0.6, 0.15, 0.15, 0.1])


@dataclass(frozen=True, slots=True)
class Trades(Columns):
    """Columns over trades: epoch seconds, hundredths of a lot, USD.

    ``net`` is the result after costs; ``risk`` scales how far the open position swings meanwhile.
    """

    account: Ints
    symbol: Ints
    buy: Bools
    opened: Ints
    closed: Ints
    lots: Ints
    net: Floats
    risk: Floats

    def by_close(self) -> "Trades":
        """Sorted by account and closing time."""
        return self.take(np.argsort(account_time_key(self.account, self.closed), kind="stable"))


def draw_days(rng: np.random.Generator, traders: Traders, calendar: Calendar) -> tuple[Ints, Ints]:
    """Account and calendar day of every trade the traders would place if no account ever ended."""
    shape = (traders.count, calendar.dates.size)
    first = calendar.weekday_positions[traders.opened_weekday]
    open_day = np.arange(shape[1]) >= first[:, None]
    account, day = np.nonzero((rng.random(shape) < traders.activity[:, None]) & open_day)
    bursts = rng.gamma(parameters.DAY_INTENSITY_SHAPE, 1 / parameters.DAY_INTENSITY_SHAPE, account.size)
    counts = 1 + rng.poisson(traders.intensity[account] * bursts)
    return np.repeat(account, counts), np.repeat(day, counts)


def _symbols(rng: np.random.Generator, traders: Traders, account: Ints) -> Ints:
    slot = np.searchsorted(_HABIT_SHARES, rng.random(account.size), "right")
    drawn = np.searchsorted(np.cumsum(symbols.SHARES)[:-1], rng.random(account.size), "right")
    slots = traders.habits.shape[1]
    return np.where(slot < slots, traders.habits[account, np.minimum(slot, slots - 1)], drawn)


def _results(rng: np.random.Generator, edge: Floats) -> Floats:
    magnitude = np.abs(rng.standard_t(parameters.MAGNITUDE_DEGREES, edge.size))
    win = rng.random(edge.size) < parameters.WIN_PROBABILITY
    result: Floats = np.where(win, magnitude / parameters.LOSS_TO_WIN, -magnitude)
    return result + edge


def _opening(rng: np.random.Generator, calendar: Calendar, day: Ints, crypto: Bools) -> Ints:
    weights = np.cumsum(parameters.HOUR_WEIGHTS)
    hour = np.searchsorted(weights, rng.random(day.size) * weights[-1], "right")
    instant: Ints = calendar.day_start(day) + hour * 3600 + rng.integers(0, 3600, day.size)
    # Four hours earlier is Friday afternoon, always in market hours.
    return np.where(calendar.closed(instant) & ~crypto, instant - 4 * 3600, instant)


def _closing(rng: np.random.Generator, calendar: Calendar, opened: Ints, lost: Bools, crypto: Bools) -> Ints:
    usual = np.where(lost, parameters.HOLDING_LOSER, 1.0) * parameters.HOLDING_MEDIAN
    held = usual * np.exp(parameters.HOLDING_SIGMA * rng.standard_normal(opened.size))
    held = np.clip(held, parameters.HOLDING_SHORTEST, parameters.HOLDING_LONGEST)
    closed = opened + held.astype(np.int64)
    # What would close in the weekend is flattened before it, as most traders do.
    left = calendar.next_close(opened) - opened
    before_weekend = opened + np.maximum(1, (left * rng.uniform(0.5, 0.999, opened.size)).astype(np.int64))
    # The last second of the week may leave no room: such a position waits for the next week.
    before_weekend = np.where(left > 1, before_weekend, calendar.next_open(closed) + 1)
    return np.where(calendar.closed(closed) & ~crypto, before_weekend, closed)


def draw_trades(
    rng: np.random.Generator,
    traders: Traders,
    calendar: Calendar,
    days: tuple[Ints, Ints],
    volatility: Floats,
) -> Trades:
    """Trades for (account, calendar day) rows; crypto alone, thinned to a quarter, on weekends."""
    account, day = days
    symbol = _symbols(rng, traders, account)
    crypto = symbols.CRYPTO[symbol]
    rested = calendar.weekend[day]
    kept = ~rested | (crypto & (rng.random(day.size) < parameters.WEEKEND_CRYPTO))
    account, day, symbol, crypto = account[kept], day[kept], symbol[kept], crypto[kept]
    risk = traders.risk[account] * volatility[account, day]
    worst = -plans.DAILY_LOSS[traders.plan[account]] * rng.uniform(*parameters.FLATTENED_AT, account.size)
    net = np.maximum(_results(rng, traders.edge[account]) * risk, worst)
    opened = _opening(rng, calendar, day, crypto)
    step = np.searchsorted(np.cumsum(_SIZE_SHARES)[:-1], rng.random(day.size), "right")
    lots = np.rint(traders.usual_lots(account, symbol) * _SIZE_STEPS[step]).astype(np.int64)
    return Trades(
        account=account,
        symbol=symbol,
        buy=rng.random(day.size) < 0.52,
        opened=opened,
        closed=_closing(rng, calendar, opened, net < 0, crypto),
        lots=np.maximum(lots, 1),
        net=net,
        risk=risk,
    )


def scaled(trades: Trades, factor: Floats) -> Trades:
    """The same trades with results and swings scaled, sizes unchanged."""
    return replace(trades, net=trades.net * factor, risk=trades.risk * factor)
