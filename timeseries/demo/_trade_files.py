"""Large firms of trades alone, in one file: the input of measurements."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from timeseries.errors import InputError

from . import _parameters as parameters
from . import _plans as plans
from ._deals import Deals
from ._equity import NEVER
from ._files import write_accounts, write_csv, write_trade_list
from ._market import make_market
from ._plot import Plot, make_plot, price_blocks
from ._rows import Fault, arrange, months
from ._traders import Traders

# A plot's working arrays are ten times its result, so a large firm is plotted in branches.
_BRANCH = 10_000
_BRANCH_SEED = 1_000_003


@dataclass(frozen=True, slots=True)
class TradeFiles:
    """A synthetic firm's plans, accounts and trades, one CSV file each, in the order in which to load them.

    ``rows`` = ``distinct_trades`` + ``duplicates`` + ``broken``; ``late`` of the distinct trades stand at
    the end of the file.
    """

    plans: Path
    accounts: Path
    trades: Path
    account_count: int
    rows: int
    distinct_trades: int
    duplicates: int
    late: int
    broken: int


def generate_trades(
    directory: Path, *, accounts: int, days: int = 180, seed: int = 7, end: date | None = None
) -> TradeFiles:
    """Write plans, accounts and all trades of a synthetic firm, without equity, into ``directory``.

    The trades stand in one plain CSV file, month after month and by closing time within a month; re-sent
    rows come among those of the next month, late ones at the end. There are no stops and targets. Of up
    to 10,000 accounts it is the firm that ``generate`` writes, save that nobody is stopped by equity.
    ``days`` counts weekdays up to and including ``end`` (default 2026-06-30). All times are UTC, all
    money USD. The same arguments give the same bytes; memory grows by about 300 bytes a trade.

    Raises InputError for fewer than one account or day.
    """
    if accounts < 1 or days < 1:
        raise InputError(f"A demo firm needs at least 1 account and 1 day, not {accounts} and {days}.")
    directory.mkdir(parents=True, exist_ok=True)
    traders, deals = _firm(seed, accounts, days, end or parameters.DEFAULT_END)
    months_there = np.arange(np.unique(months(deals.closed)).size)
    rows, _ = arrange(np.random.default_rng([seed, 7]), deals, months_there)
    broken = int(np.count_nonzero(rows.fault != Fault.NONE))
    count, never = deals.lots.size, np.full(accounts, NEVER)
    return TradeFiles(
        plans=write_csv(directory / "plans.csv", plans.COLUMNS, plans.plan_rows()),
        accounts=write_accounts(directory / "accounts.csv", traders, never, deals.profit_of(accounts)),
        trades=write_trade_list(directory / "trades.csv", deals, rows, traders),
        account_count=accounts,
        rows=rows.deal.size,
        distinct_trades=count,
        duplicates=rows.deal.size - count - broken,
        late=round(parameters.LATE_SHARE * count),
        broken=broken,
    )


def _firm(seed: int, accounts: int, days: int, end: date) -> tuple[Traders, Deals]:
    traders, deals = [], []
    for plot, priced in _branches(seed, accounts, days, end):
        traders.append(plot.traders)
        deals.append(priced)
    return Traders.join(traders), Deals.join(deals)


def _branches(seed: int, accounts: int, days: int, end: date) -> Iterator[tuple[Plot, Deals]]:
    market = None
    for number, first in enumerate(range(0, accounts, _BRANCH)):
        branch_seed = seed + number * _BRANCH_SEED
        plot = make_plot(branch_seed, min(_BRANCH, accounts - first), days, end)
        market = market or make_market(np.random.default_rng([seed, 5]), plot.calendar)
        deals = Deals.join([deals for _, _, deals in price_blocks(branch_seed, plot, market)])
        yield plot, replace(deals, account=deals.account + first)
