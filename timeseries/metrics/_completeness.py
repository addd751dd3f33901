"""When a trading day is final: ended on every calendar in use, reached by the data, and computed."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby

from sqlalchemy import Connection

from timeseries.database import Database, run

__all__ = ["CalendarDay", "DayState", "Waiting", "day_states", "last_day_states"]


@dataclass(frozen=True)
class Waiting:
    """How long a trading day waits before it is final.

    Attributes:
        grace: for late data, after its end.
        patience: where the data fell silent before its end, for them to go on.
    """

    grace: timedelta
    patience: timedelta


@dataclass(frozen=True)
class CalendarDay:
    """A trading day on one calendar: one reset time in one zone.

    Attributes:
        ends_at: UTC.
        data_until: how far the data of all accounts reach, UTC; None: there are none.
        is_reached: whether they reach the day's date.
        stale_days: account-days up to this one whose metrics wait to be computed.
    """

    trading_day: date
    reset_time: time
    time_zone: str
    ends_at: datetime
    data_until: datetime | None
    is_reached: bool
    stale_days: int

    def final_from(self, waiting: Waiting) -> datetime:
        """From when on nothing more is waited for: after the grace if data went on, else the patience."""
        went_on = self.data_until is not None and self.data_until > self.ends_at
        return self.ends_at + (waiting.grace if went_on else max(waiting.grace, waiting.patience))

    def waits_for(self, now: datetime, waiting: Waiting) -> str | None:
        """What the day is not final for, in words; None: it is."""
        due = self.final_from(waiting)
        if self.stale_days:
            return f"{self.stale_days:,} account-days wait for the job refresh"
        if not self.is_reached:
            reached = f"reach {self.data_until:%Y-%m-%d %H:%M} UTC" if self.data_until else "have not come"
            return f"the data have not arrived: they {reached}"
        return f"it is final at {due:%Y-%m-%d %H:%M} UTC" if now < due else None

    @property
    def calendar(self) -> str:
        """Such as ``17:00 America/New_York``."""
        return f"{self.reset_time:%H:%M} {self.time_zone}"


@dataclass(frozen=True)
class DayState:
    """Whether a trading day is final, and if not, why.

    Attributes:
        final_from: since when nothing more was waited for, UTC; of the calendar that ends last.
        waits: what is waited for, with the calendars that wait for it; empty when the day is final.
    """

    trading_day: date
    final_from: datetime
    waits: tuple[str, ...]

    @property
    def is_final(self) -> bool:
        """Whether it can be judged: its numbers change only by data that come late."""
        return not self.waits


def day_states(
    database: Database, since: date, until: date, *, now: datetime, waiting: Waiting
) -> list[DayState]:
    """The state of each weekday from one day to another; none without accounts or metrics.

    Args:
        database: with the metrics.
        since: the first day; days before the first with metrics are left out.
        until: the last day.
        now: the time, with a zone.
        waiting: how long a day waits.
    """
    with database.transaction() as connection:
        first = run(connection, "metrics.known_days", {}).one().first
        if first is None:
            return []
        found = _calendar_days(connection, max(first, since), until)
    return _states(found, now, waiting)


def last_day_states(database: Database, days: int, *, now: datetime, waiting: Waiting) -> list[DayState]:
    """The state of the last weekdays: so many up to the last that has data, and a week behind it.

    Of data that ended long ago these are the days before their end, not those since.
    """
    with database.transaction() as connection:
        known = run(connection, "metrics.known_days", {}).one()
        if known.last is None:
            return []
        # A day may have begun, and even ended, on an eastern calendar before it has in UTC.
        until = min(now.date() + timedelta(days=1), known.last + timedelta(days=7))
        since = max(known.first, until - timedelta(days=days * 7 // 5))
        found = _calendar_days(connection, since, until)
    return _states(found, now, waiting)


def _calendar_days(connection: Connection, since: date, until: date) -> list[CalendarDay]:
    rows = run(connection, "metrics.day_states", {"since": since, "until": until})
    return [CalendarDay(**row) for row in rows.mappings()]


def _states(found: list[CalendarDay], now: datetime, waiting: Waiting) -> list[DayState]:
    return [
        _state(day, list(calendars), now, waiting)
        for day, calendars in groupby(found, key=lambda one: one.trading_day)
    ]


def _state(day: date, calendars: list[CalendarDay], now: datetime, waiting: Waiting) -> DayState:
    waits: dict[str, list[str]] = {}
    for one in calendars:
        if why := one.waits_for(now, waiting):
            waits.setdefault(why, []).append(one.calendar)
    final_from = max(one.final_from(waiting) for one in calendars)
    return DayState(day, final_from, tuple(f"{', '.join(names)}: {why}" for why, names in waits.items()))
