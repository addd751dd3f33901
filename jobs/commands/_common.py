"""What the verbs share: which jobs are meant, and where they stand."""

from collections.abc import Iterable
from typing import Any

from jobs.engine import Look, Run, Window, jobs_of, look, schedules_of
from jobs.registry import JOBS
from timeseries.config import Settings
from timeseries.database import Database
from timeseries.errors import NotFound

__all__ = ["check_schedules", "known_job", "known_jobs", "look_now", "plain_run", "plain_window"]


def known_job(name: str) -> str:
    """The one job that somebody named.

    Raises:
        NotFound: there is no job of that name.
    """
    if name not in JOBS:
        raise NotFound(f"There is no job {name!r}; known: {', '.join(JOBS)}.")
    return name


def known_jobs(names: Iterable[str]) -> list[str]:
    """The jobs that somebody named, each once; ``all`` are all, in the order data pass through them.

    Raises:
        NotFound: there is no job of that name.
    """
    wanted = list(dict.fromkeys(names))
    if wanted == ["all"]:
        return list(JOBS)
    if "all" in wanted:
        raise NotFound("`all` stands alone: it means every job.")
    return [known_job(name) for name in wanted]


def check_schedules(settings: Settings) -> None:
    """Make sure, before a database is opened, that the settings' schedules and limits can be used.

    Raises:
        ConfigurationError: they cannot; with the line.
    """
    schedules_of(JOBS, settings)
    jobs_of(JOBS, settings)


def look_now(database: Database, settings: Settings) -> Look:
    """Where every job stands now."""
    return look(database, settings, jobs_of(JOBS, settings), schedules_of(JOBS, settings))


def plain_window(window: Window | None) -> dict[str, Any] | None:
    """A window as JSON can hold it."""
    return None if window is None else {"start": window.start, "end": window.end, "trading_day": window.day}


def plain_run(run: Run | None) -> dict[str, Any] | None:
    """An entry of the ledger as JSON can hold it."""
    return None if run is None else {**vars(run), "seconds": run.seconds}
