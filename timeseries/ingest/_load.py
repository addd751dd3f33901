"""Loading a file: batches, each in one transaction with its place in the ledger."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, Self, TypeVar

from psycopg.errors import UniqueViolation
from sqlalchemy import Connection

from timeseries.database import Database
from timeseries.errors import DatabaseError, InputError
from timeseries.ingest._accounts import AccountBatch
from timeseries.ingest._csv import read_csv
from timeseries.ingest._equity import EquityBatch
from timeseries.ingest._kind import Kind
from timeseries.ingest._ledger import Entry, advance, claim, finish, lock
from timeseries.ingest._options import LoadOptions
from timeseries.ingest._outcome import Outcome
from timeseries.ingest._parquet import parquet_rows, read_parquet
from timeseries.ingest._plans import PlanBatch
from timeseries.ingest._report import LoadReport
from timeseries.ingest._rows import Rows
from timeseries.ingest._source import Format, Source, inspect
from timeseries.ingest._statement import load_statement
from timeseries.ingest._times import ToUtc, to_utc
from timeseries.ingest._trades import TradeBatch

__all__ = ["Progress", "load"]

# Rows done, and how many there are in all if that is known.
Progress = Callable[[int, int | None], None]
Item = TypeVar("Item")


class Batch(Protocol):
    """Rows of one kind, read as far as possible without the database."""

    @property
    def rows(self) -> Rows:
        """Where they stand in the file."""

    @classmethod
    def parse(cls, rows: Rows, naive: ToUtc | None) -> Self:
        """Check and convert."""

    def merge(self, connection: Connection, *, cautious: bool) -> Outcome:
        """Bring them into the table."""


BATCHES: dict[Kind, type[Batch]] = {
    Kind.PLANS: PlanBatch,
    Kind.ACCOUNTS: AccountBatch,
    Kind.TRADES: TradeBatch,
    Kind.EQUITY: EquityBatch,
}


def load(
    database: Database,
    kind: Kind | str,
    path: Path,
    *,
    options: LoadOptions | None = None,
    progress: Progress | None = None,
) -> LoadReport:
    """Load a file; what is there already is left alone, and bad rows go to the quarantine.

    A batch of some ten thousand rows is committed at a time, so that a load that is broken off goes
    on where it ended when the same file is loaded again. A file that was loaded without a rejection
    is not read twice; one with rejections is, for what its rows lacked may have come.

    Args:
        database: where to.
        kind: plans, accounts, trades or equity.
        path: CSV, gzip CSV, Parquet, or for trades an MT4 statement; told apart by content.
        options: ``StatementOptions`` says more about an MT4 statement.
        progress: called after every batch with the rows done and the rows in all, None when unknown.

    Raises:
        InputError: the file cannot be read, has the wrong columns, or is a statement that does not add up.
        DatabaseError: the database went away; all batches before are kept.
    """
    started = time.monotonic()
    kind, options = Kind(kind), options or LoadOptions()
    naive = to_utc(options.time_zone) if options.time_zone else None
    source = inspect(Path(path))
    if source.format is Format.STATEMENT:
        return load_statement(database, kind, source, options, started)
    rows, total = _rows(source, kind)
    with database.transaction() as connection:
        entry = claim(connection, source, kind)
    if entry.state == "loaded":
        return _report(source, kind, entry, started, already_loaded=True)
    ahead = (BATCHES[kind].parse(part, naive) for part in rows if part.end > entry.rows_read)
    for batch in _one_ahead(ahead):
        done = _commit(database, source, kind, batch, naive)
        if progress is not None:
            progress(done, total)
    with database.transaction() as connection:
        finish(connection, entry.file_id)
        return _report(source, kind, lock(connection, source, kind), started)


def _rows(source: Source, kind: Kind) -> tuple[Iterator[Rows], int | None]:
    if source.format is Format.PARQUET:
        return read_parquet(source, kind), parquet_rows(source)
    return read_csv(source, kind), source.lines - 1


def _one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The next batch is read while the database works on this one."""
    with ThreadPoolExecutor(1) as reader:
        pending = reader.submit(next, items, None)
        while (item := pending.result()) is not None:
            pending = reader.submit(next, items, None)
            yield item


def _commit(database: Database, source: Source, kind: Kind, batch: Batch, naive: ToUtc | None) -> int:
    try:
        return _merge(database, source, kind, batch, naive, cautious=False)
    except DatabaseError as error:
        # Somebody else wrote rows beyond the marks; with every row looked up that is no matter.
        if not isinstance(getattr(error.__cause__, "orig", None), UniqueViolation):
            raise
        return _merge(database, source, kind, batch, naive, cautious=True)


def _merge(
    database: Database, source: Source, kind: Kind, batch: Batch, naive: ToUtc | None, *, cautious: bool
) -> int:
    with database.transaction() as connection:
        entry = lock(connection, source, kind)
        start, end = batch.rows.start, batch.rows.end
        if entry.rows_read >= end:
            return entry.rows_read
        if entry.rows_read < start:
            raise InputError(
                f"Another command began to load {source.name} again; run this one again after it."
            )
        if entry.rows_read > start or cautious:
            batch = type(batch).parse(batch.rows.since(entry.rows_read), naive)
        advance(connection, entry.file_id, batch.rows, batch.merge(connection, cautious=cautious))
        return end


def _report(
    source: Source, kind: Kind, entry: Entry, started: float, *, already_loaded: bool = False
) -> LoadReport:
    return LoadReport(
        name=source.name,
        kind=kind,
        rows_read=entry.rows_read,
        rows_new=0 if already_loaded else entry.rows_new,
        rows_duplicate=entry.rows_read if already_loaded else entry.rows_duplicate,
        rows_rejected=entry.rows_rejected,
        seconds=time.monotonic() - started,
        already_loaded=already_loaded,
    )
