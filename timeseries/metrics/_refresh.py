"""Keeping the daily metrics true: only what changed is computed again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from timeseries.database import Database, run, statement
from timeseries.metrics._aggregates import PendingRange, pending_ranges_on, refresh_aggregates

__all__ = ["RefreshReport", "refresh_metrics"]

# Days written in one transaction, those only carried forward included: some tens of megabytes.
BLOCK_DAYS = 80_000
# So many changed days are read from raw rows; for more, the aggregates are brought up to date and read.
RAW_DAYS = 5_000
# From so many computed days on, the planner's statistics are renewed.
MANY_DAYS = 5_000
MARKS = ("refresh.create_calendar", "refresh.analyze_calendar", "refresh.create_work")
STEPS = (
    "refresh.create_sources",
    "refresh.create_buckets",
    "refresh.analyze_work",
    "refresh.create_trade_buckets",
    "refresh.create_equity_buckets",
    "refresh.create_facts",
    "refresh.create_results",
    "rescoring.mark_rescoring",
    "refresh.merge_daily_metrics",
    "refresh.carry_forward",
    "refresh.clear_stale_days",
)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class RefreshReport:
    """What a refresh did: how many stale account-days it computed."""

    account_days: int


def refresh_metrics(database: Database, *, progress: Progress | None = None) -> RefreshReport:
    """Recompute the daily metrics of every stale day, and what later days carry forward from it.

    Of a stale day only what its mark names is counted again. Where an aggregate is out of date the raw rows
    are counted, so scattered late rows need no refresh of the aggregates' old ranges; those of the last seven
    days and of data never aggregated are brought up to date first. Beyond some thousand such days
    all of the aggregates is, as ``refresh_aggregates`` does.

    Works in blocks of accounts, each in one transaction with the stale marks it takes off, so a
    crash loses nothing and the next run goes on where this one ended. A day that is marked again
    while it is being computed stays marked. A scored day that comes out otherwise marks its account
    in ``rescoring`` in the same transaction.
    """
    refresh_aggregates(database, recent=True, progress=progress)
    with database.transaction() as connection:
        connection.execute(statement("stale_days.mark_idle_days"))
        connection.execute(statement("stale_days.analyze_stale_days"))
        blocks = connection.execute(statement("stale_days.stale_blocks"), {"block": BLOCK_DAYS}).all()
        total = int(sum(block.days for block in blocks))
        unread = _count_unread(connection) if total > RAW_DAYS else 0
    if unread > RAW_DAYS:
        refresh_aggregates(database, progress=progress)
    done = 0
    for block in blocks:
        _tell(progress, done, total)
        with database.transaction() as connection:
            done += _refresh_block(connection, block.first_account, block.last_account)
    if blocks:
        _tell(progress, total, total)
    if done > MANY_DAYS:
        with database.transaction() as connection:
            connection.execute(statement("refresh.analyze_daily_metrics"))
    return RefreshReport(done)


def _count_unread(connection: Connection) -> int:
    pending = _as_arrays(pending_ranges_on(connection))
    return int(connection.execute(statement("stale_days.count_unread"), pending).scalar_one())


def _refresh_block(connection: Connection, first_account: int, last_account: int) -> int:
    accounts = {"first_account": first_account, "last_account": last_account}
    connection.execute(statement("refresh.allow_memory"))
    _run(connection, MARKS, accounts)
    # Only now: what had changed when the marks were read is in the aggregates, or noted as pending.
    pending = _as_arrays(pending_ranges_on(connection))
    kept = {row.table: row.since for row in connection.execute(statement("stale_days.first_kept_moments"))}
    since = {f"{table}_kept": kept.get(table) for table in ("trades", "equity")}
    return _run(connection, STEPS, accounts | pending | since)


def _run(connection: Connection, steps: Sequence[str], parameters: dict[str, Any]) -> int:
    """Execute steps one after the other; returns the rows that the last one touched."""
    rows = 0
    for step in steps:
        rows = run(connection, step, parameters).rowcount
    return rows


def _as_arrays(pending: Sequence[PendingRange]) -> dict[str, Any]:
    return {
        "aggregates": [one.aggregate for one in pending],
        "since": [one.since for one in pending],
        "until": [one.until for one in pending],
    }


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress("computing daily metrics", done, total)
