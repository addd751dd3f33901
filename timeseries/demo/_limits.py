"""How near each account comes to its plan's daily loss and maximum drawdown."""

import numpy as np

from . import _plans as plans
from ._arrays import Floats, Ints, running_maximum, starts
from ._calendar import Calendar
from ._traders import Traders
from ._trades import Trades

# Results before prices are rounded to ticks: an account is only given up for certain a little past its limit.
_CERTAIN = 1.02


def _day_start_value(group: Ints, day: Ints, value: Ints, initial: Ints) -> Ints:
    first = starts(group)
    new_day = first.copy()
    new_day[1:] |= day[1:] != day[:-1]
    before = np.empty_like(value)
    before[1:] = value[:-1]
    before = np.where(first, initial, before)
    at = np.maximum.accumulate(np.where(new_day, np.arange(value.size), 0))
    return before[at]


def limit_use(plan: Ints, account: Ints, day: Ints, daily_value: Ints, drawdown_value: Ints) -> Floats:
    """Share of the nearer limit used at each row, 1 = breached.

    Rows are sorted by account and time; ``plan`` is each row's plan, ``day`` its trading day, values in
    cents on each limit's own basis. The daily loss counts from the value at the last reset.
    """
    initial = plans.BALANCE[plan] * 100
    start = _day_start_value(account, day, daily_value, initial)
    # A trailing floor starts from the initial balance even when the first trade loses.
    peak = np.maximum(running_maximum(account, drawdown_value), initial)
    reference = np.where(plans.TRAILING[plan], peak, initial)
    daily = (start - daily_value) / (plans.DAILY_LOSS[plan] * 100)
    return np.maximum(daily, (reference - drawdown_value) / (plans.MAX_DRAWDOWN[plan] * 100))


def closed_limit_use(trades: Trades, traders: Traders, calendar: Calendar) -> Floats:
    """``limit_use`` from closed results alone; trades sorted by account and closing time."""
    account = trades.account
    plan = traders.plan[account]
    total = np.concatenate([[0], np.cumsum(np.rint(trades.net * 100).astype(np.int64))])
    base = total[np.searchsorted(account, account, "left")]
    balance = traders.balance[account] * 100 + total[1:] - base
    day = calendar.trading_day(plans.RESET[plan], trades.closed)
    return limit_use(plan, account, day, balance, balance)


def certain_end(trades: Trades, use: Floats, accounts: int, never: int) -> Ints:
    """When each account is surely over a limit; ``never`` for the others."""
    over = np.flatnonzero(use >= _CERTAIN)
    end = np.full(accounts, never, np.int64)
    ended, first = np.unique(trades.account[over], return_index=True)
    end[ended] = trades.closed[over[first]]
    return end


def worst_use(trades: Trades, use: Floats, accounts: int) -> Floats:
    """The largest share of a limit each account ever used."""
    worst = np.zeros(accounts)
    np.maximum.at(worst, trades.account, use)
    return worst
