"""Trading days, plan resets and market closures of the simulated span, as UTC epoch seconds."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np

from ._arrays import Bools, Dates, Ints

DAY = 86400
RESETS = (("00:00", "Europe/Prague"), ("17:00", "America/New_York"), ("00:00", "UTC"))
_NEW_YORK_CLOSE = ("17:00", "America/New_York")


@dataclass(frozen=True, slots=True)
class Calendar:
    """The span from the first weekday's midnight UTC to the midnight after the last.

    ``closes[k]``/``opens[k]`` bound the k-th weekend of every market but crypto; ``rollovers`` are the
    instants at which swap is charged, Wednesday's three times; ``resets`` has one array a reset rule.
    """

    dates: Dates
    weekday_positions: Ints
    start: int
    stop: int
    closes: Ints
    opens: Ints
    rollovers: Ints
    resets: tuple[Ints, ...]

    @property
    def weekdays(self) -> Dates:
        """The trading dates, Monday to Friday."""
        return self.dates[self.weekday_positions]

    @property
    def weekend(self) -> Bools:
        """True for Saturdays and Sundays of ``dates``."""
        return ~np.is_busday(self.dates)

    def day_start(self, position: Ints) -> Ints:
        """Epoch second of midnight UTC of calendar days."""
        return self.start + position * DAY

    def weekday_start(self, weekday: Ints) -> Ints:
        """Epoch second of midnight UTC of weekdays."""
        return self.day_start(self.weekday_positions[weekday])

    def closed(self, instant: Ints) -> Bools:
        """True while every market but crypto rests."""
        last = np.searchsorted(self.closes, instant, "right") - 1
        return (last >= 0) & (instant < self.opens[np.maximum(last, 0)])

    def next_close(self, instant: Ints) -> Ints:
        """The next weekend closing after an instant."""
        return self.closes[np.searchsorted(self.closes, instant, "right")]

    def next_open(self, instant: Ints) -> Ints:
        """The instant itself in market hours, otherwise the end of that weekend."""
        last = np.maximum(np.searchsorted(self.closes, instant, "right") - 1, 0)
        return np.where(self.closed(instant), self.opens[last], instant)

    def nights(self, opened: Ints, closed: Ints) -> Ints:
        """How many swap charges fall in (opened, closed]."""
        return np.searchsorted(self.rollovers, closed, "right") - np.searchsorted(
            self.rollovers, opened, "right"
        )

    def trading_day(self, rule: Ints, instant: Ints) -> Ints:
        """Ordinal of the trading day under each row's reset rule; a reset ends its day."""
        day = np.empty(instant.size, np.int64)
        for number, resets in enumerate(self.resets):
            rows = rule == number
            day[rows] = np.searchsorted(resets, instant[rows], "left")
        return day


def _instants(dates: Dates, clock: str, zone: str) -> Ints:
    at, place = time.fromisoformat(clock), ZoneInfo(zone)
    days: list[date] = dates.astype("datetime64[D]").tolist()
    return np.array([int(datetime.combine(day, at, place).timestamp()) for day in days], np.int64)


def make_calendar(days: int, end: date) -> Calendar:
    """The calendar of ``days`` weekdays up to and including ``end`` (a weekend end moves back to Friday)."""
    last = np.busday_offset(np.datetime64(end), 0, roll="backward")
    first = np.busday_offset(last, 1 - days)
    dates = np.arange(first, last + 1)
    # Resets before the first day and market opens after the last one are looked up too.
    around = np.arange(first - 7, last + 8)
    # The epoch began on a Thursday.
    weekday = (around.astype(np.int64) + 3) % 7
    new_york = _instants(around, *_NEW_YORK_CLOSE)
    fridays = np.flatnonzero(weekday == 4)
    fridays = fridays[fridays + 2 < around.size]
    working = np.flatnonzero(weekday < 5)
    start = int(first.astype(np.int64)) * DAY
    return Calendar(
        dates=dates,
        weekday_positions=np.flatnonzero(np.is_busday(dates)),
        start=start,
        stop=start + dates.size * DAY,
        closes=new_york[fridays],
        opens=new_york[fridays + 2],
        rollovers=new_york[np.repeat(working, np.where(weekday[working] == 2, 3, 1))],
        resets=tuple(_instants(around, *rule) for rule in RESETS),
    )
