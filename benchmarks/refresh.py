"""What a few late trades cost, beside computing every daily metric of the firm from scratch.

Makes a demo firm, holds some of its trades back, loads the rest and compresses it. Then everything derived
is emptied and computed anew; then the held-back trades, scattered over the whole history, are loaded, and the
daily metrics refreshed, and at last the aggregates. Without a URL the database is an embedded one of its own.
"""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from _database import scratch
from sqlalchemy import text

from timeseries.database import Database, compress
from timeseries.demo import generate
from timeseries.ingest import Kind, load
from timeseries.metrics import refresh_aggregates, refresh_metrics
from timeseries.terminal import render_table, say

EMPTY = (
    "INSERT INTO stale_days (account_id, trading_day) SELECT account_id, trading_day FROM daily_metrics",
    "TRUNCATE daily_metrics, trades_5m, equity_5m, trades_1d, equity_1d",
)


@click.command()
@click.option("--database-url", help="A server whose user may create databases; by default embedded.")
@click.option("--accounts", default=2000, show_default=True, help="Accounts of the demo firm.")
@click.option("--days", default=180, show_default=True, help="Its weekdays.")
@click.option("--late", default=1000, show_default=True, help="Trades that come late.")
@click.option("--rounds", default=3, show_default=True, help="How often trades come late; the median counts.")
def main(database_url: str | None, accounts: int, days: int, late: int, rounds: int) -> None:
    """Time a full rebuild, then a refresh after late trades, and print the shares."""
    with scratch(database_url) as database, TemporaryDirectory() as directory:
        held_back = _load_firm(database, Path(directory), accounts, days, late, rounds)
        with database.transaction() as connection:
            for command in EMPTY:
                connection.execute(text(command))
        rebuild = _seconds(lambda: refresh_metrics(database))
        steps = [_measure_late(database, path) for path in held_back]
        title = f"{accounts:,} accounts × {days} days, {late:,} late trades, median of {rounds} rounds"
    loaded, metrics, aggregates = np.median(np.array(steps), axis=0)
    rows = [
        _row("full rebuild: aggregates and daily metrics", rebuild, rebuild),
        _row("loading the late trades", loaded, rebuild),
        _row("daily metrics after them", metrics, rebuild),
        _row("aggregates after that", aggregates, rebuild),
        _row("daily metrics and aggregates", metrics + aggregates, rebuild),
    ]
    render_table(("step", "seconds", "of a rebuild"), rows, title=title, left=("step",))
    say("The first round finds the tables as a rebuild left them; later ones as late trades do.")


def _load_firm(
    database: Database, directory: Path, accounts: int, days: int, late: int, rounds: int
) -> list[Path]:
    firm = generate(directory, accounts=accounts, days=days)
    held_back = _hold_back([path for path in firm.trades if path.suffix == ".parquet"], late, rounds)
    for kind, paths in firm.files.items():
        for path in paths:
            load(database, Kind(kind), path)
    refresh_metrics(database)
    refresh_aggregates(database)
    compress(database)
    return held_back


def _hold_back(paths: list[Path], late: int, rounds: int) -> list[Path]:
    """Take random rows out of the files; returns files of their own, one a round."""
    tables = [pq.read_table(path) for path in paths]
    everything = pa.concat_tables(tables)
    chosen = np.random.default_rng(1).choice(everything.num_rows, late * rounds, replace=False)
    stays = np.ones(everything.num_rows, np.bool_)
    stays[chosen] = False
    start = 0
    for path, table in zip(paths, tables, strict=True):
        pq.write_table(table.filter(pa.array(stays[start : start + table.num_rows])), path)
        start += table.num_rows
    files = [paths[0].with_name(f"held-back-{number}.parquet") for number in range(rounds)]
    for path, rows in zip(files, np.split(chosen, rounds), strict=True):
        pq.write_table(everything.take(pa.array(rows)), path)
    return files


def _measure_late(database: Database, path: Path) -> tuple[float, float, float]:
    loaded = _seconds(lambda: load(database, Kind.TRADES, path))
    metrics = _seconds(lambda: refresh_metrics(database))
    return loaded, metrics, _seconds(lambda: refresh_aggregates(database))


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _row(step: str, seconds: float, rebuild: float) -> tuple[str, str, str]:
    return step, f"{seconds:.2f}", f"{seconds / rebuild:.1%}"


if __name__ == "__main__":
    main()
