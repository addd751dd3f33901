"""One run: claim a window, work it off, write down what came of it."""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta

from sqlalchemy import Connection

from jobs.engine.contract import Context, Job, Progress, Window
from jobs.engine.ledger import (
    Claim,
    LeasedDatabase,
    LeaseLost,
    beat,
    claim,
    current_run,
    database_of_run,
    fail,
    finish,
)
from jobs.engine.logs import run_context
from timeseries.config import Settings
from timeseries.database import Database
from timeseries.errors import DatabaseError, JobError, TimeseriesError

__all__ = ["retries_of", "run_window", "work_off"]

logger = logging.getLogger("timeseries.jobs")
BEATS_PER_LEASE = 4
AT_A_TERMINAL = " Run the command again."
NEVER_GIVEN_UP = 1_000_000


def run_window(
    database: Database,
    settings: Settings,
    jobs: Mapping[str, Job],
    name: str,
    window: Window,
    *,
    by_hand: bool = True,
    progress: Progress | None = None,
) -> int:
    """Run a job's window now, in this process, and return the number of rows it touched.

    Raises:
        JobError: another process is running the job, or has done the window and nobody asks again.
        TimeseriesError: what the job itself raised; the ledger has it too.
    """
    lease = timedelta(seconds=settings.jobs.lease_seconds)
    claimed = claim(database, name, window, lease=lease, by_hand=by_hand)
    if claimed is None:
        raise JobError(_refusal(database, name, window))
    return work_off(database, settings, jobs, claimed, progress=progress)


def work_off(
    database: Database,
    settings: Settings,
    jobs: Mapping[str, Job],
    claimed: Claim,
    *,
    progress: Progress | None = None,
) -> int:
    """Do the work of a claimed window and return the number of rows it touched.

    Raises:
        LeaseLost: another process has taken the window over.
        TimeseriesError: what the job itself raised; the ledger has it too.
    """
    job = jobs[claimed.job]
    with run_context(claimed):
        began = time.monotonic()
        try:
            rows = _work(database, settings, jobs, claimed, progress)
        except LeaseLost:
            logger.warning("%s of %s was taken over by another process", job.name, claimed.window)
            raise
        except BaseException as error:
            _note_failure(database, job, claimed, error)
            raise
        seconds = time.monotonic() - began
        extra = {"rows": rows, "seconds": round(seconds, 3)}
        logger.info("%s of %s: done, %d rows in %.1f s", job.name, claimed.window, rows, seconds, extra=extra)
        return rows


def retries_of(job: Job, window: Window) -> int:
    """How often a window is tried again: those of the clock until done, for the next would be the same."""
    return job.retries if window.day is not None else NEVER_GIVEN_UP


def _work(
    database: Database,
    settings: Settings,
    jobs: Mapping[str, Job],
    claimed: Claim,
    progress: Progress | None,
) -> int:
    unleased = database_of_run(database, claimed.run_id)
    leased = LeasedDatabase(database, claimed.run_id)
    completed: list[int] = []

    def complete(connection: Connection, rows: int) -> None:
        finish(connection, claimed.run_id, rows)
        completed.append(rows)

    with _alive(unleased, claimed, settings) as told:

        def tell(what: str, done: int, total: int) -> None:
            told.say(f"{what} {done}/{total}")
            if progress is not None:
                progress(what, done, total)

        context = Context(leased, unleased, settings, jobs, claimed.window, tell, complete)
        rows = jobs[claimed.job].run(context)
    if not completed:
        with leased.transaction() as connection:
            finish(connection, claimed.run_id, rows)
    return rows


@contextmanager
def _alive(database: Database, claimed: Claim, settings: Settings) -> Iterator["_Newest"]:
    """Extend the lease from a thread for as long as the block runs; what is said goes with the heartbeat."""
    lease = timedelta(seconds=settings.jobs.lease_seconds)
    ended, told = threading.Event(), _Newest()

    def keep_beating() -> None:
        while not ended.wait(settings.jobs.lease_seconds / BEATS_PER_LEASE):
            # A lost database is met by the job itself, which says so.
            with suppress(DatabaseError):
                beat(database, claimed.run_id, lease=lease, progress=told.text)

    thread = threading.Thread(target=keep_beating, daemon=True, name=f"lease of run {claimed.run_id}")
    thread.start()
    try:
        yield told
    finally:
        ended.set()


class _Newest:
    """The last thing that was said."""

    text: str | None = None

    def say(self, text: str) -> None:
        self.text = text


def _note_failure(database: Database, job: Job, claimed: Claim, error: BaseException) -> None:
    # Advice for who sits at a terminal; what the ledger tells is tried again by a scheduler.
    said = (
        str(error).removesuffix(AT_A_TERMINAL)
        if isinstance(error, TimeseriesError)
        else f"{type(error).__name__}: {error}"
    )
    asked_to_stop = isinstance(error, KeyboardInterrupt)
    logger.error("%s of %s failed: %s", job.name, claimed.window, said)
    try:
        text = (str(error) or "stopped by hand") if asked_to_stop else said
        fail(
            database, claimed.run_id, text, retries=retries_of(job, claimed.window), counts=not asked_to_stop
        )
    except DatabaseError:
        logger.warning("the database is gone too; the lease of run %d will pass", claimed.run_id)


def _refusal(database: Database, job: str, window: Window) -> str:
    other = current_run(database, job)
    if other is None:
        return f"The job {job} has done {window} already."
    holder, since, until = other
    return (
        f"The job {job} is being run by {holder} since {since:%H:%M:%S} UTC; wait for it. "
        f"If it has died, the job is free from {until:%H:%M:%S} UTC on."
    )
