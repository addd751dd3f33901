"""One look at a real database and the machine under it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from timeseries.config import Settings
from timeseries.database import Database
from timeseries.demo import generate
from timeseries.errors import DatabaseError
from timeseries.health import observations, observe
from timeseries.ingest import Kind, load
from timeseries.metrics import refresh_metrics

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(data_dir=tmp_path)


def write(database: Database, query: str) -> None:
    with database.transaction() as connection:
        connection.execute(text(query))


def test_it_times_the_reads_people_ask_for(database: Database, settings: Settings, tmp_path) -> None:
    firm = generate(tmp_path, accounts=3, days=12, seed=4)
    for kind, paths in firm.files.items():
        for path in paths:
            load(database, Kind(kind), path)
    refresh_metrics(database)
    seen = observe(database, settings)
    assert set(seen.read_seconds) == {"overview", "freshness", "account_days", "symbol_performance"}
    assert all(0 < seconds < 60 for seconds in seen.read_seconds.values())
    assert seen.table_bytes["trades"] > 0
    assert sum(seen.table_bytes.values()) < seen.database_bytes


def test_what_it_returns_is_what_it_keeps(clean_database: Database, settings: Settings) -> None:
    seen = [observe(clean_database, settings, now=NOON + n * MINUTE) for n in range(3)]
    assert observations(clean_database, since=NOON - MINUTE, until=NOON + 2 * MINUTE) == seen
    assert observations(clean_database, since=NOON, until=NOON + MINUTE) == seen[1:2]


def test_an_empty_firm_is_observed_too(clean_database: Database, settings: Settings) -> None:
    seen = observe(clean_database, settings)
    assert set(seen.read_seconds) == {"overview", "freshness"}
    assert (seen.cpu, seen.cpu_since, seen.committed, seen.rolled_back) == (None, None, None, None)


def test_the_machine_is_sampled_since_the_look_before(clean_database: Database, settings: Settings) -> None:
    first = observe(clean_database, settings)
    for _ in range(300_000):
        pass
    second = observe(clean_database, settings)
    assert second.cpu_since == first.observed_at
    assert second.cpu is not None
    assert 0 <= second.cpu <= 1
    assert 0 < second.memory < 1
    assert (second.disk_free is None) is (not clean_database.embedded)


def test_counters_of_another_host_or_started_anew_are_not_compared(
    clean_database: Database, settings: Settings
) -> None:
    observe(clean_database, settings, now=NOON)
    write(clean_database, "UPDATE health_observations SET host = 'elsewhere'")
    assert observe(clean_database, settings, now=NOON + MINUTE).cpu is None
    write(
        clean_database,
        "UPDATE health_observations SET cpu_seconds = cpu_seconds * 2, committed = 1e15, rolled_back = 0",
    )
    seen = observe(clean_database, settings, now=NOON + 2 * MINUTE)
    assert (seen.cpu, seen.committed, seen.rolled_back) == (None, None, None)


def test_failed_transactions_are_counted_where_the_database_counts(
    clean_database: Database, settings: Settings
) -> None:
    observe(clean_database, settings)
    with pytest.raises(DatabaseError):
        write(clean_database, "SELECT 1 / 0")
    # A server's counters are published within a second of a session's last transaction.
    write(clean_database, "SELECT pg_sleep(0.1)")
    seen = observe(clean_database, settings)
    if clean_database.embedded:
        assert (seen.committed, seen.rolled_back) == (None, None)
    else:
        assert seen.committed is not None
        assert seen.committed > 1
        assert seen.rolled_back == 1
