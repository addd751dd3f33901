"""What a job is, and what it works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection

from timeseries.config import Settings
from timeseries.database import Database

__all__ = ["Context", "Job", "Progress", "Window"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Window:
    """The stretch of time that one run of a job answers for; what the ledger is keyed by.

    Attributes:
        start: where it begins, UTC. No two finished windows of a job begin together.
        end: where it ends, UTC, exclusive: the moment from which it was due, or the end of its trading day.
        day: the trading day, for jobs that work these off one by one.
    """

    start: datetime
    end: datetime
    day: date | None = None

    @classmethod
    def of_day(cls, day: date) -> "Window":
        """A trading day's window. Its limits, the UTC day's of that name, are a label and not the resets."""
        start = datetime.combine(day, time(), UTC)
        return cls(start, start + timedelta(days=1), day)

    def __str__(self) -> str:
        if self.day is not None:
            return str(self.day)
        return f"{self.start:%Y-%m-%d %H:%M:%S}…{self.end:%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True)
class Context:
    """What a run works with.

    Attributes:
        database: every transaction on it is refused once the run has lost its lease.
        unleased: the same without that, for work whose every step has a claim of its own.
        jobs: all there are, for the one that looks after the others.
        window: what the run answers for.
        progress: to be told what is done, how many, of how many.
        complete: to be called with the connection and the rows touched, at the end of the transaction that
            stores the work: both then commit together. Work in several transactions need not; it must be
            such that doing it twice changes nothing.
    """

    database: Database
    unleased: Database
    settings: Settings
    jobs: Mapping[str, "Job"]
    window: Window
    progress: Progress
    complete: Callable[[Connection, int], None]

    @property
    def day(self) -> date:
        """The trading day to work off."""
        assert self.window.day is not None, "this job is not scheduled by trading days"
        return self.window.day


@dataclass(frozen=True)
class Job:
    """A piece of work: what, when, after which, and how long at most.

    Attributes:
        name: what people type.
        summary: one line for ``timeseries jobs list``.
        schedule: ``every 5 minutes``, a cron expression such as ``40 2 * * *`` with an optional IANA zone
            behind it, or ``each trading day``, to which ``, 40 6 * * *`` adds when to look at the earliest.
        run: does the work and returns the number of rows it touched.
        after: jobs that come first. Of the same trading day; one that runs by the clock must have begun
            after those named before it had ended.
        follows: for a job by the clock: jobs by trading day whose work it passes on. Before a pass ends
            because nothing more is due, it runs again if one of these has ended since it began.
        coalesce: windows that were missed become one. False: each is worked off, the oldest first.
        limit: a run that takes longer is stopped.
        retries: how often a failed window is tried again, after 1, 2, 4 … minutes.
    """

    name: str
    summary: str
    schedule: str
    run: Callable[[Context], int]
    after: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    coalesce: bool = True
    limit: timedelta = timedelta(hours=1)
    retries: int = 3
