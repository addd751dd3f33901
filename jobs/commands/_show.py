"""``timeseries jobs show``: everything about one job."""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import click

from jobs.commands._common import check_schedules, known_job, look_now, plain_run, plain_window
from jobs.commands._history import FAILED, show_runs
from jobs.commands._words import ago, moment_in, span, span_of, window_of
from jobs.engine import Cron, Every, Look, Run, Schedule, Standing, TradingDays, history
from timeseries.commands import Session, pass_session, print_json
from timeseries.terminal import say, sparkline

__all__ = ["show"]

RUNS = 10
MOMENTS = 3


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def show(session: Session, name: str, as_json: bool) -> None:
    """Show job NAME: what it does, when and why not yet, its last error and its last runs."""
    known_job(name)
    check_schedules(session.settings)
    with session.database() as database:
        seen = look_now(database, session.settings)
        runs = history(database, name, limit=RUNS)
        failures = history(database, name, states=FAILED, limit=1)
    standing = next(one for one in seen.standings if one.job.name == name)
    if as_json:
        print_json(_plain(standing, seen, runs, failures))
        return
    say(f"{name}: {standing.job.summary}", style="bold")
    for label, text in _lines(standing, seen, failures):
        say(f"{label:<12}{text}")
    if runs:
        _show_runs(runs)


def _lines(standing: Standing, seen: Look, failures: list[Run]) -> Iterator[tuple[str, str]]:
    """What is known of the job, under one word each."""
    job = standing.job
    yield "schedule", _in_words(standing.schedule)
    moments = _moments(standing.schedule, seen.now)
    if moments:
        zone = _zone(standing.schedule)
        yield "next", ", ".join(moment_in(moment, zone) for moment in moments)
    if isinstance(standing.schedule, TradingDays):
        yield "waits for", _awaited(seen)
    yield "state", f"{standing.state}: {standing.why}" if standing.why else standing.state
    if standing.facts.running_progress:
        yield "progress", f"{standing.facts.running_progress}, by {standing.facts.running_holder}"
    if standing.window is not None and (standing.behind or standing.why):
        yield "to do", _to_do(standing, seen.now)
    yield "missed", "all become one window" if job.coalesce else "each is worked off, the oldest first"
    yield "after", ", ".join(job.after) or "no other job"
    yield "limit", f"{span_of(job.limit)}, then it is stopped and tried again"
    yield "retries", _retries(standing)
    if failures:
        yield "last error", _failure(failures[0], seen.now)


def _in_words(schedule: Schedule) -> str:
    if isinstance(schedule, TradingDays):
        times = f", {_in_words(schedule.times)} at the earliest" if schedule.times else ""
        return f"each trading day, once the day is final{times}"
    if isinstance(schedule, Every):
        return f"{schedule}, counted from midnight UTC"
    minute, hour, *days = schedule.expression.split()
    if minute.isdigit() and hour.isdigit() and days == ["*", "*", "*"]:
        return f"every day at {int(hour):02}:{int(minute):02} {schedule.zone}"
    return f'by the cron expression "{schedule.expression}" in {schedule.zone}'


def _moments(schedule: Schedule, now: datetime) -> list[datetime]:
    """The next few times at which it looks whether there is something to do."""
    times = schedule.times if isinstance(schedule, TradingDays) else schedule
    moments: list[datetime] = []
    while times is not None and len(moments) < MOMENTS:
        moments.append(times.next(moments[-1] if moments else now))
    return moments


def _zone(schedule: Schedule) -> tzinfo:
    times = schedule.times if isinstance(schedule, TradingDays) else schedule
    return ZoneInfo(times.zone) if isinstance(times, Cron) else UTC


def _awaited(seen: Look) -> str:
    """The first trading day that is not final, and what is missing."""
    coming = next((day for day in seen.days if not day.is_final), None)
    if coming is not None:
        return f"{coming.trading_day}: {'; '.join(coming.waits)}"
    if seen.days:
        return f"the trading day after {seen.days[-1].trading_day}"
    return "the first trading day with data"


def _to_do(standing: Standing, now: datetime) -> str:
    assert standing.window is not None
    more = f", {standing.behind} windows behind" if standing.behind > 1 else ""
    return f"{window_of(standing.window)}, due {ago(standing.due_since, now)}{more}"


def _retries(standing: Standing) -> str:
    if isinstance(standing.schedule, TradingDays):
        return (
            f"{standing.job.retries} for each trading day, with ever longer pauses; then the day is given up"
        )
    return "until it succeeds, with ever longer pauses"


def _failure(run: Run, now: datetime) -> str:
    return f"{run.state.replace('_', ' ')} {ago(run.finished_at, now)}, {window_of(run.window)}: {run.error}"


def _show_runs(runs: list[Run]) -> None:
    took = [run.seconds for run in reversed(runs) if run.state == "done" and run.seconds is not None]
    if len(took) > 1:
        say(f"{'took':<12}{sparkline(took)}  {span(min(took))} to {span(max(took))}, the newest at the right")
    say()
    show_runs(runs)


def _plain(standing: Standing, seen: Look, runs: list[Run], failures: list[Run]) -> dict[str, Any]:
    job, facts = standing.job, standing.facts
    return {
        "job": job.name,
        "summary": job.summary,
        "schedule": str(standing.schedule),
        "next": _moments(standing.schedule, seen.now),
        "waits_for": _awaited(seen) if isinstance(standing.schedule, TradingDays) else None,
        "state": standing.state,
        "why": standing.why,
        "progress": facts.running_progress,
        "window": plain_window(standing.window),
        "due_since": standing.due_since,
        "behind": standing.behind,
        "after": job.after,
        "coalesce": job.coalesce,
        "limit_seconds": job.limit.total_seconds(),
        # None: it is tried until it succeeds.
        "retries": job.retries if isinstance(standing.schedule, TradingDays) else None,
        "paused_at": facts.paused_at,
        "paused_by": facts.paused_by,
        "reason": facts.reason,
        "last_error": plain_run(failures[0]) if failures else None,
        "runs": [plain_run(run) for run in runs],
    }
