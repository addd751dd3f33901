"""``timeseries jobs doctor``: what is late or fails, and why."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import click
from rich.text import Text

from jobs.commands._common import look_now
from jobs.commands._words import coloured
from jobs.engine import Diagnosis, diagnose, jobs_of, schedules_of
from jobs.registry import JOBS
from timeseries.alerts import check_sinks
from timeseries.commands import Session, pass_session, print_json
from timeseries.commands._words import counted
from timeseries.config import Settings
from timeseries.database import Policy, policies
from timeseries.errors import ConfigurationError, JobError
from timeseries.terminal import render_table, say

__all__ = ["doctor"]

MOST_DAYS = 3


@dataclass(frozen=True)
class _Examination:
    """Everything that was looked at.

    Attributes:
        days: what each trading day that is not final waits for, calendar by calendar.
        policies: what is wrong with them, a sentence each.
        settings: likewise.
    """

    jobs: list[Diagnosis]
    days: dict[str, tuple[str, ...]]
    policies: list[str]
    settings: list[str]

    @property
    def ill(self) -> int:
        """How many things somebody has to look after."""
        return sum(one.ill for one in self.jobs) + len(self.policies) + len(self.settings)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def doctor(session: Session, as_json: bool) -> None:
    """Say what is late, failing or waiting, and why.

    Leaves with exit code 0 when all is fine, and with 7 when somebody has to look after something.
    """
    settings, problems = _usable(session.settings)
    with session.database() as database:
        seen = look_now(database, settings)
        own = policies(database, now=seen.now)
    waiting = {str(day.trading_day): day.waits for day in seen.days if not day.is_final}
    found = _Examination(diagnose(seen, settings), waiting, _policy_troubles(own, seen.now), problems)
    if as_json:
        print_json({"fine": not found.ill, **vars(found), "jobs": [vars(one) for one in found.jobs]})
    else:
        _show(found)
    click.get_current_context().exit(JobError.exit_code if found.ill else 0)


def _usable(settings: Settings) -> tuple[Settings, list[str]]:
    """The settings without what cannot be used, and what is wrong with that."""
    problems = _problem(lambda: check_sinks(settings.alerts))
    wrong = _problem(lambda: schedules_of(JOBS, settings))
    if wrong:
        settings = replace(settings, schedules={}, jobs=replace(settings.jobs, time_zone="UTC"))
    limits = _problem(lambda: jobs_of(JOBS, settings))
    if limits:
        settings = replace(settings, jobs=replace(settings.jobs, limits={}))
    return settings, problems + wrong + limits


def _problem(check: Callable[[], object]) -> list[str]:
    try:
        check()
    except ConfigurationError as error:
        return [str(error)]
    return []


def _policy_troubles(own: list[Policy], now: datetime) -> list[str]:
    troubles = [(one, one.trouble(now)) for one in own]
    return [f"The {one.kind} policy of {one.what} {trouble}." for one, trouble in troubles if trouble]


def _show(found: _Examination) -> None:
    if not found.ill:
        say("All is fine.", style="green")
    else:
        say(f"{counted(found.ill, 'thing')} to look after.", style="red")
    for sentence in (*found.settings, *found.policies):
        say(f"  {sentence}", style="red")
    columns = ("jobs", "state", "why")
    render_table(columns, _rows(found.jobs), left=columns, wrap=("jobs", "why"))
    for day in list(found.days)[:MOST_DAYS]:
        say(f"{day} is not final: {'; '.join(found.days[day])}")
    if len(found.days) > MOST_DAYS:
        say(f"and {counted(len(found.days) - MOST_DAYS, 'more day')}")


def _rows(diagnoses: list[Diagnosis]) -> list[tuple[str, Text, str]]:
    """The ill first; a row for all jobs of which the same can be said."""
    alike: dict[tuple[bool, str, str], list[str]] = {}
    for one in sorted(diagnoses, key=lambda one: not one.ill):
        alike.setdefault((one.ill, one.what, one.why), []).append(one.job)
    return [
        (", ".join(names), coloured("failed" if ill else what, what), why)
        for (ill, what, why), names in alike.items()
    ]
