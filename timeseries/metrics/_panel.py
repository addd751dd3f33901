"""Panels: accounts × weekdays arrays of daily metrics, for the numeric rooms.

Rows come by binary COPY. Every field has a fixed width and is never null, so the whole answer is
one NumPy structured array, whatever the number of accounts, and no Python object per row is made.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import psycopg as dialect

from timeseries.database import Database, driver, statement
from timeseries.errors import NotFound

__all__ = ["FIELDS", "Accounts", "Panel", "load_accounts", "load_panel"]

FloatArray = npt.NDArray[np.float64]
Rows = npt.NDArray[np.bool_] | npt.NDArray[np.integer] | slice

FIELDS = (
    "net_profit",
    "trades",
    "wins",
    "lots",
    "largest_lots",
    "seconds_held",
    "balance_operations",
    "equity_end",
    "balance_end",
    "equity_low",
    "balance_low",
    "snapshots",
)
LOT_RATIO = ("lot_ratio",)
HEADER_BYTES = 19
TRAILER_BYTES = 2
# Accounts read in one COPY: about 20 MB for a year of days.
BLOCK_ACCOUNTS = 1_000


@dataclass(frozen=True)
class Accounts:
    """The accounts of a panel, in its order, with their plans' rules as columns; money in their currency."""

    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)

    @property
    def names(self) -> list[str]:
        """The firm's names for the accounts."""
        return list(self.table["account"])

    def column(self, name: str) -> FloatArray:
        """A numeric column; NaN where a plan has no such rule."""
        return self.table[name].to_numpy(np.float64, na_value=np.nan)

    @property
    def cohort(self) -> npt.NDArray[np.str_]:
        """The label of accounts alike: plan and phase."""
        return (self.table["plan"] + "/" + self.table["phase"]).to_numpy(np.str_)


@dataclass(frozen=True)
class Panel:
    """Daily metrics as arrays.

    Attributes:
        accounts: the rows.
        days: the columns: consecutive weekdays, ``datetime64[D]``.
        values: metric → float array [accounts, days]; NaN where the account has no row that day.
    """

    accounts: Accounts
    days: npt.NDArray[np.datetime64]
    values: dict[str, FloatArray]

    def __getitem__(self, metric: str) -> FloatArray:
        return self.values[metric]

    def taken(self, rows: Rows, days: slice = slice(None)) -> "Panel":
        """Some accounts, by mask, places or slice, and some consecutive days."""
        values = {name: array[rows][:, days] for name, array in self.values.items()}
        table = self.accounts.table.iloc[rows].reset_index(drop=True)
        return Panel(Accounts(table), self.days[days], values)


def load_accounts(database: Database, *, account: str | None = None, until: date | None = None) -> Accounts:
    """The accounts with their rules and their peaks as of a day, all or one by name.

    Raises:
        NotFound: an account was named and there is none such.
    """
    parameters = {"account": account, "until": until or date.max}
    with database.transaction() as connection:
        result = connection.execute(statement("metrics.panel_accounts"), parameters)
        table = pd.DataFrame(result.all(), columns=list(result.keys()))
    if account is not None and table.empty:
        raise NotFound(f"There is no account {account!r}: `timeseries accounts` lists them.")
    return Accounts(table)


def load_panel(
    database: Database, *, until: date, days: int, account: str | None = None, lot_ratios: bool = False
) -> Panel:
    """Load the last weekdays up to and including a day.

    Args:
        until: the last day, a weekday.
        days: how many weekdays.
        account: only this one.
        lot_ratios: also the metric ``lot_ratio``: the largest position of a day against the account's usual
            size in the same symbol.

    Raises:
        NotFound: an account was named and there is none such.
    """
    accounts = load_accounts(database, account=account, until=until)
    last = np.datetime64(until, "D")
    axis = np.busday_offset(last, np.arange(1 - days, 1), roll="backward")
    values = {name: np.full((len(accounts), days), np.nan) for name in (*FIELDS, *LOT_RATIO[:lot_ratios])}
    identifiers = accounts.table["account_id"].to_numpy(np.int64)
    # Weekend rows count towards Monday, so the first Monday's weekend is read too.
    span = {"since": axis[0].astype(date) - timedelta(days=2), "until": until}
    with database.transaction() as connection:
        if lot_ratios:
            connection.execute(statement("metrics.create_panel_buckets"), span)
            connection.execute(statement("metrics.analyze_panel_buckets"))
        for start in range(0, len(identifiers), BLOCK_ACCOUNTS):
            block = identifiers[start : start + BLOCK_ACCOUNTS]
            accounts_read = {"first_account": int(block[0]), "last_account": int(block[-1])}
            rows = _read_rows(connection, "metrics.panel", span | accounts_read, FIELDS)
            _place(rows, identifiers, axis, values, FIELDS)
            if lot_ratios:
                rows = _read_rows(connection, "metrics.panel_lot_ratios", accounts_read, LOT_RATIO)
                _place(rows, identifiers, axis, values, LOT_RATIO)
    return Panel(accounts, axis, values)


def _read_rows(
    connection: Connection, query: str, parameters: dict[str, Any], fields: tuple[str, ...]
) -> npt.NDArray[np.void]:
    command = str(statement(query).compile(dialect=dialect.dialect()))  # type: ignore[no-untyped-call]
    with driver(connection).cursor() as cursor, cursor.copy(command, parameters) as copy:
        received = b"".join(copy)
    return np.frombuffer(received[HEADER_BYTES : len(received) - TRAILER_BYTES], dtype=_row(fields))


def _row(fields: tuple[str, ...]) -> np.dtype[np.void]:
    """A row of a binary COPY: the number of fields, then each with its length before it."""
    key = [("count", ">i2"), ("l0", ">i4"), ("account_id", ">i4"), ("l1", ">i4"), ("day", ">i4")]
    return np.dtype(key + [part for name in fields for part in ((f"l_{name}", ">i4"), (name, ">f8"))])


def _place(
    rows: npt.NDArray[np.void],
    identifiers: npt.NDArray[np.int64],
    axis: npt.NDArray[np.datetime64],
    values: dict[str, FloatArray],
    fields: tuple[str, ...],
) -> None:
    account = np.searchsorted(identifiers, rows["account_id"])
    day = np.searchsorted(axis, rows["day"].astype("datetime64[D]"))
    inside = (day < len(axis)) & (account < len(identifiers))
    inside &= identifiers[np.minimum(account, len(identifiers) - 1)] == rows["account_id"]
    inside &= axis[np.minimum(day, len(axis) - 1)] == rows["day"].astype("datetime64[D]")
    for name in fields:
        values[name][account[inside], day[inside]] = rows[name][inside]
