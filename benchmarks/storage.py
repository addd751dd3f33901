"""Bytes per trade and time to read one account's month, for several layouts of the same trades."""

import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from _database import scratch
from _layouts import ENGINE, LAYOUTS, Layout, block, source
from _trades import write_trades
from sqlalchemy import Connection, TextClause

from timeseries.database import Database, driver
from timeseries.ingest import load
from timeseries.terminal import render_table, say

PAGE = Path(__file__).parents[1] / "docs" / "storage.md"
MONTHS = 200
READINGS = 5  # of each month; the best is the one that nobody else disturbed
COLUMNS = ("layout", "bytes/trade", "before", "chunks", "compress s", "month ms")

Table = tuple[Sequence[str], Sequence[Sequence[str]]]


@dataclass(frozen=True)
class Measured:
    """What a layout came to; bytes with indexes and TOAST, milliseconds as the client waits."""

    name: str
    trades: int
    before: int
    after: int
    chunks: int
    compressing: float
    reading: float

    @property
    def row(self) -> tuple[str, ...]:
        """As it is printed, per trade."""
        after, before = (f"{size / self.trades:.1f}" for size in (self.after, self.before))
        return (
            self.name,
            after,
            before,
            str(self.chunks),
            f"{self.compressing:.1f}",
            f"{self.reading * 1000:.1f}",
        )


@contextmanager
def prepared(database_url: str | None) -> Iterator[Database]:
    """A scratch database with what measuring needs."""
    with scratch(database_url) as database:
        with database.transaction() as connection:
            driver(connection).execute(source("tools"))
        yield database


# ---- measuring


def load_firm(database: Database, trades: int, days: int) -> int:
    """Load a demo firm of about so many trades into the engine's table; how many came in."""
    with TemporaryDirectory() as directory:
        files = write_trades(Path(directory), trades=trades, days=days)
        for kind in ("plans", "accounts", "trades"):
            report = load(database, kind, getattr(files, kind))
    return report.rows_new


def measure(database: Database, layout: Layout, trades: int) -> Measured:
    """Fill, compress and read a layout; nothing of it is left, save of the engine's own table."""
    table = "trades" if layout is ENGINE else "trial"
    if layout is not ENGINE:
        _fill(database, layout)
    with database.transaction() as connection:
        before, _ = _size(connection, table)
    compressing = _compress(database, table, layout.sparse)
    with database.autocommit() as connection:
        connection.execute(block(f"settle_{table}"))
    with database.transaction() as connection:
        after, chunks = _size(connection, table)
        reading = _read(connection, layout)
        if layout is not ENGINE:
            connection.execute(block("drop_trial"))
    return Measured(layout.name, trades, before, after, chunks, compressing, reading)


def _fill(database: Database, layout: Layout) -> None:
    with database.transaction() as connection:
        driver(connection).execute(source(f"{layout.columns}_table"))
        connection.execute(block(f"{layout.columns}_hypertable"), {"days": layout.days})
        connection.execute(block("lay_out"), {"segmentby": layout.segmentby, "orderby": layout.orderby})
        connection.execute(block(f"{layout.columns}_fill"))


def _compress(database: Database, table: str, sparse: bool) -> float:
    started = time.perf_counter()
    with database.transaction() as connection:
        chunks = connection.scalars(block("chunks"), {"hypertable": table}).all()
    for chunk in chunks:
        with database.transaction() as connection:
            if not sparse:
                connection.execute(block("without_sparse_indexes"))
            connection.execute(block("compress_chunk"), {"chunk": chunk})
    return time.perf_counter() - started


def _size(connection: Connection, table: str) -> tuple[int, int]:
    size = connection.execute(block("size"), {"hypertable": table}).one()
    return size.bytes, size.chunks


def _read(connection: Connection, layout: Layout) -> float:
    """Median seconds of an account-month, each the best of several readings after a first one."""
    months = [dict(row) for row in connection.execute(block("account_months"), {"months": MONTHS}).mappings()]
    statement = block(f"{layout.columns}_read")
    passes = [[_seconds(connection, statement, month) for month in months] for _ in range(1 + READINGS)]
    best: list[float] = [min(readings) for readings in zip(*passes[1:], strict=True)]
    return statistics.median(best)


def _seconds(connection: Connection, statement: TextClause, month: dict[str, object]) -> float:
    started = time.perf_counter()
    connection.execute(statement, month).all()
    return time.perf_counter() - started


def column_bytes(database: Database, table: str, trades: int) -> list[tuple[str, str]]:
    """Bytes per trade of every column of the compressed chunks, the largest first."""
    with database.transaction() as connection:
        found = connection.execute(block("columns"), {"hypertable": table}).all()
    return [(row.column_name, f"{row.bytes / trades:.2f}") for row in found]


# ---- telling


def write_page(kind: str, title: str, tables: list[Table]) -> None:
    """Replace what the page says of this kind of database."""
    text = PAGE.read_text()
    begin, end = f"<!-- {kind}: begin -->\n", f"<!-- {kind}: end -->"
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    body = "\n".join(_markdown(*table) for table in tables)
    PAGE.write_text(f"{head}{begin}{title}\n\n{body}{end}{tail}")


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ("---",) + ("---:",) * (len(columns) - 1)
    return "".join(f"| {' | '.join(row)} |\n" for row in (columns, rule, *rows))


@click.command()
@click.option("--database-url", help="A TimescaleDB server; a scratch database is made there and dropped.")
@click.option("--trades", default=5_150_000, show_default=True, help="About so many.")
@click.option("--days", default=180, show_default=True, help="Weekdays of history.")
@click.option(
    "--only", multiple=True, help="Layouts whose name holds this; default: all, embedded: the engine's."
)
@click.option("--write", is_flag=True, help="Put the tables into docs/storage.md.")
def main(
    database_url: str | None,
    trades: int,
    days: int,
    only: tuple[str, ...],
    write: bool,
) -> None:
    """Measure the layouts on one demo firm and print a table."""
    only = only or (() if database_url else (ENGINE.name,))
    chosen = [layout for layout in LAYOUTS if not only or any(part in layout.name for part in only)]
    with prepared(database_url) as database:
        loaded = load_firm(database, trades, days)
        title = f"{loaded:,} trades, {days} weekdays."
        rows = []
        for layout in chosen:
            rows.append(measure(database, layout, loaded).row)
            say(" | ".join(rows[-1]))
            sys.stdout.flush()
        columns = column_bytes(database, "trades", loaded)
    render_table(COLUMNS, rows, title=title, left=("layout",))
    render_table(("column", "bytes/trade"), columns, left=("column",))
    if write:
        tables: list[Table] = [(COLUMNS, rows), (("column of the engine's table", "bytes/trade"), columns)]
        write_page("server" if database_url else "embedded", title, tables)


if __name__ == "__main__":
    main()
