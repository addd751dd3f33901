"""Seconds and peak memory of the copied-accounts search, beside a join of every trade with every other.

The trades are drawn: sessions, popular symbols, minutes of news in which hundreds open the same, a few very
busy accounts, and groups of accounts that copy one. What the search finds is compared with these groups.
"""

from datetime import date, timedelta
from typing import Any, TypeVar, cast

import click
import numpy as np
import numpy.typing as npt
import pandas as pd
from _forecast_scale import forget_peak, resident, timed
from sqlalchemy import Connection

from timeseries.surveillance import RULES
from timeseries.surveillance._look import Calendars, Look, Trades, day_number
from timeseries.surveillance._matches import opened_together
from timeseries.terminal import render_table, say

Ints = npt.NDArray[np.int64]
Result = TypeVar("Result")
DAY = 86_400
LAST = date(2026, 6, 30)
SYMBOLS = 20
SECONDS = 5
SAMPLE = 20_000
GROUPS = 40
GROUP_SIZE = 5
NEWS = 50
CROWD = 300
HOUR_WEIGHTS = np.repeat([1.0, 3.0, 5.0, 2.0, 0.5], [7, 5, 5, 4, 3])


@click.command(help=__doc__)
@click.option("--trades", default=1_000_000, show_default=True, help="Trades of all accounts.")
@click.option("--accounts", default=10_000, show_default=True, help="Accounts.")
@click.option("--seed", default=7, show_default=True, help="Of what is drawn.")
def main(trades: int, accounts: int, seed: int) -> None:
    """Search one day with all trades in its week, and every day of sixty."""
    rows = [
        searched("one day, all trades in its week", 8, 1, trades, accounts, seed),
        searched("every day of sixty", 60, 60, trades, accounts, seed),
    ]
    columns = (
        "search",
        "trades",
        "seconds",
        "input",
        "peak memory",
        "copying accounts",
        "found",
        "others found",
    )
    render_table(columns, rows, title=f"Copied accounts, {accounts:,} accounts", left=("search",))
    against_naive(accounts, seed)


def searched(name: str, span: int, days: int, count: int, accounts: int, seed: int) -> tuple[str, ...]:
    """One search as a line of the table."""
    trades, copying = drawn(count, accounts, span, seed)
    look = look_at(trades, accounts, days)
    rule: Any = RULES["copied"]
    before = forget_peak()
    cases, seconds = timed(lambda: rule.find(look, rule.defaults))
    found = {case.place for case in cases}
    size = sum(column.nbytes for column in vars(trades).values()) / 1e6
    figures = (f"{len(copying)}", f"{len(found & copying)}", f"{len(found - copying)}")
    memory = f"{resident('VmHWM'):,.0f} MB ({before:,.0f} before)"
    return name, f"{len(trades):,}", f"{seconds:.1f}", f"{size:,.0f} MB", memory, *figures


def against_naive(accounts: int, seed: int) -> None:
    """The same pairs by comparing every trade with every other, on a sample."""
    trades, _ = drawn(SAMPLE, accounts, 1, seed)
    ours, seconds = timed(lambda: opened_together(trades, seconds=SECONDS, opposite=False, crowd=10**6))
    theirs, naive = timed(lambda: every_pair(trades))
    same = set(zip(*(part.tolist() for part in ours), strict=True)) == theirs
    say(
        f"On a sample of {len(trades):,} trades the join takes {seconds:.3f} s, comparing each with "
        f"every other {naive:.1f} s; {len(theirs):,} pairs, {'the same' if same else 'NOT the same'}. Of a "
        f"million trades the latter would take {naive * (1e6 / len(trades)) ** 2 / 3600:,.1f} hours."
    )


def every_pair(trades: Trades) -> set[tuple[int, int]]:
    """Pairs of rows by comparing each with all, in blocks of a thousand."""
    found: set[tuple[int, int]] = set()
    for begin in range(0, len(trades), 1000):
        part = slice(begin, begin + 1000)
        near = np.abs(trades.opened[part, None] - trades.opened) <= SECONDS
        near &= (trades.symbol[part, None] == trades.symbol) & (trades.side[part, None] == trades.side)
        near &= trades.place[part, None] < trades.place
        one, other = np.nonzero(near)
        found |= set(zip((one + begin).tolist(), other.tolist(), strict=True))
    return found


