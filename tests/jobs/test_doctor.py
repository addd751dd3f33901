"""What is wrong with the jobs, and that somebody is told of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from jobs.engine import Job, Window, diagnose, look, run_by_hand, run_window, schedules_of, troubles_of_jobs
from jobs.engine.by_hand import window_now
from jobs.registry import JOBS
from timeseries.alerts import list_alerts
from timeseries.config import JobSettings, Settings
from timeseries.database import Database
from timeseries.errors import InputError

SETTINGS = Settings(jobs=JobSettings(late_minutes=60, retry_seconds=0))


def fail(context):
    raise InputError("the file is on fire")


def tidy(work=lambda context: 1, schedule: str = "every hour") -> dict[str, Job]:
    return {"tidy": Job("tidy", "", schedule, work, retries=1)}


def diagnosis(database: Database, jobs: dict[str, Job], later: timedelta = timedelta()):
    now = datetime.now(UTC) + later
    seen = look(database, SETTINGS, jobs, schedules_of(jobs, SETTINGS), now=now)
    return diagnose(seen, SETTINGS)[0], troubles_of_jobs(seen, SETTINGS)


def test_a_job_that_ran_in_time_is_well(clean_database: Database):
    run_by_hand(clean_database, SETTINGS, tidy(), "tidy")
    found, troubles = diagnosis(clean_database, tidy(), timedelta(minutes=59))
    assert not found.ill
    assert troubles == []


def test_a_job_that_nobody_runs_is_late_after_an_hour(clean_database: Database):
    run_by_hand(clean_database, SETTINGS, tidy(), "tidy")
    found, troubles = diagnosis(clean_database, tidy(), timedelta(hours=3))
    assert (found.ill, found.what) == (True, "late")
    assert "no scheduler began it" in found.why
    assert [trouble.subject for trouble in troubles] == ["job_tidy"]


def test_one_failure_is_no_illness_and_three_are(clean_database: Database):
    for ill in (False, False, True):
        with pytest.raises(InputError):
            run_by_hand(clean_database, SETTINGS, tidy(fail), "tidy")
        found, _ = diagnosis(clean_database, tidy(fail))
        assert found.ill == ill
    assert found.what == "failing"
    assert "the file is on fire" in found.why
    run_by_hand(clean_database, SETTINGS, tidy(), "tidy")
    assert not diagnosis(clean_database, tidy())[0].ill


def give_up(database: Database, *days: date) -> None:
    """Have the job fail on some days until it gives each up."""
    jobs = tidy(fail, "each trading day")
    for day in days:
        for _ in range(2):
            with pytest.raises(InputError):
                run_window(database, SETTINGS, jobs, "tidy", Window.of_day(day), by_hand=False)


@pytest.mark.parametrize("coalesce", [False, True])
def test_a_day_given_up_is_told_until_it_is_done(clean_database: Database, firm_day: date, coalesce: bool):
    jobs = {"tidy": replace(tidy(schedule="each trading day")["tidy"], coalesce=coalesce)}
    day = weekday_before(firm_day)
    give_up(clean_database, day)
    found, _ = diagnosis(clean_database, jobs)
    assert (found.ill, found.what) == (True, "given up")
    assert f"{day} was given up after 2 attempts; the last error: the file is on fire" in found.why
    assert f"`timeseries jobs run tidy --since {day} --until {day}`" in found.why
    run_window(clean_database, SETTINGS, jobs, "tidy", Window.of_day(firm_day), by_hand=False)
    found, troubles = diagnosis(clean_database, jobs)
    # Where missed days become one, the later day has made up for it.
    assert found.ill is not coalesce
    assert [trouble.subject for trouble in troubles] == ([] if coalesce else ["job_tidy"])
    run_window(clean_database, SETTINGS, jobs, "tidy", Window.of_day(day))
    assert not diagnosis(clean_database, jobs)[0].ill


def test_many_days_given_up_are_told_together(clean_database: Database, firm_day: date):
    jobs = {"tidy": replace(tidy(schedule="each trading day")["tidy"], coalesce=False)}
    before = weekday_before(firm_day)
    give_up(clean_database, before, firm_day)
    found, _ = diagnosis(clean_database, jobs)
    assert f"{before}, {firm_day} were given up" in found.why
    assert f"`timeseries jobs backfill tidy --since {before} --until {firm_day}`" in found.why


def weekday_before(day: date) -> date:
    return day - timedelta(days=3 if day.weekday() == 0 else 1)


def test_a_day_that_is_not_final_is_one_trouble_for_all_that_wait(clean_database: Database, firm_day: date):
    jobs = {name: replace(tidy(schedule="each trading day")["tidy"], name=name) for name in ("one", "two")}
    for name in jobs:
        run_by_hand(clean_database, SETTINGS, jobs, name)
        with clean_database.transaction() as connection:
            connection.execute(text("UPDATE job_runs SET by_hand = false"))
    found, troubles = diagnosis(clean_database, jobs, timedelta(days=3))
    assert (found.ill, found.what) == (True, "waiting for data")
    assert [trouble.subject for trouble in troubles] == ["trading_day"]
    assert "the data have not arrived" in troubles[0].body


@pytest.fixture
def firm_day(clean_database: Database) -> date:
    """The last complete day of a firm with one account and a snapshot an hour until yesterday's end."""
    with clean_database.transaction() as connection:
        connection.execute(
            text("""
            INSERT INTO plans (plan, currency, initial_balance) VALUES ('p', 'USD', 100);
            INSERT INTO accounts (account, plan_id, currency, currency_digits, initial_balance, opened_at)
            SELECT 'A', plan_id, 'USD', 2, 100, now() - interval '20 days' FROM plans;
            INSERT INTO equity (account_id, time, balance, equity)
            SELECT account_id, moment, 100, 100
            FROM accounts
            CROSS JOIN generate_series(date_trunc('day', now() - interval '10 days'),
                                       date_trunc('day', now()), interval '1 hour') AS moment;
            INSERT INTO stale_days (account_id, trading_day, of_trades, of_equity, of_operations)
            SELECT DISTINCT account_id, time::date, false, true, false
            FROM equity
            WHERE time < date_trunc('day', now())
            """)
        )
    run_by_hand(clean_database, SETTINGS, JOBS, "refresh")
    window = window_now(clean_database, SETTINGS, tidy(schedule="each trading day"), "tidy")
    assert window.day is not None
    return window.day


def test_the_health_job_raises_an_alert_of_the_engine_and_ends_it(clean_database: Database):
    jobs = {**tidy(fail), "health": JOBS["health"]}
    for _ in range(3):
        with pytest.raises(InputError):
            run_by_hand(clean_database, SETTINGS, jobs, "tidy")
    run_by_hand(clean_database, SETTINGS, jobs, "health")
    raised = {alert.subject: alert for alert in list_alerts(clean_database, limit=100)}
    assert raised["job_tidy"].state == "open"
    assert "failing" in raised["job_tidy"].title
    jobs = {**tidy(), "health": JOBS["health"]}
    run_by_hand(clean_database, SETTINGS, jobs, "tidy")
    run_by_hand(clean_database, SETTINGS, jobs, "health")
    ended = {alert.subject: alert.state for alert in list_alerts(clean_database, limit=100)}
    assert ended["job_tidy"] == "resolved"
