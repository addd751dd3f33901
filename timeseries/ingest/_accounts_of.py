"""The accounts that the rows of a batch belong to, and their trading days."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from timeseries.database import statement
from timeseries.ingest._copy import copy_binary
from timeseries.ingest._faults import Faults
from timeseries.ingest._text import Names

__all__ = [
    "DROPPED",
    "AccountRows",
    "Touched",
    "lock_accounts",
    "mark_stale_days",
    "raise_marks",
    "raise_ticket_marks",
    "refuse_dropped",
]

DAY = 86_400
PERIOD = 30 * DAY  # as long as a chunk of trades
PERIODS = 1 << 16  # more than any period's number since 1970
DAYS = 1 << 20  # more than any day's number since 1970
DROPPED = "The raw data of that time was dropped (retain_days); its metrics stay as they are."
NO_MARK = np.iinfo(np.int64).min


@dataclass(frozen=True)
class AccountRows:
    """What the database knows of the account of each row of a batch, one entry a row.

    Attributes:
        account_id: 0 where there is no such account.
        digits: decimals of the account's currency.
        highest_ticket, newest_snapshot: beyond these marks everything is new; the latter in UTC seconds.
        calendar: which of ``calendars`` (reset time, zone) the account's trading days follow.
    """

    account_id: NDArray[np.int32]
    digits: NDArray[np.int64]
    highest_ticket: NDArray[np.int64]
    newest_snapshot: NDArray[np.int64]
    calendar: NDArray[np.int64]
    calendars: list[tuple[str, str]]


def lock_accounts(connection: Connection, accounts: Names, faults: Faults) -> AccountRows:
    """Find the accounts of a batch, and keep other loads away from them until the transaction ends."""
    faults.add(accounts.where(lambda name: not name), "account", "The account is missing.")
    found = connection.execute(statement("ingest.lock_accounts"), {"names": accounts.distinct}).all()
    calendars = sorted({(row.reset_time, row.time_zone) for row in found})
    numbers = {calendar: number for number, calendar in enumerate(calendars)}
    table = np.zeros((5, len(accounts.distinct)), np.int64)
    table[2:4] = NO_MARK
    for row in found:
        marks = (_mark(row.highest_ticket), _mark(row.newest_snapshot))
        calendar = numbers[row.reset_time, row.time_zone]
        table[:, row.place] = (row.account_id, row.currency_digits, *marks, calendar)
    account_id, digits, ticket, snapshot, calendar = table[:, accounts.codes]
    faults.add(account_id == 0, "account", "There is no such account; load the accounts first.")
    return AccountRows(account_id.astype(np.int32), digits, ticket, snapshot, calendar, calendars)


def refuse_dropped(
    connection: Connection, table: str, seconds: NDArray[np.int64], column: str, faults: Faults
) -> None:
    """Refuse rows from a time (UTC seconds) whose raw data was dropped: they alone would count for it."""
    kept_since = connection.scalar(statement("ingest.kept_since"), {"table": table})
    if kept_since is not None:
        faults.add(seconds < kept_since, column, DROPPED)


class Touched(Enum):
    """What of a day changed."""

    TRADES = "of_trades"
    EQUITY = "of_equity"
    OPERATIONS = "of_operations"


def mark_stale_days(
    connection: Connection,
    accounts: AccountRows,
    rows: NDArray[np.int64],
    seconds: NDArray[np.int64],
    touched: Touched,
) -> None:
    """Put the account-days of some moments (UTC seconds, one for each row) on the list of stale ones."""
    if not len(rows):
        return
    days = _trading_days(connection, accounts, rows, seconds)
    pairs = np.unique(accounts.account_id[rows].astype(np.int64) * DAYS + days)
    connection.execute(statement("ingest.create_touched_days"))
    columns = {"account_id": (pairs // DAYS).astype(np.int32), "day": (pairs % DAYS).astype(np.int32)}
    copy_binary(connection, "ingest.copy_touched_days", columns)
    flags = {kind.value: kind is touched for kind in Touched}
    connection.execute(statement("ingest.mark_stale_days"), flags)
    connection.execute(statement("ingest.drop_touched_days"))


def raise_ticket_marks(
    connection: Connection, account_id: NDArray[Any], seconds: NDArray[np.int64], tickets: NDArray[np.int64]
) -> None:
    """Remember in which period (UTC seconds give it) which tickets of each account lie."""
    if not len(tickets):
        return
    key = account_id.astype(np.int64) * PERIODS + seconds // PERIOD
    order = np.argsort(key, kind="stable")
    firsts = np.flatnonzero(np.diff(key[order], prepend=-1))
    keys, ordered = key[order][firsts], tickets[order]
    marks = {
        "account_ids": (keys // PERIODS).tolist(),
        "periods": (keys % PERIODS).tolist(),
        "lowest": np.minimum.reduceat(ordered, firsts).tolist(),
        "highest": np.maximum.reduceat(ordered, firsts).tolist(),
    }
    connection.execute(statement("ingest.raise_ticket_marks"), marks)


def raise_marks(
    connection: Connection, name: str, account_id: NDArray[Any], marks: NDArray[np.int64]
) -> None:
    """Remember the largest of the marks for each account."""
    distinct, place = np.unique(account_id, return_inverse=True)
    highest = np.full(len(distinct), NO_MARK)
    np.maximum.at(highest, place, marks)
    connection.execute(statement(name), {"account_ids": distinct.tolist(), "marks": highest.tolist()})


def _trading_days(
    connection: Connection, accounts: AccountRows, rows: NDArray[np.int64], seconds: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Days since 1970. The database says when days begin, so that a trading day is defined once."""
    span = {"first_day": int(seconds.min() // DAY) - 2, "last_day": int(seconds.max() // DAY) + 3}
    resets, zones = zip(*accounts.calendars, strict=True)
    starts = connection.execute(
        statement("ingest.day_starts"), {"reset_times": list(resets), "time_zones": list(zones), **span}
    ).all()
    grid = np.array([row.starts for row in starts], np.int64).reshape(len(resets), -1)
    days = np.zeros(len(rows), np.int64)
    for number, begins in enumerate(grid):
        mine = accounts.calendar[rows] == number
        days[mine] = span["first_day"] + np.searchsorted(begins, seconds[mine], side="right") - 1
    return days


def _mark(value: int | None) -> int:
    return NO_MARK if value is None else value
