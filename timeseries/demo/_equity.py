"""Equity snapshots, and the breaches they show."""

from dataclasses import dataclass

import numpy as np

from . import _parameters as parameters
from . import _plans as plans
from . import _symbols as symbols
from ._arrays import Bools, Floats, Ints, account_time_key, key_account, key_time, starts, within_groups
from ._calendar import RESETS, Calendar
from ._columns import Columns
from ._deals import Deals, price_trades
from ._limits import limit_use
from ._market import Market
from ._traders import Traders
from ._trades import Trades

NEVER = 1 << 40


@dataclass(frozen=True, slots=True)
class Snapshots(Columns):
    """Columns over snapshots: epoch seconds and cents."""

    account: Ints
    time: Ints
    balance: Ints
    equity: Ints
    margin: Ints


@dataclass(frozen=True, slots=True)
class _Exposure:
    """Every open position at every snapshot: its row, its deal, what it floats and binds (cents)."""

    row: Ints
    deal: Ints
    first: Ints
    floating: Floats
    margin: Floats

    def totals(self, rows: int, kept: Bools | slice = slice(None)) -> tuple[Ints, Ints]:
        at = self.row[kept]
        sums = [np.bincount(at, values[kept], rows) for values in (self.floating, self.margin)]
        return np.rint(sums[0]).astype(np.int64), np.rint(sums[1]).astype(np.int64)


