"""Draw the firm and write it down."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from timeseries.errors import InputError

from . import _parameters as parameters
from . import _plans as plans
from ._anomalies import inject
from ._arrays import Bools, Ints
from ._calendar import Calendar, make_calendar
from ._counts import Counts
from ._deals import Deals, price_trades
from ._equity import NEVER, Block, Snapshots, simulate_equity
from ._files import write_accounts, write_csv, write_equity, write_labels, write_trades
from ._firm import DemoFirm
from ._labels import feed_is_silent, make_labels
from ._limits import certain_end, closed_limit_use
from ._market import make_market
from ._rows import Fault, arrange, months
from ._traders import Traders, make_traders, make_volatility
from ._trades import Trades, draw_days, draw_trades
from ._victims import Victims, choose_victims

# Bounds the memory of the open positions x snapshots arrays.
_BLOCK = 1000
_TEXT_MONTHS = (1,)

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class _Plot:
    """Everything decided before prices: who trades, who misbehaves, what is meant to happen."""

    calendar: Calendar
    traders: Traders
    victims: Victims
    trades: Trades


def _plot(seed: int, accounts: int, days: int, end: date) -> _Plot:
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
    return _Plot(calendar, traders, victims, trades.take(trades.closed < calendar.stop).by_close())


def _live(seed: int, plot: _Plot, progress: Progress) -> Block:
    """Prices, equity and breaches, one block of accounts after the other."""
    market = make_market(np.random.default_rng([seed, 5]), plot.calendar)
    blocks = []
    bounds = [*range(0, plot.traders.count, _BLOCK), plot.traders.count]
    cuts = np.searchsorted(plot.trades.account, bounds)
    for number in range(len(bounds) - 1):
        rng = np.random.default_rng([seed, 6, number])
        trades = plot.trades.take(slice(cuts[number], cuts[number + 1]))
        accounts = np.arange(bounds[number], bounds[number + 1])
        deals = price_trades(rng, trades, market, plot.calendar)
        blocks.append(simulate_equity(rng, deals, accounts, plot.traders, market, plot.calendar))
        progress("equity", 0.3 + 0.4 * bounds[number + 1] / plot.traders.count)
    return Block(
        Deals.join([block.deals for block in blocks]),
        Snapshots.join([block.snapshots for block in blocks]),
        np.minimum.reduce([block.ended_at for block in blocks]),
    )


def _silenced(snapshots: Snapshots, plot: _Plot) -> Bools:
    begin, end = plot.victims.windows(plot.calendar, plot.traders.count)
    silent = np.zeros(plot.traders.count, np.bool_)
    silent[feed_is_silent(plot.victims)] = True
    account, time = snapshots.account, snapshots.time
    return silent[account] & (time >= begin[account]) & (time < end[account])


def _profit(deals: Deals, accounts: int) -> Ints:
    total = np.zeros(accounts, np.int64)
    np.add.at(total, deals.account, deals.net)
    return total


def _check(accounts: int, days: int) -> None:
    if accounts < 1 or days < 1:
        raise InputError(f"A demo firm needs at least 1 account and 1 day, not {accounts} and {days}.")


def _silent(stage: str, share: float) -> None:
    """No progress wanted."""


def _write(directory: Path, seed: int, plot: _Plot, life: Block) -> DemoFirm:
    traders, deals, calendar = plot.traders, life.deals, plot.calendar
    rows, late_file = arrange(np.random.default_rng([seed, 7]), deals, np.array(_TEXT_MONTHS))
    snapshots = life.snapshots.take(~_silenced(life.snapshots, plot))
    snapshots = snapshots.take(np.argsort(snapshots.time, kind="stable"))
    labels = make_labels(plot.victims, deals, calendar, life.ended_at)
    profit = _profit(deals, traders.count)
    broken = int(np.count_nonzero(rows.fault != Fault.NONE))
    count = deals.lots.size
    return DemoFirm(
        directory=directory,
        plans=(write_csv(directory / "plans.csv", plans.COLUMNS, plans.plan_rows()),),
        accounts=(write_accounts(directory / "accounts.csv", traders, life.ended_at, profit),),
        trades=write_trades(directory, deals, rows, traders, _TEXT_MONTHS, late_file),
        equity=write_equity(directory, snapshots, months(snapshots.time - 1), traders),
        labels_file=write_labels(directory / "labels.csv", labels),
        labels=labels,
        counts=Counts(
            accounts=traders.count,
            accounts_ended=int(np.count_nonzero(life.ended_at != NEVER)),
            trades_written=rows.deal.size,
            distinct_trades=count,
            duplicates=rows.deal.size - count - broken,
            late=round(parameters.LATE_SHARE * count),
            broken=broken,
            snapshots=snapshots.time.size,
        ),
        first_day=calendar.dates[0].item(),
        last_day=calendar.dates[-1].item(),
    )


def generate(
    directory: Path,
    *,
    accounts: int = 2000,
    days: int = 180,
    seed: int = 7,
    end: date | None = None,
    progress: Progress | None = None,
) -> DemoFirm:
    """Write the files of a synthetic firm into ``directory`` (made if missing) and say what is in them.

    ``days`` counts weekdays up to and including ``end`` (default 2026-06-30; a weekend moves back to
    Friday), so the span holds both daylight-saving changes of its winter. All times are UTC, all money
    USD. The same arguments give the same bytes. ``progress`` is told the stage and the share done.

    Raises InputError for fewer than one account or day.
    """
    _check(accounts, days)
    report = progress or _silent
    directory.mkdir(parents=True, exist_ok=True)
    report("trades", 0.0)
    plot = _plot(seed, accounts, days, end or parameters.DEFAULT_END)
    report("equity", 0.3)
    life = _live(seed, plot, report)
    report("files", 0.7)
    firm = _write(directory, seed, plot, life)
    report("files", 1.0)
    return firm
