"""A look at the database: where every job stands at this moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from jobs.engine.contract import Job
from jobs.engine.ledger import given_up_days, read_facts, settled_days
from jobs.engine.planning import Calendar, Plan, Standing, stand
from jobs.engine.schedule import Schedule, TradingDays
from timeseries.config import Settings
from timeseries.database import Database
from timeseries.metrics import DayState, Waiting, day_states, last_day_states

__all__ = ["Look", "look", "states_of"]


@dataclass(frozen=True)
class Look:
    """Where the jobs stand.

    Attributes:
        now: the time that decided what is due, UTC.
        standings: of every job, in the order data pass through them.
        days: the last trading days, with what they wait for.
    """

    now: datetime
    standings: list[Standing]
    days: list[DayState]

    @property
    def due(self) -> list[Standing]:
        """What can begin at once."""
        return [one for one in self.standings if one.state == "due"]


def look(
    database: Database,
    settings: Settings,
    jobs: Mapping[str, Job],
    schedules: Mapping[str, Schedule],
    *,
    now: datetime | None = None,
) -> Look:
    """Find out where every job stands.

    Args:
        database: with the ledger and the metrics.
        settings: of the jobs.
        jobs: by name.
        schedules: by name.
        now: the time that decides what is due; by default the database's.
    """
    facts = read_facts(database, list(jobs))
    moment = (now or next(iter(facts.values())).now).astimezone(UTC)
    calendar = _calendar(database, settings, schedules, moment)
    retry = timedelta(seconds=settings.jobs.retry_seconds)
    plan = Plan(jobs, schedules, facts, calendar, moment, retry)
    return Look(moment, stand(plan), list(calendar.states))


def states_of(
    database: Database, settings: Settings, since: date, until: date, *, now: datetime
) -> list[DayState]:
    """The state of some trading days under the settings' grace and patience."""
    return day_states(database, since, until, now=now, waiting=_waiting(settings))


def _waiting(settings: Settings) -> Waiting:
    minutes = settings.jobs.grace_minutes, settings.jobs.patience_minutes
    return Waiting(*(timedelta(minutes=one) for one in minutes))


def _calendar(
    database: Database, settings: Settings, schedules: Mapping[str, Schedule], now: datetime
) -> Calendar:
    if not any(isinstance(one, TradingDays) for one in schedules.values()):
        return Calendar()
    days = settings.jobs.catch_up_days
    states = last_day_states(database, days, now=now, waiting=_waiting(settings))
    if not states:
        return Calendar()
    since = states[0].trading_day
    return Calendar(states, settled_days(database, since), given_up_days(database, since))
