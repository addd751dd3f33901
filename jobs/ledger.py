"""The ledger of runs: one entry a run, at most one run of a job under way.

A run holds a lease that its heartbeat extends. When its process dies the lease passes, and the
next one to ask takes over. A row in a table works on every database; advisory locks do not.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from timeseries.database import Database, statement
from timeseries.errors import DatabaseError, JobError

__all__ = ["Run", "claim", "finish", "history", "keep_alive", "last_runs"]

LEASE = timedelta(minutes=10)
HEARTBEAT_SECONDS = 60.0


@dataclass(frozen=True)
class Run:
    """One entry of the ledger; times are UTC."""

    job: str
    state: str
    holder: str
    started_at: datetime
    finished_at: datetime | None
    rows: int | None
    error: str | None
    run_id: int | None = None


def claim(database: Database, job: str) -> int:
    """Begin a run and return its number.

    Raises:
        JobError: another process is running this job.
    """
    with database.transaction() as connection:
        connection.execute(statement("jobs.give_up_dead_runs"), {"job": job})
        claimed = {"job": job, "holder": f"{socket.gethostname()}:{os.getpid()}", "lease": LEASE}
        run_id: int | None = connection.scalar(statement("jobs.claim_run"), claimed)
        if run_id is None:
            other = connection.execute(statement("jobs.current_run"), {"job": job}).first()
            who = f"{other.holder} since {other.started_at:%H:%M:%S} UTC" if other else "another process"
            raise JobError(f"The job {job} is being run by {who}; wait for it, or for its lease to pass.")
    return run_id


def finish(database: Database, run_id: int, *, rows: int | None = None, error: str | None = None) -> None:
    """Close an entry: done with its rows, or failed with its error."""
    state = "failed" if error else "done"
    with database.transaction() as connection:
        connection.execute(
            statement("jobs.finish_run"), {"run_id": run_id, "state": state, "rows": rows, "error": error}
        )


@contextmanager
def keep_alive(database: Database, run_id: int) -> Iterator[None]:
    """Extend the lease from a thread for as long as the block runs."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(HEARTBEAT_SECONDS):
            try:
                with database.transaction() as connection:
                    connection.execute(statement("jobs.extend_lease"), {"run_id": run_id, "lease": LEASE})
            except DatabaseError:
                continue  # the job itself will meet the lost database and say so

    thread = threading.Thread(target=beat, daemon=True, name=f"lease of run {run_id}")
    thread.start()
    try:
        yield
    finally:
        ended.set()


def last_runs(database: Database) -> dict[str, Run]:
    """The newest run of every job that ever ran."""
    with database.transaction() as connection:
        rows = connection.execute(statement("jobs.last_runs")).mappings().all()
    return {row["job"]: Run(**row) for row in rows}


def history(database: Database, job: str | None = None, *, limit: int = 20) -> list[Run]:
    """Runs, newest first."""
    with database.transaction() as connection:
        rows = connection.execute(statement("jobs.history"), {"job": job, "limit": limit}).mappings().all()
    return [Run(**row) for row in rows]
