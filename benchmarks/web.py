"""What the HTTP API and the pages take: every read with fifty clients, and each page in a browser.

Starts `timeseries serve` on a database that holds a firm; on a server whose database holds none, that of
the demonstration is made first. Every read is asked in two manners: each client as soon as it is answered
(closed), which shows what the server can do, and each client once a second (paced), which is what a desk
does; times are counted from when a request was due, so a slow answer delays none of the figures of the
next. The clients are one process with one thread, so they never take more than one core; what they took is
shown. On a machine with few cores, clients, server and database share them.
"""

import json
import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from _web_load import Load, put_load
from _web_pages import Painted, paint
from _web_reads import REPORT, reads
from _web_server import Served, serve

from jobs.demo import run_demo
from timeseries.config import Settings
from timeseries.database import connect_database, upgrade
from timeseries.reads import overview
from timeseries.terminal import Bars, errors, render_table, say

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
ALONE_SECONDS = 2.0
TARGET = 100.0


@click.command()
@click.option("--database-url", help="A TimescaleDB server's database, empty or with a firm.")
@click.option("--data-dir", type=FOLDER, help="An embedded database that holds a firm.")
@click.option("--accounts", default=2000, show_default=True, help="Of the firm, where one is made.")
@click.option("--clients", default=50, show_default=True, type=click.IntRange(1))
@click.option("--seconds", default=5.0, show_default=True, help="For each read and manner.")
@click.option("--pool", default=8, show_default=True, help="Connections of the server to the database.")
@click.option("--only", default="", help="Only reads whose name contains this.")
@click.option("--loads", default=5, show_default=True, help="Of each page; 0: no browser.")
@click.option("--json", "path", type=click.Path(path_type=Path), help="Also write the figures here.")
def main(
    database_url: str | None,
    data_dir: Path | None,
    accounts: int,
    clients: int,
    seconds: float,
    pool: int,
    only: str,
    loads: int,
    path: Path | None,
) -> None:
    """Measure a served firm and print tables."""
    if (database_url is None) == (data_dir is None):
        raise click.UsageError("Give either --database-url or --data-dir.")
    if database_url is not None:
        _see_to_a_firm(database_url, accounts)
    with serve(database_url=database_url, data_dir=data_dir, pool=pool) as served:
        calls = reads(served.base, None)
        chosen = {name: paths for name, paths in calls.items() if only in name}
        figures: dict[str, object] = {"clients": clients, "seconds": seconds, "pool": pool}
        for manner, every in (("closed", None), ("paced", 1.0)):
            figures[manner] = _measure(served, chosen, clients, seconds, every, manner)
        alone = {name: calls[read] for name, read in REPORT.items() if read in chosen}
        figures["report"] = _measure(served, alone, 1, ALONE_SECONDS, None, "one client")
        if loads:
            figures["pages"] = _paint(served, calls, loads)
    if path is not None:
        path.write_text(json.dumps(figures, indent=2) + "\n")


def _see_to_a_firm(url: str, accounts: int) -> None:
    settings = Settings(database_url=url)
    database = connect_database(settings)
    with database.connection() as connection:
        upgrade(connection)
    if not overview(database, limit=1).total:
        with TemporaryDirectory() as directory, Bars() as bars:
            run_demo(database, settings, Path(directory), accounts=accounts, days=180, seed=7, progress=bars)
    database.close()


def _measure(
    served: Served,
    calls: Mapping[str, Sequence[str]],
    clients: int,
    seconds: float,
    every: float | None,
    manner: str,
) -> dict[str, dict[str, float]]:
    """Put the load on, one read after the other, and show it."""
    found = {}
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        for name, paths in calls.items():
            errors.print(f"{manner}: {name}")
            load = Load(served.base, paths, clients, seconds, every)
            # Pools, plans and caches of a server that has been up for a while.
            pool.submit(put_load, Load(served.base, paths, clients, min(1.0, seconds), every)).result()
            used = served.processor_seconds()
            measured = pool.submit(put_load, load).result()
            cores = (served.processor_seconds() - used) / (measured.requests / measured.rate)
            found[name] = asdict(measured) | {"server_cores": round(cores, 2)}
            found[name]["load_cores"] = round(measured.load_cores, 2)
    _show(found, f"{manner}, clients: {clients}; milliseconds")
    return found


def _show(found: Mapping[str, Mapping[str, float]], title: str) -> None:
    names = ("requests/s", "p50", "p95", "p99", "errors", "kB", "cores: server", "clients")
    keys = ("rate", "p50", "p95", "p99", "errors", "kilobytes", "server_cores", "load_cores")
    places = (0, 1, 1, 1, 0, 1, 2, 2)
    rows = [
        (name, *(f"{one[key]:,.{digits}f}" for key, digits in zip(keys, places, strict=True)))
        for name, one in found.items()
    ]
    render_table(("read", *names), rows, title=title, left=("read",))
    slow = [name for name, one in found.items() if not one["p95"] < TARGET]
    say(f"p95 not below {TARGET:.0f} ms: {', '.join(slow) or 'none'}.")


def _paint(served: Served, calls: Mapping[str, Sequence[str]], loads: int) -> list[dict[str, object]]:
    account = calls["account"][0].rsplit("/", 1)[1] if "account" in calls else None
    seen: list[Painted] = paint(served.base, account, loads)
    rows = [
        (
            one.page,
            "cold" if one.cold else "warm",
            *(f"{value:,.0f}" for value in (one.first, one.largest, one.worst, one.data)),
        )
        for one in seen
    ]
    columns = ("page", "cache", "first paint", "largest paint", "worst", "last data")
    render_table(columns, rows, title=f"milliseconds, median of {loads} loads", left=("page", "cache"))
    return [asdict(one) for one in seen]


if __name__ == "__main__":
    main()
