"""The scheduler: APScheduler in the foreground, until it is told to stop."""

import logging
import signal
import threading
from collections.abc import Mapping
from types import FrameType

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from jobs.contract import Job
from jobs.runner import run_job
from timeseries.config import Settings
from timeseries.database import Database
from timeseries.errors import ConfigurationError, JobError, TimeseriesError

__all__ = ["check_schedules", "schedule_of", "serve"]

logger = logging.getLogger("timeseries.jobs")


def schedule_of(job: Job, settings: Settings) -> str:
    """The job's cron expression, the configured one first."""
    return settings.schedules.get(job.name, job.cron)


def check_schedules(jobs: Mapping[str, Job], settings: Settings) -> None:
    """Refuse schedules that name no job or are no cron expression.

    Raises:
        ConfigurationError: with the entry that is wrong.
    """
    for name, cron in settings.schedules.items():
        if name not in jobs:
            raise ConfigurationError(f"[schedules] {name}: there is no such job; known: {', '.join(jobs)}.")
        try:
            CronTrigger.from_crontab(cron, timezone="UTC")
        except ValueError as error:
            raise ConfigurationError(
                f"[schedules] {name}: {cron!r} is no cron expression of five fields ({error})."
            ) from error


def serve(database: Database, settings: Settings, jobs: Mapping[str, Job]) -> None:
    """Run the jobs at their times until SIGTERM or SIGINT; a job under way is finished first.

    Raises:
        ConfigurationError: a schedule cannot be used.
    """
    check_schedules(jobs, settings)
    # One thread: on the embedded database two jobs at once would only wait for each other.
    scheduler = BackgroundScheduler(
        timezone="UTC", executors={"default": {"type": "threadpool", "max_workers": 1}}
    )
    for job in jobs.values():
        scheduler.add_job(
            _run_quietly,
            CronTrigger.from_crontab(schedule_of(job, settings), timezone="UTC"),
            args=(database, settings, job),
            id=job.name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
    stopping = _stop_on_signals()
    scheduler.start()
    logger.info("scheduler started with %s", ", ".join(jobs))
    stopping.wait()
    logger.info("stopping; a job under way is finished first")
    scheduler.shutdown(wait=True)


def _run_quietly(database: Database, settings: Settings, job: Job) -> None:
    try:
        run_job(database, settings, job)
    except JobError as error:
        logger.info("job=%s skipped: %s", job.name, error)
    except TimeseriesError as error:
        logger.error("job=%s failed: %s", job.name, error)


def _stop_on_signals() -> threading.Event:
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return stopping
