"""Statistics are renewed, and only what nobody needs is forgotten."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text

from timeseries.config import Settings
from timeseries.database import Database
from timeseries.health import observe, statistics

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def add_run(
    database: Database,
    job: str,
    days_ago: int,
    *,
    state: str = "done",
    trading_day: date | None = None,
    late: int = 0,
) -> None:
    """A run of the window so many days ago, which ended so many days after it."""
    start = NOW - timedelta(days=days_ago)
    with database.transaction() as connection:
        connection.execute(
            text(
                """
                INSERT INTO job_runs (job, window_start, window_end, trading_day, state, holder, lease_until,
                                      started_at, finished_at)
                VALUES (:job, :start, :start + interval '1 minute', :trading_day, :state, 'here', :end,
                        :end, :end)
                """
            ),
            {
                "job": job,
                "start": start,
                "trading_day": trading_day,
                "state": state,
                "end": start + timedelta(days=late),
            },
        )


def runs(database: Database) -> list[tuple[str, int]]:
    """Job and age of the windows that are still known."""
    with database.transaction() as connection:
        rows = connection.execute(text("SELECT job, window_start FROM job_runs ORDER BY job, window_start"))
        return [(job, (NOW - start).days) for job, start in rows]


def test_old_runs_are_forgotten_but_not_the_newest(clean_database: Database) -> None:
    for age in (500, 91, 89, 1):
        add_run(clean_database, "refresh", age)
    add_run(clean_database, "verify", 300)
    add_run(clean_database, "verify", 200)
    assert statistics(clean_database, now=NOW) == 3
    assert runs(clean_database) == [("refresh", 89), ("refresh", 1), ("verify", 200)]
    assert statistics(clean_database, now=NOW) == 0


def test_the_last_run_is_kept_though_it_was_of_an_older_window(clean_database: Database) -> None:
    add_run(clean_database, "refresh", 200)
    add_run(clean_database, "refresh", 300, late=110)
    assert statistics(clean_database, now=NOW) == 0


def test_what_did_not_succeed_and_what_ended_lately_is_kept(clean_database: Database) -> None:
    add_run(clean_database, "refresh", 300, state="given_up")
    add_run(clean_database, "refresh", 300, late=211)
    add_run(clean_database, "refresh", 1)
    assert statistics(clean_database, now=NOW) == 0


def test_trading_days_that_may_be_asked_for_are_kept(clean_database: Database) -> None:
    for age in (401, 400, 100, 1):
        add_run(clean_database, "detect", age, trading_day=NOW.date() - timedelta(days=age))
    assert statistics(clean_database, now=NOW) == 1
    assert runs(clean_database) == [("detect", 400), ("detect", 100), ("detect", 1)]


def test_old_observations_are_forgotten(clean_database: Database, tmp_path) -> None:
    for age in (401, 399):
        observe(clean_database, Settings(data_dir=tmp_path), now=NOW - timedelta(days=age))
    assert statistics(clean_database, now=NOW) == 1


def test_the_planner_knows_what_was_written(clean_database: Database) -> None:
    for age in range(40):
        add_run(clean_database, "refresh", age)
    statistics(clean_database, now=NOW)
    with clean_database.transaction() as connection:
        known = connection.scalar(text("SELECT reltuples FROM pg_class WHERE oid = 'job_runs'::regclass"))
    assert known == 40
