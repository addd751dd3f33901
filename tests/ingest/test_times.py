"""Texts and timestamps become the moments they mean."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeseries.errors import InputError
from timeseries.ingest._times import instants, to_utc

MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0)
)
OFFSETS = st.integers(-14 * 60, 14 * 60)
ZONES = st.sampled_from(
    ["UTC", "Europe/Prague", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo"]
)


def epoch(moment):
    return int(moment.timestamp())


@given(
    MOMENTS, OFFSETS, st.sampled_from(["T", "t", " "]), st.sampled_from("-./"), st.booleans(), st.booleans()
)
def test_texts_with_offsets_equal_datetime(moment, minutes, between, dash, colon, with_seconds):
    zone = timezone(timedelta(minutes=minutes))
    sign, size = "-" if minutes < 0 else "+", abs(minutes)
    offset = f"{sign}{size // 60:02}{':' if colon else ''}{size % 60:02}"
    shape = f"%Y{dash}%m{dash}%d{between}%H:%M" + (":%S" if with_seconds else "")
    found = instants(pa.array([moment.strftime(shape) + offset]))
    meant = moment if with_seconds else moment.replace(second=0)
    assert found.valid.all()
    assert found.seconds[0] == epoch(meant.replace(tzinfo=zone))


@given(st.lists(MOMENTS, min_size=1, max_size=20), ZONES)
def test_wall_clocks_of_named_zones_equal_zoneinfo(moments, zone):
    found = instants(pa.array([moment.isoformat() for moment in moments]), to_utc(zone))
    assert found.valid.all()
    for seconds, moment in zip(found.seconds.tolist(), moments, strict=True):
        wall = moment.replace(tzinfo=ZoneInfo(zone), fold=0)
        exists = wall.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == moment
        assert seconds == epoch(wall) if exists else abs(seconds - epoch(wall)) <= 3600


@pytest.mark.parametrize(
    ("zone", "wall", "utc"),
    [
        ("Europe/Prague", "2025-03-30 01:59:59", "2025-03-30T00:59:59"),
        ("Europe/Prague", "2025-03-30 02:30:00", "2025-03-30T01:00:00"),  # skipped: the first moment after
        ("Europe/Prague", "2025-03-30 03:00:00", "2025-03-30T01:00:00"),
        ("Europe/Prague", "2025-10-26 02:30:00", "2025-10-26T00:30:00"),  # repeated: the earlier
        ("Europe/Prague", "2025-10-26 03:00:00", "2025-10-26T02:00:00"),
        ("America/New_York", "2025-03-09 02:15:00", "2025-03-09T07:00:00"),
        ("America/New_York", "2025-11-02 01:15:00", "2025-11-02T05:15:00"),
        ("+02:00", "2025-07-01 00:00:00", "2025-06-30T22:00:00"),
        ("-0530", "2025-07-01 00:00:00", "2025-07-01T05:30:00"),
    ],
)
def test_clocks_that_change(zone, wall, utc):
    found = instants(pa.array([wall]), to_utc(zone))
    assert found.seconds[0] == epoch(datetime.fromisoformat(utc).replace(tzinfo=UTC))


@given(MOMENTS, st.sampled_from(["s", "ms", "us", "ns"]))
def test_timestamps_of_every_unit(moment, unit):
    zoned = instants(pa.array([moment.replace(tzinfo=UTC)], pa.timestamp(unit, "Europe/Prague")))
    assert zoned.valid.all()
    assert zoned.seconds[0] == epoch(moment.replace(tzinfo=UTC))
    bare = instants(pa.array([moment], pa.timestamp(unit)))
    assert bare.naive.all()
    there = instants(pa.array([moment], pa.timestamp(unit)), to_utc("+01:00"))
    assert there.seconds[0] == epoch(moment.replace(tzinfo=UTC)) - 3600


def test_dates_are_midnights_without_a_zone():
    for kind in (pa.date32(), pa.date64()):
        found = instants(pa.array([date(2025, 3, 7)], kind), to_utc("UTC"))
        assert found.seconds[0] == epoch(datetime(2025, 3, 7, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    [
        "2025-02-29T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "2025-00-01T00:00:00Z",
        "2025-01-00T00:00:00Z",
        "2025-01-01T24:00:00Z",
        "2025-01-01T10:60:00Z",
        "2025-01-01T10:00:60Z",
        "2025-01/01T10:00:00Z",
        "2025-01-01T10:00:00ZZ",
        "2025-01-01T10:00:00+1",
        "2025-01-01",
        "25-01-01 10:00",
        "1741341900",
        "yesterday",
    ],
)
def test_what_is_no_time_is_neither_valid_nor_missing(text):
    found = instants(pa.array([text]), to_utc("UTC"))
    assert not found.valid[0]
    assert not found.missing[0]
    assert not found.naive[0]


def test_leap_days_fractions_and_the_platform_spelling():
    found = instants(
        pa.array(["2024-02-29T12:00:00.999Z", "2024.02.29 12:00 UTC", "2024-02-29 12:00:00,5+00"])
    )
    assert found.valid.all()
    assert set(found.seconds.tolist()) == {epoch(datetime(2024, 2, 29, 12, tzinfo=UTC))}


def test_missing_and_naive_times_are_told_apart():
    found = instants(pa.array(["", None, "2025-01-01 10:00"]))
    assert found.missing.tolist() == [True, True, False]
    assert found.naive.tolist() == [False, False, True]
    assert len(instants(pa.array([], pa.string())).valid) == 0


@pytest.mark.parametrize("zone", ["Europe/Prague", "America/New_York", "-11:00", "+14:00"])
def test_the_ends_of_the_calendar_do_not_stop_a_load(zone):
    found = instants(pa.array(["0001-01-01 00:00", "9999-12-31 23:59", "2025-06-01 00:00"]), to_utc(zone))
    assert found.seconds[2] > found.seconds[0]
    stamps = pa.array(np.array([np.iinfo(np.int64).max, -(2**62)]), pa.timestamp("s"))
    assert len(instants(stamps, to_utc(zone)).seconds) == 2


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../etc/passwd", "Europe", "+5", "UTC\0"])
def test_unknown_zones_are_refused(zone):
    with pytest.raises(InputError, match="There is no time zone"):
        to_utc(zone)
