"""The scheduler: look what is due, claim it, have it run, stop what takes too long.

Any number of schedulers may look at one database: the ledger decides who runs what. The loop itself
never waits for a run; each has a watcher that needs no database to stop it, so a run that holds the only
session of the embedded database is stopped as well.
"""

import logging
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import BaseContext

from jobs.engine.contract import Job
from jobs.engine.ledger import Claim, claim, cut_off, fail
from jobs.engine.logs import run_context
from jobs.engine.looking import Look, look
from jobs.engine.planning import Standing, overtaken
from jobs.engine.runner import retries_of
from jobs.engine.schedules import jobs_of, schedules_of
from jobs.engine.worker import Work, Worker
from timeseries.config import Settings
from timeseries.database import Database
from timeseries.errors import DatabaseError, TimeseriesError

__all__ = ["Scheduler"]

logger = logging.getLogger("timeseries.jobs")
STOPPED = "it was stopped with its scheduler"
LOOKS = 6
LOOK_SECONDS = 2.0


class Scheduler:
    """Runs what is due, each run in a process of its own.

    Attributes:
        looked_at: when it last looked at the database with success, by ``time.monotonic``; None: not yet.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        jobs: Mapping[str, Job],
        *,
        clock: Callable[[], datetime] | None = None,
        reopen: Callable[[], Database] | None = None,
        json_logs: bool = False,
        context: BaseContext | None = None,
    ) -> None:
        """Make a scheduler that has not looked yet.

        Args:
            database: with the ledger.
            settings: of the jobs.
            jobs: by name, in the order data pass through them.
            clock: the time that decides what is due; by default the database's.
            reopen: opens the database anew when it was lost, as an embedded one must be.
            json_logs: how its runs log.
            context: how processes are started; by default from a fork server that has loaded the jobs once.

        Raises:
            ConfigurationError: a schedule or a limit cannot be used.
        """
        self.settings = settings
        self.jobs = jobs_of(jobs, settings)
        self.schedules = schedules_of(jobs, settings)
        self.looked_at: float | None = None
        self._database = database
        self._clock = clock
        self._reopen = reopen
        self._json_logs = json_logs
        self._context = context or _fork_server(jobs)
        self._running: dict[int, Worker] = {}
        self._ended = threading.Condition()
        self._stopping = threading.Event()
        self._ending = False
        self._lost = False
        self._begun = 0
        self._unwritten: list[tuple[Claim, str, bool]] = []

    @property
    def database(self) -> Database:
        """The one in use; another object after it was lost and opened again."""
        return self._database

    def serve(self) -> None:
        """Look again and again until told to stop; then wait for the runs under way."""
        while not self._stopping.is_set():
            self.step()
            self._wait(self.settings.jobs.poll_seconds)
        self._let_finish()

    def run_due(self) -> Look:
        """Run what is due until nothing is, what must be waited for excepted.

        Raises:
            DatabaseError: no database answers.
        """
        again: set[tuple[str, datetime]] = set()
        while True:
            seen = self._patient_step()
            # What is due and could not be claimed is another scheduler's.
            idle = not (self._running or self._begun)
            if self._stopping.is_set() or (idle and not self._begin_again(seen, again)):
                self._let_finish()
                return seen
            self._wait(self.settings.jobs.poll_seconds)

    def _let_finish(self) -> None:
        if self._running:
            logger.info("stopping; %d under way finish first", len(self._running))
        while self._running:
            self._wait(1.0)

    def stop(self) -> None:
        """Begin nothing more; asked for a second time, also end what is under way.

        Others may take over at once what is ended so.
        """
        if self._stopping.is_set():
            self._ending = True  # a run that is being begun at this moment ends when it has
            for worker in list(self._running.values()):
                worker.end(STOPPED, blamed=False)
        self._stopping.set()
        with self._ended:
            self._ended.notify_all()

    def step(self) -> Look | None:
        """Look, and begin what is due as far as there are free workers; None while no database answers."""
        self._begun = 0
        try:
            self._write_down()
            now = self._clock() if self._clock else None
            seen = look(self._database, self.settings, self.jobs, self.schedules, now=now)
            for standing in seen.due:
                if self._may_begin(standing.job.name):
                    self._begun += self._begin(standing)
        except DatabaseError as error:
            self._reconnect(error)
            return None
        if self._lost:
            logger.info("the database answers again")
        self._lost = False
        self.looked_at = time.monotonic()
        return seen

    def _begin_again(self, seen: Look, tried: set[tuple[str, datetime]]) -> bool:
        """Begin the first job that was overtaken by one it follows: whoever leaves now sees to it no more.

        A window is tried once; where that fails, the next pass has it.
        """
        for standing in overtaken(seen.standings, seen.now):
            assert standing.window is not None
            key = standing.job.name, standing.window.start
            if key not in tried:
                tried.add(key)
                return self._begin(standing)
        return False

    def _patient_step(self) -> Look:
        """A lost database may be back in a moment: an embedded one has just been started again."""
        for place in range(LOOKS):
            if place and self._stopping.wait(LOOK_SECONDS):
                break
            seen = self.step()
            if seen is not None:
                return seen
        raise DatabaseError(f"No database answers at {self._database.name}; nothing more was begun.")

    def _may_begin(self, job: str) -> bool:
        """Not what it is running itself, even if that gives no sign of life: its watcher sees to it."""
        busy = {worker.work.claim.job for worker in list(self._running.values())}
        return job not in busy and len(busy) < self.settings.jobs.workers and not self._stopping.is_set()

    def _begin(self, standing: Standing) -> bool:
        assert standing.window is not None
        lease = timedelta(seconds=self.settings.jobs.lease_seconds)
        claimed = claim(self._database, standing.job.name, standing.window, lease=lease)
        if claimed is None:
            return False  # another scheduler was quicker
        database = self._database
        work = Work(database.url, database.embedded, self.settings, self.jobs, claimed, self._json_logs)
        worker = Worker(work, self._context)
        self._running[claimed.run_id] = worker
        name = f"watcher of run {claimed.run_id}"
        threading.Thread(target=self._watch, args=(worker,), daemon=True, name=name).start()
        if self._ending:
            worker.end(STOPPED, blamed=False)
        return True

    def _watch(self, worker: Worker) -> None:
        """Wait for a run, stop it at its limit, and write down how it ended where it could not itself."""
        claimed = worker.work.claim
        job = self.jobs[claimed.job]
        with run_context(claimed):
            error = worker.wait(job.limit)
            if error is not None:
                self._note_failure(job, claimed, error, blamed=worker.blamed)
        with self._ended:
            del self._running[claimed.run_id]
            self._ended.notify_all()

    def _note_failure(self, job: Job, claimed: Claim, error: str, *, blamed: bool) -> None:
        retries = retries_of(job, claimed.window)
        try:
            cut_off(self._database, claimed.run_id)
            fail(self._database, claimed.run_id, error, retries=retries, counts=blamed)
        except DatabaseError:
            logger.warning("%s of %s: %s, and the database is gone", job.name, claimed.window, error)
            # The first time that is the database's doing, and the window is tried again at once.
            blamed = blamed and claimed.attempt > 1
            self._unwritten.append((claimed, f"{error}: the database was gone", blamed))

    def _write_down(self) -> None:
        """How runs ended while there was no database to tell; their leases need not pass."""
        while self._unwritten:
            claimed, error, blamed = self._unwritten[0]
            retries = retries_of(self.jobs[claimed.job], claimed.window)
            fail(self._database, claimed.run_id, error, retries=retries, counts=blamed)
            self._unwritten.pop(0)

    def _wait(self, seconds: float) -> None:
        """Until a run ends, somebody says stop, or the time is over."""
        with self._ended:
            self._ended.wait(seconds)

    def _reconnect(self, error: DatabaseError) -> None:
        if not self._lost:
            logger.error("%s Looking for it again.", error)
        self._lost = True
        if self._reopen is not None:
            try:
                self._database = self._reopen()
            except TimeseriesError as failure:
                logger.debug("still no database: %s", failure)


def _fork_server(jobs: Mapping[str, Job]) -> BaseContext:
    """Starts processes from one that has loaded what the jobs need, once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(sorted({job.run.__module__ for job in jobs.values()}))
    # Ctrl-C reaches the whole group; one that comes while it loads would end it, and what was begun with it.
    resource_tracker.ensure_running()  # which would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context
