"""The ledger of runs: which windows of which jobs are done, and who is at work on what.

A claim is a row with a lease that a heartbeat extends. When its process dies the lease passes, and the
next to ask takes the window over. Whoever lost his lease can commit nothing more: every transaction of a
run ends with a look at its row, which holds it until the commit. A row in a table works on every
database; advisory locks do not.
"""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from jobs.engine.contract import Window
from timeseries.database import Database, run
from timeseries.errors import JobError

__all__ = [
    "Claim",
    "Facts",
    "GivenUp",
    "LeaseLost",
    "LeasedDatabase",
    "Run",
    "beat",
    "claim",
    "current_run",
    "cut_off",
    "database_of_run",
    "days_done",
    "fail",
    "finish",
    "given_up_days",
    "history",
    "last_runs",
    "pause",
    "read_facts",
    "resume",
    "settled_days",
    "this_process",
]


class LeaseLost(JobError):  # noqa: N818 - reads as the sentence it stands for
    """Another process has taken this run over, so nothing more of it may be stored."""


@dataclass(frozen=True)
class Claim:
    """The right to work off a window, for as long as the lease is extended."""

    run_id: int
    job: str
    window: Window
    attempt: int


@dataclass(frozen=True)
class Run:
    """One entry of the ledger; times are UTC."""

    run_id: int
    job: str
    window_start: datetime
    window_end: datetime
    trading_day: date | None
    attempt: int
    by_hand: bool
    state: str
    holder: str
    started_at: datetime
    finished_at: datetime | None
    progress: str | None
    rows: int | None
    error: str | None

    @property
    def window(self) -> Window:
        """What it answers for."""
        return Window(self.window_start, self.window_end, self.trading_day)

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return None if self.finished_at is None else (self.finished_at - self.started_at).total_seconds()


@dataclass(frozen=True)
class Facts:
    """What the ledger knows of a job at one moment; times are UTC, of the database's clock.

    Attributes:
        first_day: the first trading day that a scheduler began.
        done_until: where the newest finished window ends.
        failures: runs that failed since the last that was done.
        lost: those since then whose process died.
        window_failures: runs that failed since then of the window that failed last.
        failed_start: that window.
        first_started_at: when its first run began.
        first_start: where the window of that begins.
    """

    job: str
    now: datetime
    paused_at: datetime | None
    paused_by: str | None
    reason: str | None
    first_day: date | None
    done_until: datetime | None
    done_started_at: datetime | None
    done_finished_at: datetime | None
    running_start: datetime | None
    running_end: datetime | None
    running_day: date | None
    running_holder: str | None
    running_since: datetime | None
    running_progress: str | None
    lease_passed: bool | None
    failures: int
    lost: int
    window_failures: int
    failed_start: datetime | None
    failed_state: str | None
    error: str | None
    seconds_since_failure: float | None
    first_started_at: datetime | None
    first_start: datetime | None

    @property
    def running(self) -> Window | None:
        """The window that is being worked off; None when none is, or its process has died."""
        if self.running_start is None or self.running_end is None or self.lease_passed:
            return None
        return Window(self.running_start, self.running_end, self.running_day)


@dataclass(frozen=True)
class GivenUp:
    """A trading day that a job tried in vain, and that nobody has done since."""

    job: str
    trading_day: date
    attempts: int
    error: str | None


class LeasedDatabase(Database):
    """A database on which nothing can be committed once the run has lost its lease."""

    def __init__(self, database: Database, run_id: int) -> None:
        super().__init__(database.url, embedded=database.embedded, application=_application(run_id))
        self._run_id = run_id

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """As of any database; the lease is looked at, and held, at the end.

        Raises:
            LeaseLost: the run was taken over; the transaction is rolled back.
        """
        with super().transaction() as connection:
            yield connection
            if run(connection, "jobs.hold_lease", {"run_id": self._run_id}).first() is None:
                raise _lost(self._run_id)


def database_of_run(database: Database, run_id: int) -> Database:
    """The same database, through connections by whose name :func:`cut_off` finds them."""
    return Database(database.url, embedded=database.embedded, application=_application(run_id))


def _application(run_id: int) -> str:
    return f"timeseries run {run_id}"


@contextmanager
def _brief(database: Database) -> Iterator[Connection]:
    """A transaction for one entry of the ledger; who stops in it must not keep the others waiting."""
    with database.transaction() as connection:
        if not database.embedded:
            run(connection, "jobs.end_when_idle", {})
        yield connection


def cut_off(database: Database, run_id: int) -> None:
    """End what a run still does in the database: a server goes on with a statement whose process is gone."""
    if not database.embedded:
        with database.transaction() as connection:
            run(connection, "jobs.end_connections", {"application": _application(run_id)})


