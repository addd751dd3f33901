"""Draw the firm and write it down."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np

from timeseries.errors import InputError

from . import _parameters as parameters
from . import _plans as plans
from ._arrays import Bools
from ._counts import Counts
from ._deals import Deals
from ._equity import NEVER, Block, Snapshots, simulate_equity
from ._files import write_accounts, write_csv, write_equity, write_labels, write_trades
from ._firm import DemoFirm
from ._labels import feed_is_silent, make_labels
from ._market import make_market
from ._plot import Plot, make_plot, price_blocks
from ._rows import Fault, arrange, months

_TEXT_MONTHS = (1,)

Progress = Callable[[str, float], None]


def _live(seed: int, plot: Plot, progress: Progress) -> Block:
    """Prices, equity and breaches, one block of accounts after the other."""
    market = make_market(np.random.default_rng([seed, 5]), plot.calendar)
    blocks = []
    for rng, accounts, deals in price_blocks(seed, plot, market):
        blocks.append(simulate_equity(rng, deals, accounts, plot.traders, market, plot.calendar))
        progress("equity", 0.3 + 0.4 * (int(accounts[-1]) + 1) / plot.traders.count)
    return Block(
        Deals.join([block.deals for block in blocks]),
        Snapshots.join([block.snapshots for block in blocks]),
        np.minimum.reduce([block.ended_at for block in blocks]),
    )


def _silenced(snapshots: Snapshots, plot: Plot) -> Bools:
    begin, end = plot.victims.windows(plot.calendar, plot.traders.count)
    silent = np.zeros(plot.traders.count, np.bool_)
    silent[feed_is_silent(plot.victims)] = True
    account, time = snapshots.account, snapshots.time
    return silent[account] & (time >= begin[account]) & (time < end[account])


def _check(accounts: int, days: int) -> None:
    if accounts < 1 or days < 1:
        raise InputError(f"A demo firm needs at least 1 account and 1 day, not {accounts} and {days}.")


def _silent(stage: str, share: float) -> None:
    """No progress wanted."""


def _write(directory: Path, seed: int, plot: Plot, life: Block) -> DemoFirm:
    traders, deals, calendar = plot.traders, life.deals, plot.calendar
    rows, late_file = arrange(np.random.default_rng([seed, 7]), deals, np.array(_TEXT_MONTHS))
    snapshots = life.snapshots.take(~_silenced(life.snapshots, plot))
    snapshots = snapshots.take(np.argsort(snapshots.time, kind="stable"))
    labels = make_labels(plot.victims, deals, calendar, life.ended_at)
    profit = deals.profit_of(traders.count)
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
    plot = make_plot(seed, accounts, days, end or parameters.DEFAULT_END)
    report("equity", 0.3)
    life = _live(seed, plot, report)
    report("files", 0.7)
    firm = _write(directory, seed, plot, life)
    report("files", 1.0)
    return firm
