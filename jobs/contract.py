"""What a job is."""

from collections.abc import Callable
from dataclasses import dataclass

from timeseries.config import Settings
from timeseries.database import Database

__all__ = ["Context", "Job", "Progress"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Context:
    """What a job works with.

    Attributes:
        progress: to be called with what is done, how many, of how many; also keeps the run's lease alive.
    """

    database: Database
    settings: Settings
    progress: Progress


@dataclass(frozen=True)
class Job:
    """A named piece of work with its schedule.

    Attributes:
        name: what people type.
        summary: one line for ``timeseries jobs list``.
        cron: five fields, UTC.
        run: does the work and returns the number of rows it touched.
    """

    name: str
    summary: str
    cron: str
    run: Callable[[Context], int]