def drawn(count: int, accounts: int, span: int, seed: int) -> tuple[Trades, set[int]]:
    """So many trades of the last ``span`` days, and the accounts that copy each other."""
    rng = np.random.default_rng(seed)
    copies = min(count // 20, GROUPS * GROUP_SIZE * 15)
    own = count - copies - copies // (GROUP_SIZE - 1)
    rate = rng.lognormal(0, 1.0, accounts)
    place = rng.choice(accounts, own, p=rate / rate.sum())
    symbol = np.minimum(rng.geometric(0.3, own) - 1, SYMBOLS - 1)
    side = np.where(rng.random(own) < 0.5, 1, -1)
    day = rng.integers(0, span, own)
    hour = rng.choice(24, own, p=HOUR_WEIGHTS / HOUR_WEIGHTS.sum())
    opened = (day_number(LAST) - span + 1 + day) * DAY + hour * 3600 + rng.integers(0, 3600, own)
    crowd = rng.permutation(own)[: min(NEWS * CROWD, own // 10)]
    moments = rng.choice(opened, NEWS)
    event = rng.integers(0, NEWS, crowd.size)
    opened[crowd], symbol[crowd] = moments[event] + rng.integers(0, 60, crowd.size), 0
    leaders = np.arange(GROUPS) * GROUP_SIZE
    leading = max(1, copies // (GROUP_SIZE - 1) // GROUPS)
    columns = copied_groups(rng, leaders, leading, span)
    place, symbol, side, opened = (
        np.concatenate(pair) for pair in zip((place, symbol, side, opened), columns, strict=True)
    )
    return as_trades(rng, place, symbol, side, opened), set(range(GROUPS * GROUP_SIZE))


def copied_groups(
    rng: np.random.Generator, leaders: Ints, each: int, span: int
) -> tuple[Ints, Ints, Ints, Ints]:
    """Each leader's trades, and those of the accounts beside it within four seconds."""
    leader = np.repeat(leaders, each)
    symbol, side = rng.integers(0, SYMBOLS, leader.size), np.where(rng.random(leader.size) < 0.5, 1, -1)
    day = np.maximum(span - 1 - rng.integers(0, 7, leader.size), 0)
    # Whoever trades on the last day is found on it.
    day[::each] = span - 1
    opened = (day_number(LAST) - span + 1 + day) * DAY + rng.integers(6 * 3600, 18 * 3600, leader.size)
    follower = np.tile(np.arange(GROUP_SIZE), leader.size)
    late = np.where(follower > 0, rng.integers(1, 3, follower.size), 0)
    many = [np.repeat(column, GROUP_SIZE) for column in (leader, symbol, side, opened)]
    return many[0] + follower, many[1], many[2], many[3] + late


def as_trades(rng: np.random.Generator, place: Ints, symbol: Ints, side: Ints, opened: Ints) -> Trades:
    """Trades held for minutes, sorted as the search wants them."""
    closed = opened + 10 + rng.exponential(1800, opened.size).astype(np.int64)
    order = np.lexsort((closed, place))
    return Trades(
        place=place[order],
        ticket=np.arange(order.size),
        symbol=symbol[order],
        side=side[order],
        lots=np.full(order.size, 100_000),
        opened=opened[order],
        closed=closed[order],
        net=rng.integers(-10_000, 10_000, order.size),
        day=closed[order] // DAY,
    )


def look_at(trades: Trades, accounts: int, days: int) -> Look:
    """A look at the last days, UTC, that needs no database."""
    since = LAST - timedelta(days=days - 1)
    first = day_number(since) - 12
    starts = np.arange(first, day_number(LAST) + 4)[None] * DAY
    table = pd.DataFrame({"account": [f"A{n}" for n in range(accounts)], "calendar": 0})
    table["currency"], table["currency_digits"] = "USD", 2
    table["account_id"] = np.arange(accounts)
    names = {number: f"SYMBOL{number}" for number in range(SYMBOLS)}
    nowhere = cast(Connection, None)
    return Look(nowhere, table, names, Calendars(first, starts), since, LAST, 8, given=trades)


if __name__ == "__main__":
    main()
