"""The continuous aggregates: what of them is out of date, and bringing that up to date."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from timeseries.database import Database, statement

__all__ = ["PendingRange", "pending_ranges", "pending_ranges_on", "refresh_aggregates"]

# The finest first: the daily ones are made of them.
AGGREGATES = ("trades_5m", "equity_5m", "trades_1d", "equity_1d")
# After more than this was computed, the planner's statistics are computed as well.
MUCH = timedelta(days=8)
# Newer TimescaleDB refuses a refresh while another is at work on the same days, such as a policy's.
LOCK_NOT_AVAILABLE = "55P03"
ATTEMPTS = 20
PAUSE_SECONDS = 1.0

Progress = Callable[[str, int, int], None]
logger = logging.getLogger("timeseries.metrics")


@dataclass(frozen=True)
class PendingRange:
    """A stretch of an aggregate that is known to be out of date.

    Attributes:
        aggregate: its name, such as ``trades_5m``.
        since: where it begins, UTC, on a bucket's edge.
        until: where it ends, UTC, exclusive.
    """

    aggregate: str
    since: datetime
    until: datetime


def pending_ranges(database: Database) -> list[PendingRange]:
    """What of each aggregate is known to be out of date, by aggregate and time; nothing when all is true.

    TimescaleDB notes one range for each transaction that changed old data, from the first to the last
    moment it touched, so a range may hold many buckets that are right. Clipped to where raw data lies.
    """
    with database.transaction() as connection:
        return pending_ranges_on(connection)


def pending_ranges_on(connection: Connection) -> list[PendingRange]:
    """The same within a transaction that is under way, as that transaction sees it."""
    # In this order: a refresh that begins meanwhile moves ranges from the logs to the interrupted ones.
    noted = list(connection.execute(statement("aggregates.logged_ranges")))
    if connection.scalar(statement("aggregates.keeps_interrupted_ranges")):
        noted += connection.execute(statement("aggregates.interrupted_ranges"))
    found = connection.execute(
        statement("aggregates.pending_ranges"),
        {
            "ids": [row.id for row in noted],
            "lowest": [row.lowest for row in noted],
            "greatest": [row.greatest for row in noted],
        },
    )
    return [PendingRange(row.aggregate, row.since, row.until) for row in found]


def refresh_aggregates(
    database: Database, *, recent: bool = False, progress: Progress | None = None
) -> list[PendingRange]:
    """Bring what is out of date in the continuous aggregates up to date, the finest first.

    Nothing before the raw data still kept is touched, so what was made of dropped data stays. Where another
    refresh is at work on the same days this one waits for it, and gives way after twenty seconds.

    Args:
        recent: only the last seven days, and whatever lies beyond what was ever computed. That is cheap;
            older ranges, which scattered late rows make long, are left for a call without it.
        progress: called with what is done, how many of how many.

    Returns:
        What was out of date in the aggregates that were refreshed.
    """
    with database.autocommit() as connection:
        windows = {row.aggregate: row for row in connection.execute(statement("aggregates.refresh_windows"))}
        since = {name: row.recent if recent else row.since for name, row in windows.items()}
        pending = [one for one in pending_ranges_on(connection) if one.until > since[one.aggregate]]
        due = [name for name in AGGREGATES if any(one.aggregate == name for one in pending)]
        for done, name in enumerate(due):
            _tell(progress, done, len(due))
            _refresh(connection, name, since[name])
        if any(one.until - max(one.since, since[one.aggregate]) > MUCH for one in pending):
            connection.execute(statement("aggregates.analyze_aggregates"))
        if due:
            _tell(progress, len(due), len(due))
    return pending


def _refresh(connection: Connection, aggregate: str, since: datetime) -> None:
    values = {"aggregate": aggregate, "since": since}
    for _ in range(ATTEMPTS):
        try:
            connection.execute(statement("aggregates.refresh_aggregate"), values)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return
    logger.warning("Another refresh of %s is under way: what it leaves stays pending.", aggregate)


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress("refreshing aggregates", done, total)
