"""The trading-day calendar in SQL, against Python's own time zones."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from timeseries.database import Database

ZONES = [
    "America/New_York",
    "Europe/Prague",
    "UTC",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Pacific/Apia",
]
LIMITS = text("""
    SELECT moment, trading_day_of(moment, :reset, :zone) AS day,
           day_starts_at(trading_day_of(moment, :reset, :zone), :reset, :zone) AS begins,
           day_starts_at(trading_day_of(moment, :reset, :zone) + 1, :reset, :zone) AS ends
    FROM unnest(CAST(:moments AS timestamptz[])) AS moment
""")
STARTS = text("""
    SELECT day::date, day_starts_at(day::date, :reset, :zone)
    FROM generate_series(CAST(:first AS date), CAST(:first AS date) + 400, interval '1 day') AS day
""")

resets = st.integers(0, 287).map(lambda step: (datetime.min + timedelta(minutes=5 * step)).time())
days = st.dates(date(2000, 1, 1), date(2035, 1, 1))
moments = st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


def day_start(day: date, reset: time, zone: str) -> datetime:
    """The rule in words: the reset on the day, or on the evening before when it is at noon or later.

    Of two instants with one wall-clock time the later; a time that daylight saving skips is read as if
    it had not yet begun.
    """
    evening = timedelta(days=1) if reset >= time(12) else timedelta(0)
    wall = datetime.combine(day - evening, reset, ZoneInfo(zone))
    return max(wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


@settings(max_examples=40, deadline=None)
@given(zone=st.sampled_from(ZONES), reset=resets, first=days)
def test_days_start_where_python_says(database: Database, zone: str, reset: time, first: date) -> None:
    with database.transaction() as connection:
        rows = connection.execute(STARTS, {"zone": zone, "reset": reset, "first": first}).all()
    assert [start for _, start in rows] == [day_start(day, reset, zone) for day, _ in rows]
    starts = [start for _, start in rows]
    assert starts == sorted(starts)
    assert all((b - a) <= timedelta(hours=26) for a, b in itertools.pairwise(starts))


@settings(max_examples=40, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    reset=resets,
    anywhere=st.lists(moments, min_size=5, max_size=20),
    near=st.lists(st.tuples(days, st.integers(-3 * 3600, 3 * 3600)), min_size=5, max_size=20),
)
def test_every_instant_lies_in_exactly_its_day(
    database: Database, zone: str, reset: time, anywhere: list[datetime], near: list[tuple[date, int]]
) -> None:
    beside = [day_start(day, reset, zone) + timedelta(seconds=seconds) for day, seconds in near]
    edges = [
        day_start(day, reset, zone) - step for day, _ in near for step in (timedelta(0), timedelta.resolution)
    ]
    instants = [*anywhere, *beside, *edges]
    with database.transaction() as connection:
        rows = connection.execute(LIMITS, {"zone": zone, "reset": reset, "moments": instants}).all()
    for moment, _, begins, ends in rows:
        assert begins <= moment < ends


@pytest.mark.parametrize("zone", ZONES)
def test_around_every_clock_change_no_instant_is_lost(database: Database, zone: str) -> None:
    changes = _clock_changes(zone, 2011, 2021)
    instants = [change + timedelta(minutes=5 * step) for change in changes for step in range(-30, 31)]
    resets_near = [time(hour, minute) for hour in (0, 2, 3, 23) for minute in (0, 30)]
    for reset in resets_near:
        with database.transaction() as connection:
            rows = connection.execute(LIMITS, {"zone": zone, "reset": reset, "moments": instants}).all()
        assert len(rows) == len(instants)
        for moment, day, begins, ends in rows:
            assert begins <= moment < ends
            assert begins == day_start(day, reset, zone)


def _clock_changes(zone: str, first_year: int, last_year: int) -> list[datetime]:
    here = ZoneInfo(zone)
    hours = (last_year - first_year) * 366 * 24
    begin = datetime(first_year, 1, 1, tzinfo=UTC)
    days_apart = [begin + timedelta(days=day) for day in range(hours // 24)]
    found = []
    for day in days_apart:
        if day.astimezone(here).utcoffset() != (day + timedelta(days=1)).astimezone(here).utcoffset():
            offsets = [(day + timedelta(hours=h)).astimezone(here).utcoffset() for h in range(25)]
            hour = next(h for h in range(24) if offsets[h] != offsets[h + 1])
            found.append(day + timedelta(hours=hour + 1))
    return found


def test_days_as_traders_know_them(database: Database) -> None:
    known = [
        (
            "2024-03-10 20:59:59+00",
            time(17),
            "America/New_York",
            date(2024, 3, 10),
        ),  # Sunday, clocks went forward
        ("2024-03-10 21:00:00+00", time(17), "America/New_York", date(2024, 3, 11)),  # Monday begins
        ("2024-03-08 21:59:59+00", time(17), "America/New_York", date(2024, 3, 8)),  # winter: 22:00 UTC
        ("2024-10-26 22:00:00+00", time(0), "Europe/Prague", date(2024, 10, 27)),
        ("2024-10-27 22:59:59+00", time(0), "Europe/Prague", date(2024, 10, 27)),  # a day of 25 hours
        ("2024-10-27 23:00:00+00", time(0), "Europe/Prague", date(2024, 10, 28)),
    ]
    with database.transaction() as connection:
        for moment, reset, zone, day in known:
            found = connection.scalar(
                text("SELECT trading_day_of(CAST(:moment AS timestamptz), :reset, :zone)"),
                {"moment": moment, "reset": reset, "zone": zone},
            )
            assert found == day
