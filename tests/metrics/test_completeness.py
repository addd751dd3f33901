"""When a trading day is final, from real plans, accounts and marks."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from timeseries.database import Database
from timeseries.metrics import DayState, Waiting, day_states, last_day_states, refresh_metrics

WAITING = Waiting(grace=timedelta(minutes=30), patience=timedelta(hours=2))
TUESDAY = date(2026, 3, 10)  # two days after New York's clocks were changed, before Prague's are
FIRM = """
INSERT INTO plans (plan, currency, initial_balance, reset_time, time_zone)
VALUES ('us', 'USD', 100, '17:00', 'America/New_York'), ('eu', 'USD', 100, '00:00', 'Europe/Prague'),
       ('unused', 'USD', 100, '00:00', 'Pacific/Honolulu');
INSERT INTO accounts (account, plan_id, currency, currency_digits, initial_balance, opened_at)
SELECT name, plan_id, 'USD', 2, 100, '2026-03-01 00:00+00'
FROM (VALUES ('A', 'us'), ('B', 'eu')) AS a (name, plan) JOIN plans USING (plan);
INSERT INTO equity (account_id, time, balance, equity)
SELECT account_id, moment, 100, 100
FROM accounts
CROSS JOIN generate_series(timestamptz '2026-03-02 12:00+00', '2026-03-10 23:30+00', '1 hour') AS moment;
"""
NY_END = datetime(2026, 3, 10, 21, tzinfo=UTC)  # 17:00 in summer time
PRAGUE_END = datetime(2026, 3, 10, 23, tzinfo=UTC)  # midnight in winter time


@pytest.fixture
def firm(clean_database: Database) -> Database:
    with clean_database.transaction() as connection:
        connection.execute(text(FIRM))
        connection.execute(
            text(
                "INSERT INTO stale_days (account_id, trading_day, of_trades, of_equity, of_operations) "
                "SELECT account_id, date '2026-03-10', false, true, false FROM accounts"
            )
        )
    return clean_database


def refreshed(database: Database) -> Database:
    refresh_metrics(database)
    return database


def state(database: Database, day: date, now: datetime) -> DayState:
    (found,) = day_states(database, day, day, now=now, waiting=WAITING)
    return found


def test_it_waits_for_its_metrics_on_each_calendar(firm: Database):
    seen = refreshed(firm)
    with seen.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO stale_days (account_id, trading_day, of_trades, of_equity, of_operations) "
                "SELECT account_id, date '2026-03-09', true, false, false FROM accounts WHERE account = 'B'"
            )
        )
    late = PRAGUE_END + timedelta(days=1)
    assert state(seen, TUESDAY, late).waits == (
        "00:00 Europe/Prague: 1 account-days wait for the job refresh",
    )


def test_it_ends_with_the_last_calendar_in_use_and_a_grace(firm: Database):
    seen = refreshed(firm)
    final = PRAGUE_END + timedelta(minutes=30)
    assert state(seen, TUESDAY, final).is_final
    early = state(seen, TUESDAY, final - timedelta(seconds=1))
    assert early.waits == ("00:00 Europe/Prague: it is final at 2026-03-10 23:30 UTC",)
    before = state(seen, TUESDAY, NY_END)
    assert [wait.partition(":")[0] for wait in before.waits] == ["17", "00"]


def test_where_data_fell_silent_it_is_waited_for_them(firm: Database):
    with firm.transaction() as connection:
        connection.execute(text("DELETE FROM equity WHERE time > '2026-03-10 20:00+00'"))
    seen = refreshed(firm)
    assert not state(seen, TUESDAY, PRAGUE_END + timedelta(minutes=119)).is_final
    assert state(seen, TUESDAY, PRAGUE_END + timedelta(minutes=120)).is_final


def test_a_day_that_data_have_not_reached_is_never_final(firm: Database):
    seen = refreshed(firm)
    (wednesday,) = day_states(
        seen, date(2026, 3, 11), date(2026, 3, 11), now=NY_END + timedelta(days=9), waiting=WAITING
    )
    assert all("the data have not arrived: they reach 2026-03-10" in wait for wait in wednesday.waits)


def test_of_data_that_ended_long_ago_the_days_before_their_end_are_told(firm: Database):
    seen = refreshed(firm)
    states = last_day_states(seen, 10, now=datetime(2030, 1, 1, tzinfo=UTC), waiting=WAITING)
    final = [one.trading_day for one in states if one.is_final]
    assert final[-1] == TUESDAY
    assert all(day.weekday() < 5 for day in final)
    assert len(states) - len(final) <= 5


def test_without_metrics_there_are_no_days(clean_database: Database):
    assert last_day_states(clean_database, 10, now=datetime(2026, 3, 10, tzinfo=UTC), waiting=WAITING) == []
