"""What is compared at one time: a stretch of days and a range of accounts."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from timeseries.database import Database, statement, table_sizes

__all__ = ["DEFAULT_SAMPLE", "Cell", "all_cells", "sampled_cells"]

DEFAULT_SAMPLE = 12
# A default sample is this share of all accounts' days, besides the newest day.
SHARE = 0.01
FEWEST_ACCOUNTS = 20
# Raw rows in one cell: some tens of megabytes. Accounts are unequal, so their number is bounded too.
CELL_ROWS = 200_000
MOST_ACCOUNTS = 2_000
PERIOD = timedelta(days=30)
# Beginning and end, exclusive.
Period = tuple[datetime, datetime]
LOWEST, HIGHEST = -(2**31), 2**31 - 1


@dataclass(frozen=True)
class Cell:
    """Whole UTC days, ``since`` to ``until`` (exclusive), and accounts, both ends included."""

    since: datetime
    until: datetime
    first_account: int
    last_account: int


def all_cells(database: Database) -> list[Cell]:
    """Everything, cut by chunks of time and ranges of accounts."""
    rows = _raw_rows(database)
    with database.transaction() as connection:
        periods = _periods(connection)
        ranges = _account_ranges(connection, _width(connection, rows, len(periods)))
    return [Cell(*period, *accounts) for period in periods for accounts in ranges]


def sampled_cells(database: Database, count: int, seed: int) -> list[Cell]:
    """The newest complete day with all accounts, and cells drawn from all periods and accounts alike."""
    rows = _raw_rows(database)
    with database.transaction() as connection:
        periods = _periods(connection)
        newest = connection.execute(statement("verify.newest_day")).one_or_none()
        if newest is None:
            return _drawn(connection, periods, count, seed)
        days = (newest.until - newest.since) / PERIOD
        ranges = _account_ranges(connection, int(_width(connection, rows, len(periods)) / days))
        drawn = _drawn(connection, _without(periods, newest.since, newest.until), count, seed)
    return [Cell(newest.since, newest.until, *accounts) for accounts in ranges] + drawn


def _without(periods: list[Period], since: datetime, until: datetime) -> list[Period]:
    """The periods less one stretch, or nothing would be counted once only."""
    parts = [part for one in periods for part in ((one[0], min(one[1], since)), (max(one[0], until), one[1]))]
    return [part for part in parts if part[0] < part[1]]


def _drawn(connection: Connection, periods: list[Period], count: int, seed: int) -> list[Cell]:
    accounts = connection.scalar(statement("verify.count_accounts")) or 0
    width = max(FEWEST_ACCOUNTS, round(accounts * len(periods) * SHARE / DEFAULT_SAMPLE))
    ranges = _account_ranges(connection, min(width, MOST_ACCOUNTS))
    number = len(periods) * len(ranges)
    chosen = sorted(random.Random(seed).sample(range(number), min(count, number)))
    return [Cell(*periods[one // len(ranges)], *ranges[one % len(ranges)]) for one in chosen]


def _raw_rows(database: Database) -> int:
    return sum(size.rows for size in table_sizes(database) if size.table in ("trades", "equity"))


def _width(connection: Connection, rows: int, periods: int) -> int:
    accounts = connection.scalar(statement("verify.count_accounts")) or 0
    return min(MOST_ACCOUNTS, max(1, int(CELL_ROWS * accounts * periods / max(rows, 1))))


def _periods(connection: Connection) -> list[Period]:
    return [(row.since, row.until) for row in connection.execute(statement("verify.periods"))]


def _account_ranges(connection: Connection, width: int) -> list[tuple[int, int]]:
    """Ranges of so many accounts that leave no number out: a row may name an account that does not exist."""
    query = statement("verify.account_ranges")
    firsts = connection.execute(query, {"width": max(width, 1)}).scalars().all()
    starts = [LOWEST, *firsts[1:]]
    return list(zip(starts, [*(first - 1 for first in firsts[1:]), HIGHEST], strict=True))
