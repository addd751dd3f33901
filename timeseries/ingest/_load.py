"""Loading a file: batches, each in one transaction with its place in the ledger."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from timeseries.database import Database
from timeseries.ingest._csv import read_csv
from timeseries.ingest._kind import Kind
from timeseries.ingest._ledger import Entry, claim, finish, standing
from timeseries.ingest._options import LoadOptions
from timeseries.ingest._parquet import parquet_rows, read_parquet
from timeseries.ingest._report import Counts, LoadReport
from timeseries.ingest._rows import Rows
from timeseries.ingest._source import Format, Source, inspect
from timeseries.ingest._statement import load_statement
from timeseries.ingest._times import to_utc
from timeseries.ingest._workers import Load, work

__all__ = ["Progress", "load"]

# Rows done, and how many there are in all if that is known.
Progress = Callable[[int, int | None], None]

MOST_WORKERS = 4
DIVIDED = (Kind.TRADES, Kind.EQUITY)  # the others are few, and refer to one another
BYTES_A_WORKER = 32 << 20  # a smaller file is done before the workers have met


def load(
    database: Database,
    kind: Kind | str,
    path: Path,
    *,
    options: LoadOptions | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> LoadReport:
    """Load a file; what is there already is left alone, and bad rows go to the quarantine.

    Some hundred thousand rows are committed at a time, so that a load that is broken off goes on
    where it ended when the same file is loaded again. A file that was loaded without a rejection
    is not read twice; one with rejections is, for what its rows lacked may have come.

    A ticket that comes again with other values is a correction, one marked ``cancelled`` is taken
    out; see ``merge_trades`` for which version is in force.

    Args:
        database: where to.
        kind: plans, accounts, trades or equity.
        path: CSV, gzip CSV, Parquet, or for trades an MT4 statement; told apart by content.
        options: ``StatementOptions`` says more about an MT4 statement.
        workers: connections that share the accounts of trades or equity between them; by default as many
            as the size of the file is worth on a server, and one on the embedded database, which has no more.
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
        entry = claim(connection, source, kind, parts=_parts(database, kind, source, workers))
    if entry.state == "loaded":
        return _report(source, kind, entry, started, already_loaded=True)
    work(Load(database, kind, entry, naive, _counting(progress, total)), rows)
    with database.transaction() as connection:
        finish(connection, entry.file_id)
        return _report(source, kind, standing(connection, entry), started)


def _counting(progress: Progress | None, total: int | None) -> Callable[[int], None]:
    return lambda done: None if progress is None else progress(done, total)


def _rows(source: Source, kind: Kind) -> tuple[Iterator[Rows], int | None]:
    if source.format is Format.PARQUET:
        return read_parquet(source, kind), parquet_rows(source)
    return read_csv(source, kind), source.lines - 1


def _parts(database: Database, kind: Kind, source: Source, workers: int | None) -> int:
    if database.embedded or kind not in DIVIDED:
        return 1
    if workers is not None:
        return max(workers, 1)
    worth = 1 + source.path.stat().st_size // BYTES_A_WORKER
    return int(min(worth, MOST_WORKERS, os.cpu_count() or 1))


def _report(
    source: Source, kind: Kind, entry: Entry, started: float, *, already_loaded: bool = False
) -> LoadReport:
    counts = entry.counts
    if already_loaded:
        counts = Counts(rows_read=counts.rows_read, rows_duplicate=counts.rows_read)
    return LoadReport(
        **vars(counts),
        name=source.name,
        kind=kind,
        seconds=time.monotonic() - started,
        already_loaded=already_loaded,
    )
