"""A run in a process of its own: so it can be stopped, and gives its memory back."""

import logging
import os
import signal
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import BaseContext

from jobs.engine.contract import Job
from jobs.engine.ledger import Claim, LeaseLost
from jobs.engine.logs import log_to_stderr
from jobs.engine.runner import work_off
from timeseries.config import Settings
from timeseries.database import Database
from timeseries.errors import TimeseriesError

__all__ = ["Work", "Worker"]

logger = logging.getLogger("timeseries.jobs")
DONE, FAILED, TAKEN_OVER = 0, 1, 2
PARENT_SECONDS = 1.0
END_SECONDS = 5.0


@dataclass(frozen=True)
class Work:
    """All that a worker process needs to know."""

    database_url: str
    embedded: bool
    settings: Settings
    jobs: Mapping[str, Job]
    claim: Claim
    json_logs: bool


class Worker:
    """A run under way in another process, which ends with this one.

    Attributes:
        work: what it does.
        blamed: whether a failure counts against the job.
    """

    def __init__(self, work: Work, context: BaseContext) -> None:
        self.work = work
        self.blamed = True
        self._reason: str | None = None
        # The kernel closes our end when this process dies, however it dies.
        theirs, self._lifeline = context.Pipe(duplex=False)
        self._process = context.Process(target=_run, args=(work, theirs))  # type: ignore[attr-defined]
        self._process.start()
        theirs.close()

    def wait(self, limit: timedelta) -> str | None:
        """Wait for its end, but not longer than a limit; returns why it failed, None if it did not."""
        self._process.join(limit.total_seconds())
        if self._process.is_alive():
            minutes = limit.total_seconds() / 60
            self.end(f"it was stopped at its limit of {minutes:g} minutes")
            self._process.join(END_SECONDS)
            self._process.kill()
            logger.error("%s of %s: %s", self.work.claim.job, self.work.claim.window, self._reason)
        self._process.join()
        self._lifeline.close()
        code = self._process.exitcode
        if code in (DONE, TAKEN_OVER):
            return None
        if self._reason is None and code != FAILED:
            self._reason = f"its process was ended from outside ({_signal_name(code)})"
            logger.error("%s of %s: %s", self.work.claim.job, self.work.claim.window, self._reason)
        return self._reason or "its process failed"

    def end(self, reason: str, *, blamed: bool = True) -> None:
        """Stop it; an open transaction is rolled back. Whoever waits for it learns the reason."""
        self._reason, self.blamed = reason, blamed
        self._process.terminate()


def _signal_name(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"


def _run(work: Work, lifeline: Pipe) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the scheduler decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    log_to_stderr(as_json=work.json_logs)
    database = Database(work.database_url, embedded=work.embedded)
    try:
        work_off(database, work.settings, work.jobs, work.claim)
    except LeaseLost:
        os._exit(TAKEN_OVER)
    except TimeseriesError:
        os._exit(FAILED)  # it has been logged, and the ledger knows
    except Exception:
        logger.debug("a job failed", exc_info=True)
        os._exit(FAILED)
    os._exit(DONE)


def _end_with(lifeline: Pipe) -> None:
    """Nobody else could stop the runs of a scheduler that died."""
    parent = os.getppid()
    with suppress(OSError):
        while not lifeline.poll(PARENT_SECONDS) and os.getppid() == parent:
            pass
    os._exit(FAILED)
