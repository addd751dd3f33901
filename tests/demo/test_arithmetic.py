from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from timeseries.demo._arrays import running_maximum, within_groups
from timeseries.demo._calendar import RESETS, make_calendar

CALENDAR = make_calendar(180, date(2026, 6, 30))
NEW_YORK = ZoneInfo("America/New_York")
instants = st.integers(CALENDAR.start, CALENDAR.stop - 1)


@given(st.lists(st.integers(0, 5)))
def test_within_groups_counts_up_in_each_group(counts):
    expected = [position for count in counts for position in range(count)]
    assert within_groups(np.array(counts, np.int64)).tolist() == expected


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-(10**9), 10**9)), min_size=1))
def test_running_maximum_never_looks_into_another_group(rows):
    rows = sorted(rows, key=lambda row: row[0])
    group, value = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    expected = [max(v for g, v in rows[: at + 1] if g == rows[at][0]) for at in range(len(rows))]
    assert running_maximum(group, value).tolist() == expected


@given(instants)
def test_the_market_rests_by_the_clock_of_new_york(instant):
    local = datetime.fromtimestamp(instant, NEW_YORK)
    minutes = (local.weekday() * 24 + local.hour) * 60 + local.minute
    resting = (4 * 24 + 17) * 60 <= minutes < (6 * 24 + 17) * 60
    assert bool(CALENDAR.closed(np.array([instant]))[0]) == resting


@given(instants, instants, st.integers(0, len(RESETS) - 1))
def test_trading_days_change_at_the_reset_of_the_zone(first, second, rule):
    clock, zone = RESETS[rule]
    hour = int(clock[:2])

    def day(instant: int) -> tuple[date, bool]:
        local = datetime.fromtimestamp(instant - 1, ZoneInfo(zone))
        return local.date(), local.hour >= hour > 0

    rows = np.array([rule, rule])
    one, two = CALENDAR.trading_day(rows, np.array([first, second])).tolist()
    day_one, day_two = day(first), day(second)
    ordinal = [d.toordinal() + later for d, later in (day_one, day_two)]
    assert two - one == ordinal[1] - ordinal[0]


def test_the_span_ends_on_the_named_day_and_holds_two_clock_changes():
    assert CALENDAR.weekdays.size == 180
    assert datetime.fromtimestamp(CALENDAR.stop, UTC) == datetime(2026, 7, 1, tzinfo=UTC)
    hours = {datetime.fromtimestamp(int(close), UTC).hour for close in CALENDAR.closes}
    assert hours == {21, 22}


def test_a_weekend_end_moves_back_to_friday():
    assert make_calendar(3, date(2026, 6, 28)).weekdays[-1] == np.datetime64("2026-06-26")
