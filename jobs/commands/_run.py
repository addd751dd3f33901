"""``timeseries jobs run`` and ``backfill``: work that a person asks for."""

import logging
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from types import FrameType
from typing import Any

import click

from jobs.commands._common import check_schedules, known_job, known_jobs
from jobs.commands._words import span, window_of
from jobs.engine import (
    TradingDays,
    Window,
    jobs_of,
    missing_days,
    run_window,
    schedules_of,
    states_of,
    window_now,
    windows_between,
)
from jobs.registry import JOBS
from timeseries.alerts import check_sinks
from timeseries.commands import Session, pass_session
from timeseries.config import Settings
from timeseries.database import Database
from timeseries.errors import InputError, JobError, TimeseriesError
from timeseries.metrics import known_day
from timeseries.terminal import Bars, errors, say

__all__ = ["backfill", "run"]

DAY = click.DateTime(["%Y-%m-%d"])
SHOWN = 5
# A job and its window. None: what there is to do when its turn comes; the jobs before it may complete a day.
Step = tuple[str, Window | None]


class _Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a run by hand as Ctrl-C does: its lease is given back."""


@click.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--since", type=DAY, help="Each trading day from this one on, also those done before.")
@click.option(
    "--until", type=DAY, help="With --since: up to this trading day; by default the last final one."
)
@click.option("--dry-run", is_flag=True, help="Say what would be run, and run nothing.")
@pass_session
def run(session: Session, names: tuple[str, ...], since: Any, until: Any, dry_run: bool) -> None:
    """Run jobs NAMES now, in the order given; `all` is a full cycle, for the newest complete trading day.

    With --since, each trading day in order; `all` are then the jobs that work off trading days. It stops at
    the first failure.
    """
    wanted = known_jobs(names)
    check_schedules(session.settings)
    if until and not since:
        raise InputError("--until needs --since: name the first trading day too.")
    if since and names == ("all",):
        schedules = schedules_of(JOBS, session.settings)
        wanted = [name for name in wanted if isinstance(schedules[name], TradingDays)]
    check_sinks(session.settings.alerts)
    with _ended_by_sigterm(), session.database() as database:
        if since:
            days = {name: _windows(database, session.settings, name, since.date(), until) for name in wanted}
            _run_all(database, session.settings, _day_by_day(days), dry_run=dry_run)
        else:
            _run_all(database, session.settings, [(name, None) for name in wanted], dry_run=dry_run)


@click.command()
@click.argument("name")
@click.option("--since", type=DAY, required=True, help="From this trading day on.")
@click.option("--until", type=DAY, help="Up to this trading day; by default the last final one.")
@click.option("--dry-run", is_flag=True, help="Say what would be run, and run nothing.")
@pass_session
def backfill(session: Session, name: str, since: Any, until: Any, dry_run: bool) -> None:
    """Run job NAME for the trading days that it has not done yet, the oldest first."""
    known_job(name)
    check_schedules(session.settings)
    check_sinks(session.settings.alerts)
    with _ended_by_sigterm(), session.database() as database:
        windows = _windows(database, session.settings, name, since.date(), until)
        missing = missing_days(database, name, windows)
        if not missing:
            first, last = window_of(windows[0]), window_of(windows[-1])
            say(f"Nothing to do: {name} has done every trading day from {first} to {last}.")
        _run_all(database, session.settings, _day_by_day({name: missing}), dry_run=dry_run)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C would, and the program with its own exit code."""

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not cut the tidying up short
        raise _Terminated("stopped by SIGTERM")

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except _Terminated:
        errors.print("Stopped. What was finished stays; run the same command again to go on.")
        click.get_current_context().exit(128 + signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def _windows(database: Database, settings: Settings, name: str, since: date, until: Any) -> list[Window]:
    last = until.date() if until else _last_final_day(database, settings, since)
    return windows_between(database, settings, JOBS, name, since, last)


def _last_final_day(database: Database, settings: Settings, since: date) -> date:
    """The end of an open range; without a final day one of which can be said what it lacks."""
    last = known_day(database)
    states = states_of(database, settings, since, last, now=datetime.now(UTC))
    return max((one.trading_day for one in states if one.is_final), default=max(last, since))


def _day_by_day(windows: dict[str, list[Window]]) -> list[tuple[str, Window]]:
    """All jobs of a day before the next day, as the scheduler would."""
    steps = [(name, window) for name, days in windows.items() for window in days]
    return sorted(steps, key=lambda step: step[1].start)


def _run_all(database: Database, settings: Settings, steps: Sequence[Step], *, dry_run: bool) -> None:
    for done, (name, planned) in enumerate(steps):
        try:
            window = planned or window_now(database, settings, JOBS, name)
            if dry_run:
                say(f"{name}: would run {window}")
            else:
                _run_one(database, settings, name, window)
        except (TimeseriesError, KeyboardInterrupt):
            _say_what_remains(steps[done + 1 :])
            raise


def _run_one(database: Database, settings: Settings, name: str, window: Window) -> None:
    began = time.monotonic()
    with Bars() as bars, _failures_told_once():
        try:
            rows = run_window(database, settings, jobs_of(JOBS, settings), name, window, progress=bars)
        except TimeseriesError:
            raise
        except Exception as error:
            raise JobError(
                f"The job {name} failed on {window} ({type(error).__name__}: {error}); "
                f"`timeseries jobs show {name}` keeps the error."
            ) from error
    say(f"{_step((name, window))}: done, {rows:,} rows in {span(time.monotonic() - began)}.")


@contextmanager
def _failures_told_once() -> Iterator[None]:
    """A failure is the sentence that the verb ends with; the log says it too only when asked to talk."""
    logger = logging.getLogger("timeseries.jobs")
    level = logger.level
    if not logger.isEnabledFor(logging.INFO):
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _say_what_remains(steps: Sequence[Step]) -> None:
    if not steps:
        return
    more = f" and {len(steps) - SHOWN:,} more" if len(steps) > SHOWN else ""
    errors.print(f"Not run: {', '.join(map(_step, steps[:SHOWN]))}{more}.", markup=False, soft_wrap=True)


def _step(step: Step) -> str:
    name, window = step
    return f"{name} of {window.day}" if window is not None and window.day is not None else name
