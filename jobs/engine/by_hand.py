"""Runs that a person asks for: which windows that means, whatever the schedule says."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from jobs.engine.contract import Job, Progress, Window
from jobs.engine.ledger import days_done, read_facts
from jobs.engine.looking import states_of
from jobs.engine.runner import run_window
from jobs.engine.schedule import Cron, Every, TradingDays
from jobs.engine.schedules import schedules_of
from timeseries.config import Settings
from timeseries.database import Database, run
from timeseries.errors import InputError
from timeseries.metrics import known_day

__all__ = ["missing_days", "run_by_hand", "window_now", "windows_between"]


def run_by_hand(
    database: Database,
    settings: Settings,
    jobs: Mapping[str, Job],
    name: str,
    *,
    progress: Progress | None = None,
) -> int:
    """Run a job now, in this process, and return the number of rows it touched.

    Raises:
        InputError: it works off trading days, and none is complete.
        JobError: another process is running it.
        TimeseriesError: what the job itself raised.
    """
    window = window_now(database, settings, jobs, name)
    return run_window(database, settings, jobs, name, window, progress=progress)


def window_now(database: Database, settings: Settings, jobs: Mapping[str, Job], name: str) -> Window:
    """What a run by hand answers for: the last complete trading day, or all since the job last ran.

    Raises:
        InputError: it works off trading days, and none is complete.
    """
    schedule = schedules_of(jobs, settings)[name]
    if isinstance(schedule, TradingDays):
        return Window.of_day(known_day(database))
    return _clock_window(database, name, schedule)


def windows_between(
    database: Database, settings: Settings, jobs: Mapping[str, Job], name: str, since: date, until: date
) -> list[Window]:
    """A window for each trading day from one to another, the oldest first.

    Raises:
        InputError: the job does not work off trading days, or one of these is not final.
    """
    if not isinstance(schedules_of(jobs, settings)[name], TradingDays):
        raise InputError(
            f"The job {name} runs by the clock and knows no trading days: "
            f"`timeseries jobs run {name}` does all since it last ran."
        )
    if since > until:
        raise InputError(f"--since {since} comes after --until {until}.")
    with database.transaction() as connection:
        now: datetime = run(connection, "server.moment", {"now": None}).scalar_one()
    if until > now.date() + timedelta(days=1):
        raise InputError(f"{until} lies in the future.")
    states = states_of(database, settings, since, until, now=now)
    unfinished = [state for state in states if not state.is_final]
    if unfinished:
        first = unfinished[0]
        raise InputError(f"{first.trading_day} is not final: {'; '.join(first.waits)}.")
    if not states:
        raise InputError(f"There is no trading day with data from {since} to {until}.")
    return [Window.of_day(state.trading_day) for state in states]


def missing_days(database: Database, name: str, windows: list[Window]) -> list[Window]:
    """Those of some trading days that a job has not done yet."""
    days = [window.day for window in windows if window.day is not None]
    done = days_done(database, name, min(days), max(days)) if days else set()
    return [window for window in windows if window.day not in done]


def _clock_window(database: Database, name: str, schedule: Every | Cron) -> Window:
    facts = read_facts(database, [name])[name]
    now: datetime = facts.now
    begun = facts.done_until or schedule.last(now)
    # A clock that was set back must not make a window that ends before it begins.
    return Window(min(begun, now - timedelta(microseconds=1)), now)
