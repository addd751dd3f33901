"""Rows a second: the engine on a file with repeats and broken rows, beside bare ways to fill the same table.

(a) raw binary COPY of rows that are ready: checked, converted, packed before the clock starts;
(b) the engine on the file: read, checked, looked up, merged, marked, the bad rows in the quarantine;
(c) timescaledb-parallel-copy's method: text COPY of ready rows to a temporary table, then
    INSERT … ON CONFLICT DO NOTHING;
(d) SQLAlchemy's bulk insert of ready rows, on a part of them.

Batches are about equally large. The engine runs as a program of its own, so that its memory can be told.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from _database import scratch
from _trades import write_trades
from sqlalchemy import MetaData, Table, insert, text

from timeseries.database import Database, driver
from timeseries.ingest import Kind, load
from timeseries.terminal import render_table, say

# The command line, and at its end the most memory it ever held.
PROGRAM = """
import re, sys
from cli import main
try:
    main()
finally:
    status = open("/proc/self/status").read()
    print(re.search(r"VmHWM:\\s+([0-9]+) kB", status)[1], file=sys.stderr)
"""
BLOCKS = re.split(r"^-- (\w+): .*$", Path(__file__).with_suffix(".sql").read_text(), flags=re.MULTILINE)
SQL = {
    name: text(body.strip().removesuffix(";")) for name, body in zip(BLOCKS[1::2], BLOCKS[2::2], strict=True)
}
BATCH = 100_000
ACCOUNTS_AT_ONCE = 5_000
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
WIDTHS = {
    "account_id": 4,
    "seconds_held": 4,
    "lots": 4,
    "symbol_id": 2,
    "side": 2,
    "price_digits": 2,
    "lot_digits": 2,
}

Columns = dict[str, np.ndarray]


@click.command()
@click.option("--database-url", help="A server whose user may create databases; by default embedded.")
@click.option("--trades", default=1_000_000, show_default=True, help="About so many trades in the file.")
@click.option("--workers", default="1", show_default=True, help="Numbers of connections to try: 1,2,4.")
@click.option("--rounds", default=3, show_default=True, help="How often each is timed; the best counts.")
@click.option("--bulk", default=50_000, show_default=True, help="Rows of the bulk insert.")
def main(database_url: str | None, trades: int, workers: str, rounds: int, bulk: int) -> None:
    """Load one file in every way, and print the ratios."""
    with TemporaryDirectory() as directory, scratch(database_url) as database:
        files = write_trades(Path(directory), trades=trades)
        for kind in (Kind.PLANS, Kind.ACCOUNTS):
            load(database, kind, getattr(files, kind))
        engine = [_engine(database, files.trades, int(number), rounds) for number in workers.split(",")]
        ready = _ready(database)
        count = len(ready["ticket"])
        packed, texts = _packed(ready), list(_texts(ready))
        raw = count / _best(rounds, database, lambda: _binary(database, packed))
        rows = [("(a) raw binary COPY", count, raw, "–")]
        rows += [(f"(b) the engine, {n} connection{'s' * (n > 1)}", r, s, f"{m} MB") for n, r, s, m in engine]
        merged = count / _best(rounds, database, lambda: _merge(database, texts))
        rows.append(("(c) text COPY, then INSERT", count, merged, "–"))
        few = {name: column[:bulk] for name, column in ready.items()}
        inserted = bulk / _best(1, database, lambda: _bulk(database, few))
        rows.append(("(d) SQLAlchemy bulk insert", bulk, inserted, "–"))
    table = [(name, f"{n:,}", f"{rate:,.0f}", f"{rate / raw:.2f}", memory) for name, n, rate, memory in rows]
    where = "a server" if database_url else "the embedded database"
    render_table(
        ("way", "rows", "rows/s", "of raw COPY", "peak memory"),
        table,
        title=f"Trades into {where}",
        left=("way",),
    )
    say("Rows of (b) are those of the file: with repeats, late and broken ones.")


def _engine(database: Database, path: Path, workers: int, rounds: int) -> tuple[int, int, float, int]:
    """Connections, rows, best rows a second, and peak memory of the loader in MB."""
    best, rows, memory = 0.0, 0, 0
    for _ in range(rounds):
        with database.transaction() as connection:
            connection.execute(SQL["empty"])
            connection.execute(SQL["unmark"])
        command = [
            sys.executable,
            "-c",
            PROGRAM,
            "--database-url",
            database.url,
            "ingest",
            "trades",
            str(path),
        ]
        done = subprocess.run(
            [*command, "--json", "--workers", str(workers)], check=True, capture_output=True
        )
        (report,) = json.loads(done.stdout)
        rows, best = report["rows_read"], max(best, report["rows_read"] / report["seconds"])
        memory = max(memory, int(done.stderr.split()[-1]) // 1000)
    return workers, rows, best, memory


def _ready(database: Database) -> Columns:
    parts: list[pa.Table] = []
    with database.transaction() as connection:
        last = connection.scalar(text("SELECT max(account_id) FROM accounts"))
        for first in range(1, last + 1, ACCOUNTS_AT_ONCE):
            bounds = {"first_account": first, "last_account": first + ACCOUNTS_AT_ONCE - 1}
            found = connection.execute(SQL["rows"], bounds)
            names = list(found.keys())
            parts.append(np.array(found.all(), np.int64).reshape(-1, len(names)))
    table = np.concatenate(parts)
    table = table[np.argsort(table[:, names.index("close_time")], kind="stable")]
    return {name: table[:, place] for place, name in enumerate(names)}


def _batches(ready: Columns) -> Iterator[Columns]:
    for start in range(0, len(ready["ticket"]), BATCH):
        yield {name: column[start : start + BATCH] for name, column in ready.items()}


def _packed(ready: Columns) -> list[bytes]:
    fields = [[(f"{name} bytes", ">i4"), (name, f">i{WIDTHS.get(name, 8)}")] for name in ready]
    shape = np.dtype([("fields", ">i2"), *(field for pair in fields for field in pair)])
    packed = []
    for batch in _batches(ready):
        rows = np.empty(len(batch["ticket"]), shape)
        rows["fields"] = len(batch)
        for name, column in batch.items():
            rows[f"{name} bytes"], rows[name] = WIDTHS.get(name, 8), column
        packed.append(HEADER + rows.tobytes() + b"\xff\xff")
    return packed


def _texts(ready: Columns) -> Iterator[bytes]:
    for batch in _batches(ready):
        moments = pa.array(batch["close_time"] + 946_684_800_000_000).cast(pa.timestamp("us", "UTC"))
        sink = pa.BufferOutputStream()
        pacsv.write_csv(
            pa.table(batch | {"close_time": moments}), sink, pacsv.WriteOptions(include_header=False)
        )
        yield sink.getvalue().to_pybytes()


def _best(rounds: int, database: Database, fill: Callable[[], None]) -> float:
    """Seconds of the quickest of some rounds, each into an empty table."""
    taken = []
    for _ in range(rounds):
        with database.transaction() as connection:
            driver(connection).execute(SQL["table"].text)
        started = time.monotonic()
        fill()
        taken.append(time.monotonic() - started)
        with database.transaction() as connection:
            connection.execute(SQL["drop"])
    return min(taken)


def _copy(database: Database, name: str, data: bytes, *, merge: bool) -> None:
    with database.transaction() as connection:
        if merge:
            connection.execute(SQL["staging"])
        with driver(connection).cursor() as cursor, cursor.copy(SQL[name].text) as copy:
            copy.write(data)
        if merge:
            connection.execute(SQL["merge"])


def _binary(database: Database, packed: list[bytes]) -> None:
    for data in packed:
        _copy(database, "binary", data, merge=False)


def _merge(database: Database, texts: list[bytes]) -> None:
    for data in texts:
        _copy(database, "text", data, merge=True)


def _bulk(database: Database, ready: Columns) -> None:
    table = Table("trial", MetaData(), autoload_with=database.engine)
    moments = (ready["close_time"] + 946_684_800_000_000).astype("datetime64[us]").astype(object)
    columns = {name: column.tolist() for name, column in ready.items()} | {"close_time": moments.tolist()}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    with database.transaction() as connection:
        connection.execute(insert(table), rows)


if __name__ == "__main__":
    main()
