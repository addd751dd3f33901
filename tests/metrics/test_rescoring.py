"""What was found in days that came out otherwise later is known to be out of date, and is found anew."""

from datetime import UTC, date, datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import text

from timeseries import pipeline
from timeseries.config import Settings
from timeseries.database import Database
from timeseries.metrics import last_complete_day, pending_ranges, refresh_aggregates, refresh_metrics

LAST = date(2026, 6, 26)
DAYS = """
INSERT INTO trades (account_id, ticket, close_time, open_price, price_move, profit, commission, swap,
                    seconds_held, lots, symbol_id, side, price_digits, lot_digits)
SELECT a, a * 10000 + row_number() OVER (), day + interval '12 hours', 110000, 10, 100 * a, 0, 0,
       60, 10, 1, 1, 5, 2
FROM generate_series(1, 3) AS a,
     generate_series(timestamptz '2026-02-02 00:00+00', '2026-06-26 00:00+00', interval '1 day') AS day
WHERE extract(isodow FROM day) < 6
"""
MARK = """
INSERT INTO stale_days (account_id, trading_day, of_equity, of_operations)
SELECT DISTINCT account_id, (close_time AT TIME ZONE 'UTC')::date, false, false
FROM trades WHERE account_id = :account AND close_time >= :since AND close_time < :until
ON CONFLICT (account_id, trading_day) DO UPDATE SET marked_at = excluded.marked_at
"""
SERVER_ONLY = (
    "the embedded database has one session for all, so nothing happens in the middle of a transaction"
)


@pytest.fixture
def firm(clean_database: Database) -> Database:
    """Three accounts that trade every weekday up to a Friday, their metrics up to date."""
    with clean_database.transaction() as connection:
        connection.execute(text("INSERT INTO plans (plan, currency, initial_balance) VALUES ('p', 'USD', 0)"))
        connection.execute(text("INSERT INTO symbols (symbol) VALUES ('EURUSD')"))
        connection.execute(
            text(
                "INSERT INTO accounts "
                "(account, plan_id, currency, currency_digits, initial_balance, opened_at) "
                "SELECT 'A' || a, 1, 'USD', 2, 1000000, '2026-02-02' FROM generate_series(1, 3) AS a"
            )
        )
        connection.execute(text(DAYS))
    for account in (1, 2, 3):
        mark(clean_database, account, date(2026, 2, 1), LAST)
    refresh_metrics(clean_database)
    return clean_database


def mark(database: Database, account: int, since: date, until: date) -> None:
    values = {"account": account, "since": since, "until": until + timedelta(days=1)}
    with database.transaction() as connection:
        connection.execute(text(MARK), values)


def add_late_trade(database: Database, account: int, day: date) -> None:
    with database.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO trades SELECT close_time + interval '1 hour', ticket + 5000000, open_price, "
                "price_move, profit + 7, commission, swap, account_id, seconds_held, lots, symbol_id, side, "
                "price_digits, lot_digits FROM trades WHERE account_id = :account AND close_time::date = :day"
            ),
            {"account": account, "day": day},
        )
    mark(database, account, day, day)
    refresh_metrics(database)


def marks(database: Database) -> list[tuple]:
    with database.transaction() as connection:
        rows = connection.execute(text("SELECT kind, account_id, since FROM rescoring ORDER BY 1, 2"))
        return [tuple(row) for row in rows]


def rescored(database: Database, moment: datetime) -> list[date]:
    with database.transaction() as connection:
        query = text(
            "SELECT trading_day FROM scored_days WHERE kind = 'anomaly' AND scored_at > :m ORDER BY 1"
        )
        return list(connection.scalars(query, {"m": moment}))


def now(database: Database) -> datetime:
    with database.transaction() as connection:
        return connection.scalar(text("SELECT now()"))


def test_a_changed_scored_day_is_scored_again_with_those_after_it(firm):
    pipeline.detect(firm, Settings(), days=5)
    add_late_trade(firm, 2, date(2026, 6, 22))
    add_late_trade(firm, 2, date(2026, 6, 24))
    assert marks(firm) == [(kind, 2, date(2026, 6, 22)) for kind in ("anomaly", "rule")]
    assert last_complete_day(firm).rescoring == 1
    before = now(firm)
    report = pipeline.detect(firm, Settings())
    assert (report.day, report.rescored, report.out_of_reach) == (LAST, 1, 0)
    assert rescored(firm, before) == [date(2026, 6, 22) + timedelta(days=n) for n in range(5)]
    assert marks(firm) == []
    assert last_complete_day(firm).rescoring == 0


