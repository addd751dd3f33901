"""Which job runs when in this firm: the jobs' own schedules, and what the settings say instead."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from jobs.engine.contract import Job
from jobs.engine.schedule import Schedule, TradingDays, parse_schedule
from timeseries.config import Settings, line_of
from timeseries.errors import ConfigurationError

__all__ = ["jobs_of", "schedules_of"]


def schedules_of(jobs: Mapping[str, Job], settings: Settings) -> dict[str, Schedule]:
    """The schedule of each job by name, the configured one first.

    Raises:
        ConfigurationError: a setting names no job, or cannot be a schedule; with its line.
    """
    for name in settings.schedules:
        _check_known(jobs, settings, "schedules", name)
    zone = _zone(settings)
    return {name: _schedule(job, settings, zone) for name, job in jobs.items()}


def jobs_of(jobs: Mapping[str, Job], settings: Settings) -> dict[str, Job]:
    """The jobs with the limits that the settings give them.

    Raises:
        ConfigurationError: a limit names no job; with its line.
    """
    limits = settings.jobs.limits
    for name in limits:
        _check_known(jobs, settings, "jobs.limits", name)
    return {
        name: replace(job, limit=timedelta(minutes=limits[name])) if name in limits else job
        for name, job in jobs.items()
    }


def _check_known(jobs: Mapping[str, Job], settings: Settings, section: str, name: str) -> None:
    if name not in jobs:
        where = line_of(settings, section, name)
        raise ConfigurationError(
            f"{where}[{section}] {name}: there is no such job; known: {', '.join(jobs)}."
        )


def _schedule(job: Job, settings: Settings, zone: str) -> Schedule:
    own = parse_schedule(job.schedule, zone)
    if job.name not in settings.schedules:
        return own
    text = settings.schedules[job.name]
    try:
        return _as_configured(own, parse_schedule(text, zone))
    except ValueError as error:
        where = line_of(settings, "schedules", job.name)
        raise ConfigurationError(
            f"{where}[schedules] {job.name}: {text!r} cannot be a schedule: {error}."
        ) from error


def _as_configured(own: Schedule, wanted: Schedule) -> Schedule:
    """A job that works off trading days goes on doing so; a time says when to look for them."""
    if isinstance(own, TradingDays):
        return wanted if isinstance(wanted, TradingDays) else TradingDays(wanted)
    if isinstance(wanted, TradingDays):
        raise ValueError("this job runs by the clock and knows no trading days")
    return wanted


def _zone(settings: Settings) -> str:
    """The zone of cron expressions that name none."""
    try:
        parse_schedule("0 0 * * *", settings.jobs.time_zone)
    except ValueError as error:
        where = line_of(settings, "jobs", "time_zone")
        raise ConfigurationError(f"{where}[jobs] time_zone: {error}.") from error
    return settings.jobs.time_zone