def this_process() -> str:
    """How the ledger names the holder of a run: its host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def claim(
    database: Database, job: str, window: Window, *, lease: timedelta, by_hand: bool = False
) -> Claim | None:
    """Begin a run of a window; None when the job is running or just being claimed, or the window is done.

    Args:
        database: with the ledger.
        job: its name.
        window: what to work off.
        lease: for how long a sign of life serves.
        by_hand: somebody asked for it: also a window that was done before.
    """
    wanted = {
        "job": job,
        "window_start": window.start,
        "window_end": window.end,
        "trading_day": window.day,
        "holder": this_process(),
        "lease": lease,
        "by_hand": by_hand,
    }
    with _brief(database) as connection:
        run(connection, "jobs.know", {"job": job})
        if run(connection, "jobs.hold" if by_hand else "jobs.hold_if_free", {"job": job}).first() is None:
            return None
        if not database.embedded:
            for dead in run(connection, "jobs.dead_runs", {"job": job}).scalars().all():
                run(connection, "jobs.end_connections", {"application": _application(dead)})
        run(connection, "jobs.give_up_dead_runs", {"job": job})
        row = run(connection, "jobs.claim_window", wanted).first()
    return None if row is None else Claim(row.run_id, job, window, row.attempt)


def beat(database: Database, run_id: int, *, lease: timedelta, progress: str | None) -> bool:
    """Extend a lease; False when it is lost."""
    with _brief(database) as connection:
        values = {"run_id": run_id, "lease": lease, "progress": progress}
        return run(connection, "jobs.beat", values).first() is not None


def finish(connection: Connection, run_id: int, rows: int) -> None:
    """Say that a run is done, in the transaction that stores its work.

    Raises:
        LeaseLost: it was taken over.
    """
    if run(connection, "jobs.finish", {"run_id": run_id, "rows": rows}).first() is None:
        raise _lost(run_id)


def _lost(run_id: int) -> LeaseLost:
    return LeaseLost(f"Run {run_id} was taken over by another process; its work is left to that.")


def fail(database: Database, run_id: int, error: str, *, retries: int, counts: bool = True) -> None:
    """Say that a run, if it is still under way, has failed.

    Args:
        database: with the ledger.
        run_id: the run.
        error: why, in a sentence.
        retries: after so many failures of the window before this one, it is given up.
        counts: False where the job is not to blame: its process was stopped.
    """
    values = {"run_id": run_id, "error": error, "retries": retries, "counts": counts}
    with _brief(database) as connection:
        run(connection, "jobs.fail", values)


def current_run(database: Database, job: str) -> tuple[str, datetime, datetime] | None:
    """Who is running a job, since when, and when its lease passes without another sign of life."""
    with database.transaction() as connection:
        row = run(connection, "jobs.current_run", {"job": job}).first()
    return None if row is None else (row.holder, row.started_at, row.lease_until)


def read_facts(database: Database, jobs: Sequence[str]) -> dict[str, Facts]:
    """What the ledger knows of some jobs, in their order."""
    with database.transaction() as connection:
        rows = run(connection, "jobs.facts", {"jobs": list(jobs)}).mappings().all()
    return {row["job"]: Facts(**row) for row in rows}


def settled_days(database: Database, since: date) -> dict[tuple[str, date], datetime]:
    """When each trading day from one on was done, or given up, by job and day."""
    with database.transaction() as connection:
        rows = run(connection, "jobs.settled_days", {"since": since}).all()
    return {(row.job, row.trading_day): row.finished_at for row in rows}


def given_up_days(database: Database, since: date) -> list[GivenUp]:
    """The trading days from one on that were given up and not done since, by job, the oldest first."""
    with database.transaction() as connection:
        rows = run(connection, "jobs.given_up_days", {"since": since}).mappings().all()
    return [GivenUp(**row) for row in rows]


def days_done(database: Database, job: str, since: date, until: date) -> set[date]:
    """The trading days from one to another that a job has done."""
    with database.transaction() as connection:
        return set(run(connection, "jobs.days_done", {"job": job, "since": since, "until": until}).scalars())


def pause(database: Database, job: str, *, by: str, reason: str | None = None) -> bool:
    """Let nobody claim a job; False when it was paused before. A run under way goes on."""
    with database.transaction() as connection:
        return run(connection, "jobs.pause", {"job": job, "by": by, "reason": reason}).first() is not None


def resume(database: Database, job: str) -> bool:
    """Let a job run again; False when it was not paused."""
    with database.transaction() as connection:
        return run(connection, "jobs.resume", {"job": job}).first() is not None


def last_runs(database: Database) -> dict[str, Run]:
    """The newest run of every job that ever ran."""
    with database.transaction() as connection:
        rows = run(connection, "jobs.last_runs", {}).mappings().all()
    return {row["job"]: Run(**row) for row in rows}


def history(
    database: Database, job: str | None = None, *, states: Sequence[str] | None = None, limit: int = 20
) -> list[Run]:
    """Runs, newest first, of a job or of all."""
    values = {"job": job, "states": list(states) if states else None, "limit": limit}
    with database.transaction() as connection:
        rows = run(connection, "jobs.history", values).mappings().all()
    return [Run(**row) for row in rows]
