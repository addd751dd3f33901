"""Running one job: claim, work, ledger."""

import logging
import time

from jobs.contract import Context, Job, Progress
from jobs.ledger import claim, finish, keep_alive
from timeseries.config import Settings
from timeseries.database import Database
from timeseries.errors import DatabaseError, TimeseriesError

__all__ = ["run_job"]

logger = logging.getLogger("timeseries.jobs")


def run_job(database: Database, settings: Settings, job: Job, *, progress: Progress | None = None) -> int:
    """Run a job now and return the number of rows it touched.

    Raises:
        JobError: another process is running it.
        TimeseriesError: what the job itself raised; the ledger has it too.
    """
    started = time.monotonic()
    run_id = claim(database, job.name)
    try:
        with keep_alive(database, run_id):
            rows = job.run(Context(database, settings, progress or _silent))
    except BaseException as error:
        _note_failure(database, run_id, error)
        raise
    finish(database, run_id, rows=rows)
    logger.info("job=%s run=%d rows=%d seconds=%.1f", job.name, run_id, rows, time.monotonic() - started)
    return rows


def _note_failure(database: Database, run_id: int, error: BaseException) -> None:
    said = str(error) if isinstance(error, TimeseriesError) else f"{type(error).__name__}: {error}"
    try:
        finish(database, run_id, error=said)
    except DatabaseError:
        logger.warning("run=%d failed and the database is gone; its lease will pass", run_id)


def _silent(what: str, done: int, total: int) -> None:
    """Progress for when nobody watches."""
