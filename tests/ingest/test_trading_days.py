"""A load marks the trading days it touches, on the plan's own calendar."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recompute import Plan

from timeseries.metrics import refresh_metrics

NEW_YORK = {"plan": "ny", "reset_time": "17:00", "time_zone": "America/New_York"}
PRAGUE = {"plan": "prague", "reset_time": "00:00", "time_zone": "Europe/Prague"}


@pytest.fixture
def calendars(desk):
    desk.load("plans", [NEW_YORK, PRAGUE])
    desk.load("accounts", [{"account": "N", "plan": "ny"}, {"account": "P", "plan": "prague"}])
    return desk


def closing(moment: str, account: str, ticket: int = 1) -> dict[str, str]:
    return {
        "account": account,
        "ticket": str(ticket),
        "open_time": "2024-12-31T00:00:00Z",
        "close_time": moment,
    }


DAYS = [
    ("ny", "2025-03-07T21:59:59Z", "2025-03-07"),  # winter: the day ends at 22:00 UTC
    ("ny", "2025-03-07T22:00:00Z", "2025-03-08"),
    ("ny", "2025-03-10T20:59:59Z", "2025-03-10"),  # summer since 9 March: at 21:00 UTC
    ("ny", "2025-03-10T21:00:00Z", "2025-03-11"),
    ("ny", "2025-11-02T21:30:00Z", "2025-11-02"),  # winter again that very morning
    ("ny", "2025-11-02T22:00:00Z", "2025-11-03"),
    ("prague", "2025-03-29T22:59:59Z", "2025-03-29"),
    ("prague", "2025-03-29T23:00:00Z", "2025-03-30"),
    ("prague", "2025-03-30T22:00:00Z", "2025-03-31"),
    ("prague", "2025-10-26T22:59:59Z", "2025-10-26"),
    ("prague", "2025-10-26T23:00:00Z", "2025-10-27"),
    ("50k", "2025-10-26T23:59:59Z", "2025-10-26"),
]


def test_the_day_of_a_close_and_of_a_snapshot(calendars):
    names = [f"{plan}-{moment}" for plan, moment, _ in DAYS]
    calendars.load(
        "accounts", [{"account": n, "plan": plan} for n, (plan, _, _) in zip(names, DAYS, strict=True)]
    )
    closes = [closing(moment, name) for name, (_, moment, _) in zip(names, DAYS, strict=True)]
    snapshots = [{"account": close["account"], "time": close["close_time"]} for close in closes]
    for kind, rows in (("trades", closes), ("equity", snapshots)):
        calendars.execute("TRUNCATE stale_days")
        calendars.load(kind, rows)
        assert [calendars.stale(name) for name in names] == [[day] for _, _, day in DAYS]


def test_one_file_marks_accounts_of_several_calendars(calendars):
    moment = "2025-03-07T22:30:00Z"
    calendars.load("trades", [closing(moment, name) for name in ("A1", "N", "P")])
    assert [calendars.stale(name) for name in ("A1", "N", "P")] == [
        ["2025-03-07"],
        ["2025-03-08"],
        ["2025-03-07"],
    ]


def test_only_new_rows_mark(calendars):
    row = closing("2025-03-07T22:30:00Z", "N")
    calendars.load("trades", [row])
    calendars.execute("TRUNCATE stale_days")
    calendars.load("trades", [row, row | {"ticket": "9", "lots": "0"}])
    assert calendars.stale("N") == []
    calendars.load("trades", [row, row | {"profit": "7"}])
    assert calendars.stale("N") == ["2025-03-08"]
    calendars.execute("TRUNCATE stale_days")
    calendars.load("trades", [row | {"profit": "7"}, closing("2025-01-02T12:00:00Z", "N", ticket=2)])
    assert calendars.stale("N") == ["2025-01-02"]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(0, 86_400 * 400), min_size=1, max_size=40, unique=True),
    st.integers(0, 287),
    st.sampled_from(["UTC", "Europe/Prague", "America/New_York", "Australia/Lord_Howe"]),
)
def test_marked_days_equal_days_of_the_calendar_by_datetime(shared_desk, seconds, slot, zone):
    reset = time(slot // 12, slot % 12 * 5)
    name = f"{zone}-{slot}-{hash(tuple(seconds))}"
    shared_desk.load("plans", [{"plan": name, "reset_time": f"{reset:%H:%M}", "time_zone": zone}])
    shared_desk.load("accounts", [{"account": name, "plan": name}])
    moments = [datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=n) for n in seconds]
    shared_desk.load("trades", [closing(m.isoformat(), name, n) for n, m in enumerate(moments)])
    rules = Plan(None, None, "", "", None, "", reset, ZoneInfo(zone))
    assert shared_desk.stale(name) == sorted({str(rules.day_of(moment)) for moment in moments})


# ---- changed rules


@pytest.fixture
def measured(calendars):
    """A1 has metrics of two days and nothing stale."""
    calendars.load(
        "trades", [closing("2025-03-04T22:30:00Z", "A1"), closing("2025-03-06T12:00:00Z", "A1", 2)]
    )
    calendars.load("trades", [closing("2025-03-05T12:00:00Z", "A2")])
    refresh_metrics(calendars.database)
    assert calendars.stale() == []
    return calendars


def days_of_metrics(desk, account):
    return desk.days("daily_metrics", account)


def test_a_changed_rule_marks_every_day_of_the_plan(measured):
    measured.load("plans", [{}])
    assert measured.stale() == measured.stale("A2") == []
    days = {account: days_of_metrics(measured, account) for account in ("A1", "A2")}
    rules = {
        "max_drawdown": "5000",
        "daily_loss": "2000",
        "max_drawdown_mode": "trailing",
        "consistency_limit": "0.3",
    }
    plan: dict[str, str] = {}
    for rule, value in rules.items():
        plan[rule] = value
        measured.load("plans", [plan])
        assert {account: measured.stale(account) for account in days} == days, rule
        measured.execute("TRUNCATE stale_days")
        measured.load("plans", [plan | {"profit_target": ""}])
        assert measured.stale() == [], rule


def test_a_moved_reset_marks_the_days_the_data_falls_on_now(measured):
    measured.load("plans", [{"reset_time": "17:00", "time_zone": "America/New_York"}])
    assert "2025-03-05" in measured.stale()  # 22:30 UTC of the 4th
    assert set(days_of_metrics(measured, "A1")) <= set(measured.stale())


def test_another_plan_marks_the_account_alone(measured):
    measured.load("accounts", [{"plan": "ny", "initial_balance": "50000"}])
    assert "2025-03-05" in measured.stale()
    assert set(days_of_metrics(measured, "A1")) <= set(measured.stale())
    assert measured.stale("A2") == []
    measured.execute("TRUNCATE stale_days")
    measured.load("accounts", [{"plan": "ny", "initial_balance": "60000"}])
    assert measured.stale() == days_of_metrics(measured, "A1")
    measured.execute("TRUNCATE stale_days")
    measured.load("accounts", [{"plan": "ny", "initial_balance": "60000", "account_group": "other"}])
    assert measured.stale() == []
