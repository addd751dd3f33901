"""Keeping the aggregates and the daily metrics true: only what changed is computed again."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from timeseries.database import Database, statement

__all__ = ["RefreshReport", "refresh_aggregates", "refresh_metrics"]

# Stale days computed in one transaction: some tens of megabytes, and a second or two.
BLOCK_DAYS = 40_000
AGGREGATES = {"trades_5m": "trades", "equity_5m": "equity", "trades_1d": "trades", "equity_1d": "equity"}
STEPS = (
    "create_calendar",
    "analyze_calendar",
    "create_work",
    "create_buckets",
    "analyze_work",
    "create_facts",
    "add_later_days",
    "merge_daily_metrics",
    "clear_stale_days",
)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class RefreshReport:
    """What a refresh did: how many stale account-days it computed."""

    account_days: int


def refresh_aggregates(database: Database, *, progress: Progress | None = None) -> None:
    """Bring the continuous aggregates up to date, the finest first.

    Nothing before the raw data still kept is touched, so what was made of dropped data stays.

    Args:
        progress: called with what is done, how many of how many.
    """
    with database.autocommit() as connection:
        since = {row.table: row.since for row in connection.execute(statement("metrics.first_kept_moments"))}
        for done, (name, table) in enumerate(AGGREGATES.items()):
            _tell(progress, "refreshing aggregates", done, len(AGGREGATES))
            if table in since:
                connection.execute(statement(f"metrics.refresh_{name}"), {"since": since[table]})
        connection.execute(statement("metrics.analyze_aggregates"))
        _tell(progress, "refreshing aggregates", len(AGGREGATES), len(AGGREGATES))


def refresh_metrics(database: Database, *, progress: Progress | None = None) -> RefreshReport:
    """Recompute the daily metrics of every stale day, and what later days carry forward from it.

    Works in blocks of accounts, each in one transaction with the stale marks it takes off, so a
    crash loses nothing and the next run goes on where this one ended. A day that is marked again
    while it is being computed stays marked.
    """
    with database.transaction() as connection:
        connection.execute(statement("metrics.mark_idle_days"))
        connection.execute(statement("metrics.analyze_stale_days"))
        blocks = connection.execute(statement("metrics.stale_blocks"), {"block": BLOCK_DAYS}).all()
    if not blocks:
        return RefreshReport(0)
    refresh_aggregates(database, progress=progress)
    total = int(sum(block.days for block in blocks))
    done = 0
    for block in blocks:
        _tell(progress, "computing daily metrics", done, total)
        with database.transaction() as connection:
            done += _refresh_block(connection, block.first_account, block.last_account)
    _tell(progress, "computing daily metrics", total, total)
    with database.transaction() as connection:
        connection.execute(statement("metrics.analyze_daily_metrics"))
    return RefreshReport(done)


def _refresh_block(connection: Connection, first_account: int, last_account: int) -> int:
    accounts = {"first_account": first_account, "last_account": last_account}
    rows = 0
    for step in STEPS:
        clause = statement(f"metrics.{step}")
        result = connection.execute(clause, {name: accounts[name] for name in clause.compile().params})
        rows = result.rowcount if step == "clear_stale_days" else rows
    return rows


def _tell(progress: Progress | None, what: str, done: int, total: int) -> None:
    if progress is not None:
        progress(what, done, total)
