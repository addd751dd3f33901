"""What is decided before prices, and the prices laid over it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from ._anomalies import inject
from ._arrays import Ints
from ._calendar import Calendar, make_calendar
from ._deals import Deals, price_trades
from ._equity import NEVER
from ._limits import certain_end, closed_limit_use
from ._market import Market
from ._traders import Traders, make_traders, make_volatility
from ._trades import Trades, draw_days, draw_trades
from ._victims import Victims, choose_victims

# Bounds the memory of the open positions x snapshots arrays.
_BLOCK = 1000


@dataclass(frozen=True, slots=True)
class Plot:
    """Everything decided before prices: who trades, who misbehaves, what is meant to happen."""

    calendar: Calendar
    traders: Traders
    victims: Victims
    trades: Trades


def make_plot(seed: int, accounts: int, days: int, end: date) -> Plot:
    """Draw the firm's traders and their trades, sorted by account and closing time."""
    calendar = make_calendar(days, end)
    traders = make_traders(np.random.default_rng([seed, 1]), accounts, calendar)
    volatility = make_volatility(np.random.default_rng([seed, 2]), accounts, calendar.dates.size)
    # A stream of its own for every stage: a change in one leaves the others' draws alone.
    rng = np.random.default_rng([seed, 3])
    trades = draw_trades(rng, traders, calendar, draw_days(rng, traders, calendar), volatility).by_close()
    ended_at = certain_end(trades, closed_limit_use(trades, traders, calendar), accounts, NEVER)
    rng = np.random.default_rng([seed, 4])
    victims = choose_victims(rng, traders, calendar, ended_at == NEVER)
    # Victims that would have ended are spared here and made more careful below.
    ended_at[victims.accounts] = NEVER
    trades = trades.take(trades.opened < ended_at[trades.account])
    trades = inject(rng, trades, traders, calendar, volatility, victims)
    # Positions still open when the history ends are not in a file of closed trades.
    return Plot(calendar, traders, victims, trades.take(trades.closed < calendar.stop).by_close())


def price_blocks(seed: int, plot: Plot, market: Market) -> Iterator[tuple[np.random.Generator, Ints, Deals]]:
    """Price one block of accounts after the other: its random stream, its accounts, their deals."""
    bounds = [*range(0, plot.traders.count, _BLOCK), plot.traders.count]
    cuts = np.searchsorted(plot.trades.account, bounds)
    for number in range(len(bounds) - 1):
        rng = np.random.default_rng([seed, 6, number])
        trades = plot.trades.take(slice(cuts[number], cuts[number + 1]))
        accounts = np.arange(bounds[number], bounds[number + 1])
        yield rng, accounts, price_trades(rng, trades, market, plot.calendar)