def _half_hours(deals: Deals, calendar: Calendar) -> Ints:
    step = parameters.SNAPSHOT_EVERY
    first = deals.opened // step + 1
    counts = np.maximum(0, (deals.closed - 1) // step - first + 1)
    instant = (np.repeat(first, counts) + within_groups(counts)) * step
    # Nothing floats while a market rests.
    traded = np.repeat(symbols.CRYPTO[deals.symbol], counts) | ~calendar.closed(instant)
    return account_time_key(np.repeat(deals.account, counts), instant)[traded]


def _resets(traders: Traders, accounts: Ints, calendar: Calendar) -> Ints:
    keys = [account_time_key(accounts, traders.opened_at[accounts])]
    for rule in range(len(RESETS)):
        mine = accounts[plans.RESET[traders.plan[accounts]] == rule]
        grid = account_time_key(mine[:, None], calendar.resets[rule])
        times = calendar.resets[rule]
        keys.append(grid[(times > traders.opened_at[mine][:, None]) & (times <= calendar.stop)])
    return np.concatenate(keys)


def _bridges(rng: np.random.Generator, deal: Ints, share: Floats, deals: int) -> Floats:
    """Standard Brownian bridges over each deal's life, at the given shares of it."""
    first = starts(deal)
    before = np.where(first, 0.0, np.concatenate([[0.0], share[:-1]])) if deal.size else share
    walk = np.cumsum(rng.standard_normal(deal.size) * np.sqrt(share - before))
    head = np.flatnonzero(first)
    lengths = np.diff(np.append(head, deal.size))
    base = np.concatenate([[0.0], walk])[head]
    # One cumulative sum over all deals, each brought back to zero at its start.
    walk = walk - np.repeat(base, lengths)
    tail = head + lengths - 1
    final = np.zeros(deals)
    final[deal[head]] = walk[tail] + rng.standard_normal(head.size) * np.sqrt(1 - share[tail])
    bridge: Floats = walk - share * final[deal]
    return bridge


def _expose(rng: np.random.Generator, deals: Deals, key: Ints, market: Market) -> _Exposure:
    low = np.searchsorted(key, account_time_key(deals.account, deals.opened), "right")
    counts = np.searchsorted(key, deals.close_key, "left") - low
    deal = np.repeat(np.arange(counts.size), counts)
    row = np.repeat(low, counts) + within_groups(counts)
    share = (key_time(key[row]) - deals.opened[deal]) / (deals.closed - deals.opened)[deal]
    noise = parameters.FLOATING_NOISE * 100 * deals.risk[deal] * _bridges(rng, deal, share, counts.size)
    notional = deals.lots * symbols.CONTRACT[deals.symbol] * market.quote_rate(deals.symbol, deals.closed)
    bound = notional * deals.open_price / 10.0 ** symbols.DECIMALS[deals.symbol] / parameters.LEVERAGE
    first = np.cumsum(counts) - counts - low
    return _Exposure(row, deal, first, deals.net[deal] * share + noise, bound[deal])


def _balances(deals: Deals, traders: Traders, key: Ints) -> Ints:
    """Initial balance plus every net result closed at or before each row; deals sorted by close key."""
    total = np.concatenate([[0], np.cumsum(deals.net)])
    account, close_key = key_account(key), deals.close_key
    done: Ints = total[np.searchsorted(close_key, key, "right")]
    before: Ints = total[np.searchsorted(close_key, account_time_key(account, 0), "left")]
    initial: Ints = traders.balance[account] * 100
    return initial + done - before


def _breaches(traders: Traders, calendar: Calendar, key: Ints, balance: Ints, equity: Ints) -> Ints:
    """Epoch second of each account's first snapshot at or over a limit, ``NEVER`` without."""
    account = key_account(key)
    plan = traders.plan[account]
    day = calendar.trading_day(plans.RESET[plan], key_time(key))
    daily = np.where(plans.DAILY_ON_EQUITY[plan], equity, balance)
    drawdown = np.where(plans.DRAWDOWN_ON_EQUITY[plan], equity, balance)
    over = np.flatnonzero(limit_use(plan, account, day, daily, drawdown) >= 1)
    breached, first = np.unique(account[over], return_index=True)
    end = np.full(traders.count, NEVER, np.int64)
    end[breached] = key_time(key[over[first]])
    return end


@dataclass(frozen=True, slots=True)
class Block:
    """What a block of accounts did: final deals by close key, snapshots, and when each account ended.

    ``ended_at`` has every account of the firm, ``NEVER`` where it lives on or is in another block.
    """

    deals: Deals
    snapshots: Snapshots
    ended_at: Ints


def _liquidated(
    rng: np.random.Generator, deals: Deals, at: Ints, net: Floats, market: Market, calendar: Calendar
) -> Deals:
    trades = Trades(
        deals.account, deals.symbol, deals.buy, deals.opened, at, deals.lots, net / 100, deals.risk
    )
    return price_trades(rng, trades, market, calendar)


@dataclass(frozen=True, slots=True)
class _Room:
    rng: np.random.Generator
    traders: Traders
    market: Market
    calendar: Calendar

    def moments(self, deals: Deals, accounts: Ints) -> Ints:
        half_hours = _half_hours(deals, self.calendar)
        return np.unique(
            np.concatenate([half_hours, deals.close_key, _resets(self.traders, accounts, self.calendar)])
        )

    def end(self, deals: Deals, key: Ints, exposure: _Exposure, breach: Ints) -> Block:
        """Close what breached accounts hold, forget what they did later, and take the snapshots."""
        at = breach[deals.account]
        # The snapshot of the breach shows it; positions go a second later, or when the market next opens.
        until = np.maximum(at + 1, self.calendar.next_open(at))
        kept = deals.opened < at
        cut = np.flatnonzero(kept & (deals.closed > until))
        open_then = kept[exposure.deal] & (key_time(key[exposure.row]) < until[exposure.deal])
        last_seen = np.where(until == at + 1, at, until)[cut]
        row = np.searchsorted(key, account_time_key(deals.account[cut], last_seen))
        floating = exposure.floating[exposure.first[cut] + row]
        closed = _liquidated(self.rng, deals.take(cut), until[cut], floating, self.market, self.calendar)
        kept[cut] = False
        remaining = Deals.join([deals.take(kept), closed])
        remaining = remaining.take(np.argsort(remaining.close_key, kind="stable"))
        ended_at = breach.copy()
        np.maximum.at(ended_at, remaining.account, remaining.closed)
        before = key[key_time(key) <= breach[key_account(key)]]
        seen = np.unique(np.concatenate([before, remaining.close_key]))
        return Block(
            remaining, self.look(remaining, key, seen, exposure.totals(key.size, open_then)), ended_at
        )

    def look(self, deals: Deals, key: Ints, seen: Ints, totals: tuple[Ints, Ints]) -> Snapshots:
        """Snapshots at the ``seen`` keys; nothing floats at those that are not in ``key``."""
        row = np.minimum(np.searchsorted(key, seen), key.size - 1)
        known = key[row] == seen
        floating, margin = (np.where(known, total[row], 0) for total in totals)
        balance = _balances(deals, self.traders, seen)
        return Snapshots(key_account(seen), key_time(seen), balance, balance + floating, margin)


def simulate_equity(
    rng: np.random.Generator,
    deals: Deals,
    accounts: Ints,
    traders: Traders,
    market: Market,
    calendar: Calendar,
) -> Block:
    """Equity of a block of accounts; a breach ends an account and closes what it has open.

    ``deals`` are the block's, sorted by close key.
    """
    room = _Room(rng, traders, market, calendar)
    key = room.moments(deals, accounts)
    exposure = _expose(rng, deals, key, market)
    balance = _balances(deals, traders, key)
    breach = _breaches(traders, calendar, key, balance, balance + exposure.totals(key.size)[0])
    return room.end(deals, key, exposure, breach)
