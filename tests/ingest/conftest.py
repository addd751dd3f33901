"""A small firm to load files into, and the words to write them with."""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from timeseries.database import Database
from timeseries.ingest import Kind, LoadOptions, LoadReport, RejectedRow, load, rejected_rows

PLAN = {
    "plan": "50k",
    "currency": "USD",
    "initial_balance": "50000",
    "reset_time": "00:00",
    "time_zone": "UTC",
}
ACCOUNT = {"account": "A1", "plan": "50k", "opened_at": "2025-01-01T00:00:00Z"}
TRADE = {
    "account": "A1",
    "ticket": "1",
    "symbol": "EURUSD",
    "side": "buy",
    "lots": "0.10",
    "open_time": "2025-03-03T10:00:00Z",
    "close_time": "2025-03-03T11:00:00Z",
    "open_price": "1.08001",
    "close_price": "1.08101",
    "commission": "-0.70",
    "swap": "0",
    "profit": "10.00",
}
EQUITY = {
    "account": "A1",
    "time": "2025-03-03T10:00:00Z",
    "balance": "50000",
    "equity": "50010.5",
    "margin": "",
}
DEFAULTS = {Kind.PLANS: PLAN, Kind.ACCOUNTS: ACCOUNT, Kind.TRADES: TRADE, Kind.EQUITY: EQUITY}


@dataclass
class Desk:
    """Writes files into a folder and loads them."""

    database: Database
    folder: Path

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def file(self, kind: Kind | str, rows: Iterable[dict[str, Any]], name: str = "") -> Path:
        """Rows, each told by what differs from the kind's usual row, as CSV, gzip CSV or Parquet."""
        full = [DEFAULTS[Kind(kind)] | row for row in rows]
        path = self.folder / (name or f"{kind}-{len(list(self.folder.iterdir()))}.csv")
        columns = list(dict.fromkeys(column for row in full for column in row))
        table = pa.table({c: pa.array([row.get(c, "") for row in full], pa.string()) for c in columns})
        if path.suffix == ".parquet":
            pq.write_table(table, path)
            return path
        sink = pa.BufferOutputStream()
        pacsv.write_csv(table, sink, pacsv.WriteOptions(quoting_style="needed"))
        content = sink.getvalue().to_pybytes()
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
        return path

    def load(
        self, kind: Kind | str, source: Path | list[dict[str, Any]], zone: str | None = None
    ) -> LoadReport:
        path = self.file(kind, source) if isinstance(source, list) else source
        return load(self.database, kind, path, options=LoadOptions(zone))

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with self.database.transaction() as connection:
            return [tuple(row) for row in connection.execute(text(query), parameters)]

    def one(self, query: str, **parameters: Any) -> Any:
        ((value,),) = self.rows(query, **parameters)
        return value

    def execute(self, command: str) -> None:
        with self.database.transaction() as connection:
            connection.execute(text(command))

    def rejected(self, path: Path | None = None) -> list[RejectedRow]:
        return rejected_rows(self.database, file=path.name if path else None, limit=1000)

    def stale(self, account: str = "A1") -> list[str]:
        return self.days("stale_days", account)

    def days(self, table: str, account: str) -> list[str]:
        """An account's trading days in a table."""
        query = {
            "stale_days": "SELECT account_id, trading_day::text AS day FROM stale_days",
            "daily_metrics": "SELECT account_id, trading_day::text AS day FROM daily_metrics",
        }[table]
        accounts = dict(self.rows("SELECT account_id, account FROM accounts"))
        return sorted(day for account_id, day in self.rows(query) if accounts[account_id] == account)


@pytest.fixture
def bare_desk(clean_database: Database, tmp_path: Path) -> Desk:
    """Over an empty database."""
    return Desk(clean_database, tmp_path)


@pytest.fixture
def desk(bare_desk: Desk) -> Desk:
    """Over a database with one plan (USD, days from 00:00 UTC) and the accounts A1 and A2 on it."""
    bare_desk.load("plans", [{}])
    bare_desk.load("accounts", [{}, {"account": "A2"}])
    return bare_desk


@pytest.fixture
def shared_desk(database: Database, tmp_path: Path) -> Desk:
    """Over the module's database as it is, and the plan: quicker, for those with their own accounts."""
    desk = Desk(database, tmp_path)
    desk.load("plans", [{}])
    return desk
