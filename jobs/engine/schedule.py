"""When a job is due: intervals, cron expressions in any zone, and trading days.

Every scheduler must find the same moments, for they name the windows of the ledger. So an interval is
counted from 1970 and not from when somebody started, and a moment depends on nothing but its schedule.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.triggers.cron import CronTrigger

__all__ = ["Cron", "Every", "Schedule", "TradingDays", "parse_schedule"]

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
INTERVAL = re.compile(r"every (?:(\d+) )?(second|minute|hour|day)s?")
TRADING_DAYS = "each trading day"
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
WEEKDAY_NUMBERS = re.compile(r"(?P<first>[0-7]|\*(?=/))(?:-(?P<last>[0-7]))?(?:/(?P<step>[1-7]))?")
# The wall clock may be set back by so much; Antarctica/Troll holds the record with two hours.
MOST_SHIFT = timedelta(hours=3)
# A cron expression that is never met in so long never is: 29 February comes every eight years at the worst.
SPANS = tuple(timedelta(days=days) for days in (0.1, 2, 40, 400, 3000))


@dataclass(frozen=True)
class Every:
    """At whole multiples of an interval since 1970, UTC."""

    seconds: int

    def last(self, now: datetime) -> datetime:
        """The newest moment that is not after ``now``."""
        return datetime.fromtimestamp(now.timestamp() // self.seconds * self.seconds, UTC)

    def next(self, after: datetime) -> datetime:
        """The first moment after another."""
        return self.last(after) + timedelta(seconds=self.seconds)

    def __str__(self) -> str:
        unit = next(name for name, size in reversed(UNITS.items()) if self.seconds % size == 0)
        count = self.seconds // UNITS[unit]
        return f"every {count} {unit}s" if count > 1 else f"every {unit}"


@dataclass(frozen=True)
class Cron:
    """At the times of a cron expression on the wall clock of a zone.

    A time that the clock skips in spring counts when the clock has gone on; of a time that comes twice in
    autumn the first counts. Only expressions for every hour run on through the hour that comes twice.
    APScheduler's trigger reads the expression, on a clock without daylight saving: with it, it may find the
    same moment for ever.
    """

    expression: str
    zone: str

    @cached_property
    def _trigger(self) -> CronTrigger:
        minute, hour, day, month, weekday = self.expression.split()
        return CronTrigger(
            minute=minute,
            hour=hour,
            day=day,
            month=month,
            day_of_week=",".join(_weekdays(part) for part in weekday.split(",")),
            timezone=UTC,
        )

    @property
    def _every_hour(self) -> bool:
        return self.expression.split()[1].startswith("*")

    def last(self, now: datetime) -> datetime:
        """The newest moment that is not after ``now``.

        Raises:
            ValueError: there never was one.
        """
        for span in SPANS:
            found = self._between(now - span, now)
            if found:
                return found[-1]
        raise ValueError(f"{self} never comes")

    def next(self, after: datetime) -> datetime:
        """The first moment after another.

        Raises:
            ValueError: there is none.
        """
        for span in SPANS:
            found = self._between(after, after + span)
            if found:
                return found[0]
        raise ValueError(f"{self} never comes")

    def _between(self, after: datetime, until: datetime) -> list[datetime]:
        zone = ZoneInfo(self.zone)
        first = (after.astimezone(zone) - MOST_SHIFT).replace(tzinfo=UTC)
        last = (until.astimezone(zone) + MOST_SHIFT).replace(tzinfo=UTC)
        found = {moment for wall in self._walls(first, last) for moment in self._moments(wall, zone)}
        return sorted(moment for moment in found if after < moment <= until)

    def _walls(self, first: datetime, last: datetime) -> Iterator[datetime]:
        wall = self._trigger.get_next_fire_time(None, first)
        while wall is not None and wall <= last:
            yield wall
            wall = self._trigger.get_next_fire_time(wall, wall + timedelta(seconds=1))

    def _moments(self, wall: datetime, zone: ZoneInfo) -> set[datetime]:
        both = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
        if both[0].astimezone(zone).replace(tzinfo=UTC) != wall:  # skipped
            return set() if self._every_hour else {max(both)}
        return set(both) if self._every_hour else {both[0]}

    def __str__(self) -> str:
        return self.expression if self.zone == "UTC" else f"{self.expression} {self.zone}"


@dataclass(frozen=True)
class TradingDays:
    """For each trading day, as soon as it is final, or at the next of some times after that."""

    times: Every | Cron | None = None

    def __str__(self) -> str:
        return TRADING_DAYS if self.times is None else f"{TRADING_DAYS}, {self.times}"


Schedule = Every | Cron | TradingDays


def parse_schedule(text: str, zone: str = "UTC") -> Schedule:
    """Read ``every 5 minutes``, ``40 2 * * 1-5``, ``30 7 * * * Europe/London``, ``each trading day[, …]``.

    Args:
        text: the schedule.
        zone: of cron expressions that name none.

    Raises:
        ValueError: it is none of these, or there is no such zone; the message says which.
    """
    said = " ".join(text.split())
    if said.startswith(TRADING_DAYS):
        rest = said.removeprefix(TRADING_DAYS).strip()
        if rest and not rest.startswith(","):
            raise ValueError(f"behind {TRADING_DAYS!r} a comma and a time can stand")
        return TradingDays(_times(rest[1:].strip(), zone) if rest else None)
    return _times(said, zone)


def _times(said: str, zone: str) -> Every | Cron:
    interval = INTERVAL.fullmatch(said)
    if interval:
        seconds = int(interval[1] or 1) * UNITS[interval[2]]
        if not seconds:
            raise ValueError("an interval must be longer than nothing")
        return Every(seconds)
    fields = said.split()
    if len(fields) not in (5, 6):
        raise ValueError('it needs five fields, as in "30 5 * * 1-5", or words, as in "every 5 minutes"')
    return _cron(" ".join(fields[:5]), fields[5] if len(fields) == 6 else zone)


def _weekdays(part: str) -> str:
    """Numbers as names: cron counts weekdays from Sunday, the trigger from Monday."""
    numbers = WEEKDAY_NUMBERS.fullmatch(part)
    if numbers is None:
        return part
    first = 0 if numbers["first"] == "*" else int(numbers["first"])
    last = int(numbers["last"] or (6 if numbers["step"] else first))
    if last < first:
        raise ValueError(f"the weekdays {part} end before they begin")
    return ",".join(WEEKDAYS[number % 7] for number in range(first, last + 1, int(numbers["step"] or 1)))


def _cron(expression: str, zone: str) -> Cron:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {zone!r}") from None
    cron = Cron(expression, zone)
    cron.next(datetime(2000, 1, 1, tzinfo=UTC))
    return cron
