"""What is read of a database for one answer."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from jobs.engine import Look, Scheduler, look
from timeseries.config import Settings
from timeseries.database import Database, Policy, policies, run
from timeseries.health import Observation, observations

__all__ = ["Reading", "RunCounter", "read"]

# Numbers of runs are drawn before their rows can be seen, so a lower one may appear after a higher.
LATE_RUNS = 100
OBSERVED_WITHIN = timedelta(hours=1)


@dataclass(frozen=True)
class Reading:
    """A database at one moment.

    Attributes:
        runs: how many have ended since the counting began, by job and state.
        rows: how many rows the done ones of these touched, by job.
        outbox_pending: deliveries still to be made.
        stale_account_days: days of accounts whose metrics are to be recomputed, at most a million.
        observations: the newest of each host within the last hour, the oldest first.
    """

    look: Look
    runs: Mapping[tuple[str, str], int]
    rows: Mapping[str, int]
    outbox_pending: int
    stale_account_days: int
    policies: list[Policy]
    observations: list[Observation]


class RunCounter:
    """Counts the runs that end, whoever ran them, from its first look at the ledger on.

    Counting the ledger's rows would not do: old ones are forgotten, and a counter that falls by one looks to
    Prometheus as if it had been started anew, and all the others had come again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._first: int | None = None
        self._known: set[int] = set()
        self._runs: Counter[tuple[str, str]] = Counter()
        self._rows: Counter[str] = Counter()

    def read(self, database: Database) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
        """Ended runs by job and state, and rows touched by job, since the first call.

        Raises:
            DatabaseError: the database cannot be read.
        """
        with database.transaction() as connection:
            ends = run(connection, "job_metrics.ends", {}).one()
            oldest = ends.newest if ends.oldest_running is None else ends.oldest_running
            first = min(oldest, ends.newest - LATE_RUNS)
            begin = first if self._first is None else self._first
            ended = run(connection, "job_metrics.ended_runs", {"first": begin}).all()
        with self._lock:
            self._count(ended, first)
            return dict(self._runs), dict(self._rows)

    def _count(self, ended: Sequence[Row[Any]], first: int) -> None:
        """A read that was abandoned may come after later ones, and must undo nothing."""
        new = [] if self._first is None else [one for one in ended if one.run_id not in self._known]
        self._runs.update((one.job, one.state) for one in new)
        for one in new:
            self._rows[one.job] += one.rows
        self._first = first if self._first is None else max(first, self._first)
        known = self._known.union(one.run_id for one in ended)
        self._known = {run_id for run_id in known if run_id >= self._first}


def read(database: Database, settings: Settings, scheduler: Scheduler, counter: RunCounter) -> Reading:
    """Read what the metrics and the health are made of.

    Raises:
        DatabaseError: the database cannot be read.
    """
    seen = look(database, settings, scheduler.jobs, scheduler.schedules)
    runs, rows = counter.read(database)
    with database.transaction() as connection:
        backlog = run(connection, "job_metrics.backlog", {}).one()
    observed = observations(database, since=seen.now - OBSERVED_WITHIN, until=seen.now)
    newest = {one.host: one for one in observed}
    return Reading(
        seen,
        runs,
        rows,
        backlog.outbox_pending,
        backlog.stale_account_days,
        policies(database),
        sorted(newest.values(), key=lambda one: one.observed_at),
    )
