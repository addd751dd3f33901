"""How long each named read takes, warm: the whole call, and its statements on a connection that stays open.

Without a URL it makes a demo firm in an embedded database of its own; with one it measures what that database
holds, and loads a demo firm first where it is empty.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import numpy.typing as npt
from _database import scratch
from sqlalchemy import event

from timeseries import reads
from timeseries.alerts import find_alerts
from timeseries.config import Settings
from timeseries.database import Database, compress, connect_database, upgrade
from timeseries.demo import generate
from timeseries.ingest import Kind, load
from timeseries.metrics import refresh_metrics
from timeseries.terminal import render_table, say

WARM_UP_CALLS = 5


@click.command()
@click.option("--database-url", help="A TimescaleDB server; by default an embedded database of its own.")
@click.option(
    "--accounts", default=2000, show_default=True, help="Accounts of the demo firm, where one is made."
)
@click.option("--days", default=180, show_default=True, help="Its weekdays.")
@click.option("--calls", default=200, show_default=True, type=click.IntRange(2), help="Calls of each read.")
def main(database_url: str | None, accounts: int, days: int, calls: int) -> None:
    """Time every named read and print median and 95th percentile in milliseconds."""
    with _database(database_url) as database:
        if not reads.overview(database, limit=1).total:
            _load_firm(database, accounts, days)
        standings = reads.overview(database, limit=1_000_000).accounts
        busiest = max((one for one in standings if one.last_trade_at), key=lambda one: one.net_profit)
        rows = [_measure(database, name, read, calls) for name, read in _reads(database, busiest).items()]
        title = f"{len(standings):,} accounts in {database.name}; milliseconds over {calls} calls"
    columns = ("read", "call: median", "p95", "statements: median", "p95")
    render_table(columns, rows, title=title, left=("read",))
    say(
        "A call opens a connection of its own; its statements alone are what it costs on one that stays open."
    )
    say("Those numbered 1 to 7 are the reads by which such engines are usually compared.")


@contextmanager
def _database(url: str | None) -> Iterator[Database]:
    if url is not None:
        database = connect_database(Settings(database_url=url))
        with database.connection() as connection:
            upgrade(connection)
        yield database
        return
    with scratch(None) as database:
        yield database


def _load_firm(database: Database, accounts: int, days: int) -> None:
    with TemporaryDirectory() as directory:
        for kind, paths in generate(Path(directory), accounts=accounts, days=days, seed=7).files.items():
            for path in paths:
                load(database, Kind(kind), path)
    refresh_metrics(database)
    compress(database)


def _reads(database: Database, one: reads.AccountStanding) -> dict[str, Callable[[], object]]:
    assert one.last_trade_at is not None
    account, group = one.account, one.account_group
    since, until = one.last_trade_at - timedelta(days=30), one.last_trade_at
    return {
        "1 an account's daily metrics": lambda: reads.account_days(database, account),
        "2 30 days of trading, account": lambda: reads.trade_summary(database, account=account),
        "30 days of trading, group": lambda: reads.trade_summary(database, group=group),
        "30 days of trading, firm": lambda: reads.trade_summary(database),
        "3 overview of 100 accounts": lambda: reads.overview(database, limit=100),
        "overview of the 100 riskiest": lambda: reads.overview(database, sort="risk", status="active"),
        "30 days by symbol, account": lambda: reads.symbol_performance(database, account=account),
        "4 30 days by symbol, firm": lambda: reads.symbol_performance(database),
        "5 feature rows of a day": lambda: reads.feature_rows(database),
        "6 groups side by side, 30 days": lambda: reads.group_comparison(database),
        "7 latest equity": lambda: reads.latest_equity(database, account),
        "open positions": lambda: reads.open_positions(database, account),
        "an account's trades of a month": lambda: reads.account_trades(
            database, account, since=since, until=until, limit=10_000
        ),
        "newest 100 trades": lambda: reads.account_trades(database, account),
        "freshness": lambda: reads.freshness(database, account),
        "freshness, firm": lambda: reads.freshness(database),
        **_drawn(database, account, one.last_trade_at),
    }


def _drawn(database: Database, account: str, newest: datetime) -> dict[str, Callable[[], object]]:
    """The reads that pages draw."""
    day, month = newest - timedelta(days=1), newest - timedelta(days=30)
    return {
        "equity of a day": lambda: reads.equity_series(database, account, since=day),
        "equity of a month": lambda: reads.equity_series(database, account, since=month),
        "equity, all of it": lambda: reads.equity_series(database, account),
        "an account's forecast": lambda: reads.account_forecast(database, account),
        "what was foretold of its days": lambda: reads.expected_days(database, account),
        "what came of its forecasts": lambda: reads.forecast_outcomes_of(database, account),
        "newest 100 findings": lambda: reads.find_findings(database),
        "50 alerts by rank": lambda: find_alerts(database, sort="rank"),
        "90 days of the firm": lambda: reads.firm_days(database),
        "hours of the week, account": lambda: reads.trading_hours(database, account=account),
        "hours of the week, firm": lambda: reads.trading_hours(database),
        "returns of cohorts": lambda: reads.cohort_returns(database),
        "payouts foretold": lambda: reads.payout_forecasts(database),
    }


def _measure(database: Database, name: str, read: Callable[[], object], calls: int) -> tuple[str, ...]:
    statements: list[tuple[str, Any]] = []

    def note(connection: object, cursor: object, statement: str, parameters: Any, *_: object) -> None:
        statements.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    read()
    event.remove(database.engine, "before_cursor_execute", note)
    whole = _times(read, calls)
    with database.transaction() as connection:

        def run() -> None:
            for statement, parameters in statements:
                connection.exec_driver_sql(statement, parameters).all()

        alone = _times(run, calls)
    return (name, *(f"{1000 * np.percentile(of, at):.1f}" for of in (whole, alone) for at in (50, 95)))


def _times(call: Callable[[], object], calls: int) -> npt.NDArray[np.float64]:
    for _ in range(WARM_UP_CALLS):
        call()
    seconds = np.empty(calls)
    for i in range(calls):
        begun = time.perf_counter()
        call()
        seconds[i] = time.perf_counter() - begun
    return seconds


if __name__ == "__main__":
    main()
