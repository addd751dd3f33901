"""Marks of what must be scored again because the metrics below it changed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection

from timeseries.database import Database, statement

__all__ = ["Complete", "Marks", "read_marks", "settle"]

# Told the rows touched, within the transaction that stores them.
Complete = Callable[[Connection, int], None]

# Days further back are not scored again: nobody acts upon them any more.
FURTHEST_DAYS = 60


@dataclass(frozen=True)
class Marks:
    """The accounts that wait for being scored again, as a run found them before it read anything else.

    Attributes:
        kind: ``anomaly``, ``rule``, ``forecast`` or ``outcome``.
        until: the last day that the run scores.
        account_ids: the accounts.
        since: for each, the first day that changed.
        marked_at: for each, when it was marked last; UTC.
    """

    kind: str
    until: date
    account_ids: list[int]
    since: list[date]
    marked_at: list[datetime]

    @property
    def days(self) -> int:
        """How many weekdays up to ``until`` to score again: from the oldest mark on, but 60 at most."""
        if not self.since:
            return 0
        count = int(np.busday_count(min(self.since), self.until + timedelta(days=1)))
        return min(count, FURTHEST_DAYS)

    def out_of_reach(self, first_day: date) -> set[int]:
        """Accounts of which days before the first one scored changed too."""
        found = zip(self.account_ids, self.since, strict=True)
        return {account_id for account_id, since in found if since < first_day}


def read_marks(database: Database, kind: str, until: date) -> Marks:
    """The marks that a run up to a day settles; none when later days have been scored already."""
    with database.transaction() as connection:
        newest = connection.scalar(statement("rescoring.newest_scored"), {"kind": kind})
        rows: list[Any] = []
        if newest is not None and until >= newest:
            rows = list(connection.execute(statement("rescoring.marks"), {"kind": kind}))
    columns = ([getattr(row, name) for row in rows] for name in ("account_id", "since", "marked_at"))
    return Marks(kind, until, *columns)


def settle(connection: Connection, marks: Marks, days: list[date]) -> None:
    """Note the days just scored, and take off the marks that the run began with.

    To be called before anything is stored: another run that scores one of these days waits here, and then
    finds what this one stored, to put its own in place of it.
    """
    connection.execute(statement("rescoring.note_scored"), {"kind": marks.kind, "days": days})
    connection.execute(
        statement("rescoring.take_off_marks"),
        {"kind": marks.kind, "account_ids": marks.account_ids, "marked_at": marks.marked_at},
    )