def test_what_lies_too_far_back_is_told_and_left(firm):
    pipeline.detect(firm, Settings())
    add_late_trade(firm, 1, date(2026, 3, 2))
    before = now(firm)
    report = pipeline.detect(firm, Settings())
    assert (report.rescored, report.out_of_reach) == (1, 1)
    assert len(rescored(firm, before)) == 60
    assert marks(firm) == []


def test_nothing_is_marked_where_nothing_changed_or_nothing_was_scored(firm):
    add_late_trade(firm, 1, date(2026, 6, 25))
    assert marks(firm) == []
    pipeline.detect(firm, Settings(), day=date(2026, 6, 24))
    pipeline.forecast_all(firm, horizon=2)
    add_late_trade(firm, 1, date(2026, 6, 26))
    assert marks(firm) == [("forecast", 1, date(2026, 6, 26))]
    mark(firm, 2, date(2026, 6, 22), date(2026, 6, 24))
    refresh_metrics(firm)
    assert len(marks(firm)) == 1


def test_a_run_for_an_earlier_day_leaves_the_marks(firm):
    pipeline.detect(firm, Settings())
    add_late_trade(firm, 3, date(2026, 6, 10))
    assert pipeline.detect(firm, Settings(), day=date(2026, 6, 12)).rescored == 0
    assert marks(firm) == [(kind, 3, date(2026, 6, 10)) for kind in ("anomaly", "rule")]


def test_new_forecasts_settle_the_marks_of_old_ones(firm):
    pipeline.forecast_all(firm, horizon=2)
    add_late_trade(firm, 3, date(2026, 6, 10))
    assert marks(firm) == [("forecast", 3, date(2026, 6, 10))]
    pipeline.forecast_all(firm, horizon=2)
    assert marks(firm) == []


def test_a_mark_made_anew_while_scoring_stays(firm):
    pipeline.detect(firm, Settings())
    add_late_trade(firm, 3, LAST)

    def interrupt(what: str, done: int, total: int) -> None:
        if done == 2 and what == "scoring account-days":
            add_late_trade(firm, 3, LAST - timedelta(days=1))

    pipeline.detect(firm, Settings(), progress=interrupt)
    assert marks(firm) == [(kind, 3, LAST - timedelta(days=1)) for kind in ("anomaly", "rule")]


def test_a_day_marked_anew_while_it_is_computed_stays_stale(firm):
    if firm.embedded:
        pytest.skip(SERVER_ONLY)
    mark(firm, 1, LAST, LAST)
    with firm.transaction() as connection:
        connection.execute(text("SELECT FROM daily_metrics WHERE account_id = 1 FOR UPDATE"))
        connection.execute(text("UPDATE daily_metrics SET wins = wins + 1 WHERE account_id = 1"))
        worker = Thread(target=refresh_metrics, args=(firm,))
        worker.start()
        wait_for_lock(firm)
        mark(firm, 1, LAST, LAST)
    worker.join()
    assert last_complete_day(firm).stale == 1
    refresh_metrics(firm)
    assert last_complete_day(firm).stale == 0


def test_a_refresh_waits_for_another_that_is_in_its_way(firm):
    if firm.embedded:
        pytest.skip(SERVER_ONLY)
    with firm.transaction() as connection:
        connection.execute(text("UPDATE trades SET swap = 1 WHERE account_id = 1"))
        name = connection.scalar(text("SELECT current_database()"))
        connection.execute(text(f"ALTER DATABASE {name} SET lock_timeout = '200ms'"))
    with firm.transaction() as connection:
        query = (
            "SELECT format('LOCK TABLE %I.%I', materialization_hypertable_schema, "
            "materialization_hypertable_name) "
            "FROM timescaledb_information.continuous_aggregates WHERE view_name = 'trades_5m'"
        )
        connection.execute(text(connection.execute(text(query)).scalar_one()))
        worker = Thread(target=refresh_aggregates, args=(firm,))
        worker.start()
        worker.join(0.7)
        assert worker.is_alive()
    worker.join()
    assert not pending_ranges(firm)
    with firm.transaction() as connection:
        connection.execute(text(f"ALTER DATABASE {name} RESET lock_timeout"))


def wait_for_lock(database: Database) -> None:
    query = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()")
    deadline = datetime.now(UTC) + timedelta(seconds=20)
    while datetime.now(UTC) < deadline:
        with database.transaction() as connection:
            if connection.scalar(query):
                return
    raise AssertionError("nobody waits for a lock")
