"""When jobs are due: the same moments for every scheduler, and every night once."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engine import Cron, Every, TradingDays, parse_schedule

ZONES = [
    "UTC",
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/Sao_Paulo",
]
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)).map(lambda one: one.replace(tzinfo=UTC))


def moments(schedule: Every | Cron, since: datetime, until: datetime) -> list[datetime]:
    found, moment = [], since
    while (moment := schedule.next(moment)) <= until:
        found.append(moment)
    return found


@given(st.integers(0, 59), st.integers(0, 23), st.sampled_from(ZONES), MOMENTS)
@settings(deadline=None, max_examples=60)
def test_a_daily_time_comes_once_on_every_date_of_its_zone(minute, hour, zone, begin):
    schedule = parse_schedule(f"{minute} {hour} * * * {zone}")
    found = moments(schedule, begin, begin + timedelta(days=30))
    dates = [moment.astimezone(ZoneInfo(zone)).date() for moment in found]
    assert len(dates) in (30, 31, 29)
    assert [later - earlier for earlier, later in pairwise(dates)] == [timedelta(days=1)] * (len(dates) - 1)


@given(
    st.sampled_from(["*/5 * * * *", "30 2 * * *", "15 * * * *", "0 8 * * 1-5", "0 0 1 * *"]),
    st.sampled_from(ZONES),
    MOMENTS,
)
@settings(deadline=None, max_examples=60)
def test_last_and_next_meet(expression, zone, moment):
    schedule = parse_schedule(expression, zone)
    newest = schedule.last(moment)
    assert newest <= moment < schedule.next(moment)
    assert schedule.next(newest - timedelta(microseconds=1)) == newest
    assert schedule.last(schedule.next(moment)) == schedule.next(moment)


@pytest.mark.parametrize(
    ("expression", "night", "expected"),
    [
        ("30 2 * * *", "2026-03-07", ["07 07:30", "08 07:30", "09 06:30"]),  # 02:30 is skipped on the 8th
        ("30 1 * * *", "2026-10-31", ["31 05:30", "01 05:30", "02 06:30"]),  # 01:30 comes twice on the 1st
    ],
)
def test_the_nights_that_the_clock_is_changed(expression, night, expected):
    begin = datetime.fromisoformat(night).replace(tzinfo=ZoneInfo("America/New_York"))
    schedule = parse_schedule(f"{expression} America/New_York")
    found = moments(schedule, begin, begin + timedelta(days=3))
    assert [moment.strftime("%d %H:%M") for moment in found] == expected


def test_what_runs_every_hour_runs_on_through_the_hour_that_comes_twice():
    begin = datetime(2026, 11, 1, tzinfo=ZoneInfo("America/New_York"))
    found = moments(parse_schedule("*/30 * * * * America/New_York"), begin, begin + timedelta(days=1))
    assert len(found) == 50
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(minutes=30)}


@pytest.mark.parametrize(
    ("weekdays", "expected"),
    [
        ("1-5", "Mon Tue Wed Thu Fri"),
        ("0", "Sun"),
        ("7", "Sun"),
        ("5-7", "Fri Sat Sun"),
        ("1,3", "Mon Wed"),
        ("1-5/2", "Mon Wed Fri"),
        ("mon-wed", "Mon Tue Wed"),
    ],
)
def test_weekdays_are_counted_as_cron_does(weekdays, expected):
    begin = datetime(2026, 6, 1, tzinfo=UTC)  # a Monday
    found = moments(parse_schedule(f"0 5 * * {weekdays}"), begin, begin + timedelta(days=7))
    assert " ".join(moment.strftime("%a") for moment in found) == expected


def test_every_scheduler_finds_the_same_moments_of_an_interval():
    schedule = parse_schedule("every 5 minutes")
    assert isinstance(schedule, Every)
    assert schedule.next(datetime(2026, 6, 1, 12, 3, 7, tzinfo=UTC)) == datetime(
        2026, 6, 1, 12, 5, tzinfo=UTC
    )
    assert schedule.last(datetime(2026, 6, 1, 12, 5, tzinfo=UTC)) == datetime(2026, 6, 1, 12, 5, tzinfo=UTC)


@given(st.integers(1, 10_000), st.sampled_from(["second", "minute", "hour", "day"]))
def test_an_interval_is_said_as_it_is_read(count, unit):
    schedule = parse_schedule(f"every {count} {unit}s")
    assert parse_schedule(str(schedule)) == schedule


@pytest.mark.parametrize(
    "text", ["each trading day", "each trading day, 40 6 * * * Europe/London", "every minute"]
)
def test_schedules_in_words(text):
    schedule = parse_schedule(text)
    assert str(schedule) == text
    assert isinstance(schedule, TradingDays) == text.startswith("each")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("at dawn", "five fields"),
        ("* * * *", "five fields"),
        ("61 * * * *", "61"),
        ("0 0 30 2 *", "never comes"),
        ("0 5 * * * Mars/Base", "no time zone"),
        ("0 5 * * 5-1", "end before they begin"),
        ("every 0 minutes", "longer than nothing"),
        ("each trading day at dawn", "a comma"),
        ("", "five fields"),
    ],
)
def test_what_is_no_schedule_is_refused_with_the_reason(text, said):
    with pytest.raises(ValueError, match=said):
        parse_schedule(text)


def test_times_without_a_zone_are_of_the_one_given():
    assert str(parse_schedule("0 5 * * *", "Europe/London")) == "0 5 * * * Europe/London"
