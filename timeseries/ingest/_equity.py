"""Equity snapshots: columns to whole numbers, and the merge into the hypertable."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from timeseries.database import statement
from timeseries.ingest._accounts_of import (
    Touched,
    lock_accounts,
    mark_stale_days,
    raise_marks,
    refuse_dropped,
)
from timeseries.ingest._checks import money, number
from timeseries.ingest._copy import as_timestamps, copy_binary
from timeseries.ingest._decimals import Decimals
from timeseries.ingest._faults import Faults
from timeseries.ingest._outcome import LookUp, Origin, Outcome, settle
from timeseries.ingest._rows import Rows
from timeseries.ingest._text import Names, names
from timeseries.ingest._times import ToUtc, instants

__all__ = ["EquityBatch"]

MONEY = ("balance", "equity", "margin")
TAKEN = "The account has a snapshot of this second with other values."

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class EquityBatch:
    """A batch of snapshots, read as far as it can be without the database; times in UTC seconds."""

    rows: Rows
    faults: Faults
    account: Names
    time: NDArray[np.int64]
    amounts: dict[str, Decimals]

    @classmethod
    def parse(cls, rows: Rows, naive: ToUtc | None) -> "EquityBatch":
        """Check and convert the columns; faults are kept for the quarantine."""
        count = len(rows.lines)
        faults = Faults(count)
        time = instants(rows.columns["time"], naive)
        time.check(faults, "time", required=True)
        amounts = {
            name: number(rows.columns.get(name), count, name, faults, required=name != "margin")
            for name in MONEY
        }
        account = names(rows.columns["account"])
        return cls(rows.without_columns(), faults, account, time.seconds, amounts)

    @property
    def moments(self) -> NDArray[np.int64]:
        """When the rows take place, in UTC seconds."""
        return self.time

    def since(self, position: int) -> "EquityBatch":
        """Without the rows before a position in the file, and with faults of its own."""
        if position <= self.rows.start:
            return replace(self, faults=self.faults.copy())
        chosen = np.flatnonzero(self.rows.positions >= position)
        return EquityBatch(
            rows=self.rows.since(position),
            faults=self.faults.take(chosen),
            account=self.account.take(chosen),
            time=self.time[chosen],
            amounts={name: amount.take(chosen) for name, amount in self.amounts.items()},
        )

    @staticmethod
    def join(parts: "Sequence[EquityBatch]") -> "EquityBatch":
        """Consecutive batches as one."""
        return EquityBatch(
            rows=Rows.join([part.rows for part in parts]),
            faults=Faults.join([part.faults for part in parts]),
            account=Names.join([part.account for part in parts]),
            time=np.concatenate([part.time for part in parts]),
            amounts={name: Decimals.join([part.amounts[name] for part in parts]) for name in MONEY},
        )

    def merge(self, connection: Connection, origin: Origin, *, cautious: bool) -> Outcome:
        """Add the new snapshots, and mark their days; the caller holds the transaction.

        Args:
            connection: inside the batch's transaction.
            origin: where they come from.
            cautious: look every snapshot up, also those beyond their account's mark.
        """
        accounts = lock_accounts(connection, self.account, self.faults)
        refuse_dropped(connection, "equity", self.time, "time", self.faults)
        amounts = {
            name: money(amount, accounts.digits, name, self.faults) for name, amount in self.amounts.items()
        }
        rows = np.flatnonzero(self.faults.good)
        table: Columns = {"account_id": accounts.account_id, "time": self.time, **amounts}
        good = {name: column[rows] for name, column in table.items()}
        good["has_margin"] = self.amounts["margin"].valid[rows]
        suspect = (good["time"] <= accounts.newest_snapshot[rows]) | cautious
        settled = settle(good, ("account_id", "time"), suspect, _look_up(connection, good))
        taken = np.zeros(len(self.rows.lines), bool)
        taken[rows[settled.conflicting]] = True
        self.faults.add(taken, "time", TAKEN)
        new = {name: column[settled.new] for name, column in good.items()}
        _copy(connection, "ingest.copy_equity", new)
        mark_stale_days(connection, accounts, rows[settled.new], new["time"], Touched.EQUITY)
        raise_marks(connection, "ingest.raise_newest_snapshots", new["account_id"], new["time"])
        count = len(settled.new)
        return Outcome(count, len(rows) - count - len(settled.conflicting), self.faults)


def _look_up(connection: Connection, good: Columns) -> LookUp:
    def look_up(suspects: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        chosen = {name: column[suspects] for name, column in good.items()}
        connection.execute(statement("ingest.create_suspect_snapshots"))
        chosen = {"place": suspects.astype(np.int32), **chosen}
        _copy(connection, "ingest.copy_suspect_snapshots", chosen)
        connection.execute(statement("ingest.analyze_suspect_snapshots"))
        bounds = {
            "first_account": int(chosen["account_id"].min()),
            "last_account": int(chosen["account_id"].max()),
            "first_time": int(chosen["time"].min()),
            "last_time": int(chosen["time"].max()),
        }
        found = connection.execute(statement("ingest.known_snapshots"), bounds).all()
        places = np.array([row.place for row in found], np.int64)
        return places, np.array([row.same for row in found], bool)

    return look_up


def _copy(connection: Connection, name: str, columns: Columns) -> None:
    """Rows with a margin and rows without go apart: fixed-width binary has no room for null."""
    leading = [column for column in ("place", "account_id") if column in columns]
    for has_margin, suffix in ((True, ""), (False, "_without_margin")):
        rows = np.flatnonzero(columns["has_margin"] == has_margin)
        chosen: Columns = {column: columns[column][rows] for column in leading}
        chosen["time"] = as_timestamps(columns["time"][rows])
        amounts = MONEY if has_margin else MONEY[:2]
        copy_binary(connection, name + suffix, chosen | {amount: columns[amount][rows] for amount in amounts})
