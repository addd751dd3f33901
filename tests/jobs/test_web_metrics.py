"""What a scheduler tells Prometheus: true numbers, described, and counters that never fall."""

import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from web_client import CAREFUL, FAILING, FINE, HOURLY, execute, hurry, note_run, serving

from jobs.engine import Look, Standing, pause, run_by_hand
from jobs.engine.ledger import Facts
from jobs.registry import JOBS
from jobs.web._metrics import SchedulerCollector
from jobs.web._reading import Reading
from timeseries.config import Settings
from timeseries.database import Database
from timeseries.errors import JobError
from timeseries.health import observe
from timeseries.metrics import DayState

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)
BEGIN_RUN = """
    INSERT INTO job_runs (job, window_start, window_end, holder, lease_until)
    VALUES ('fine', now() - interval '1 minute', now(), 'a test', now() + interval '1 hour')
"""
END_RUN = "UPDATE job_runs SET state = 'done', rows = 5, finished_at = clock_timestamp() WHERE job = 'fine'"
MANY_RUNS = """
    INSERT INTO job_runs (job, window_start, window_end, state, holder, lease_until, error)
    SELECT 'other', m - interval '1 minute', m, 'failed', 'a test', m, 'a reason'
    FROM (SELECT now() FROM generate_series(1, 300)) AS t (m)
"""
STALE_DAYS = """
    INSERT INTO stale_days (account_id, trading_day)
    SELECT n, date '2026-06-01' FROM generate_series(1, 5) AS n
"""
DELIVERIES = """
    WITH m AS (
        INSERT INTO messages (fingerprint, kind, trading_day, severity, title, body)
        VALUES ('f', 'digest', '2026-06-01', 'info', 't', 'b')
        RETURNING message_id
    )
    INSERT INTO deliveries (message_id, sink, state)
    SELECT message_id, sink, state
    FROM m, (VALUES ('a', 'pending'), ('b', 'pending'), ('c', 'dead')) AS s (sink, state)
"""


@pytest.fixture
def at_once(monkeypatch) -> None:
    hurry(monkeypatch)


# ---- metrics


def test_all_metrics_of_all_jobs_can_be_read_and_are_described(clean_database: Database, tmp_path: Path):
    observe(clean_database, Settings(data_dir=tmp_path))
    note_run(clean_database, "refresh", "done", timedelta(minutes=1))
    page = OPERATIONS.read_text()
    with serving(clean_database) as client:
        found = client.metrics()
        status, headers, body = client.ask("/metrics", accept="application/openmetrics-text; version=1.0.0")
    ours = {name for name in found if name.startswith("timeseries_") and not name.endswith("_created")}
    assert {name for name in ours if f"`{name}`" not in page and f"`{name}{{" not in page} == set()
    assert set(JOBS) == {job for (job,) in found["timeseries_job_lag_seconds"]}
    assert found["timeseries_database_up"] == {(): 1}
    assert found["process_resident_memory_bytes"][()] > 1e6
    assert status == 200
    assert headers["Content-Type"].startswith("application/openmetrics-text")
    assert len(list(parse_openmetrics(body))) > 20


def test_a_job_shows_how_its_last_run_was_and_how_far_it_is_behind(clean_database: Database):
    for job in ("fine", "careful"):
        note_run(clean_database, job, "done", timedelta(minutes=10))
    for minutes in (3, 2):
        note_run(clean_database, "failing", "failed", timedelta(minutes=minutes))
    pause(clean_database, "hourly", by="a test")
    began = time.time()
    with serving(clean_database, FINE, CAREFUL, FAILING, HOURLY) as client:
        found = client.metrics()
    behind = found["timeseries_job_windows_behind"]
    assert 9 <= behind[("fine",)] <= 11
    assert 9 <= behind[("careful",)] <= 11
    assert found["timeseries_queue_length"][()] == 1 + behind[("careful",)] + 1
    assert found["timeseries_job_last_duration_seconds"] == {("fine",): 10, ("careful",): 10}
    assert found["timeseries_job_last_success_timestamp_seconds"][("fine",)] == pytest.approx(
        began - 600, abs=20
    )
    assert 480 < found["timeseries_job_lag_seconds"][("fine",)] < 620
    assert found["timeseries_job_failures_in_a_row"] == {
        ("fine",): 0,
        ("careful",): 0,
        ("failing",): 2,
        ("hourly",): 0,
    }
    states = found["timeseries_job_state"]
    assert {job: state for (job, state), is_in in states.items() if is_in} == {
        "fine": "due",
        "careful": "due",
        "failing": "due",
        "hourly": "paused",
    }
    assert len(states) == 4 * 6


def test_counters_count_what_ends_and_do_not_fall_when_the_ledger_forgets(clean_database: Database, at_once):
    settings = Settings()
    note_run(clean_database, "fine", "done", timedelta(minutes=10), rows=1000)
    with serving(clean_database, FINE, FAILING) as client:
        assert set(client.metrics()["timeseries_job_runs_total"].values()) == {0}
        note_run(clean_database, "fine", "lost", timedelta(minutes=5))
        run_by_hand(clean_database, settings, client.scheduler.jobs, "fine")
        with pytest.raises(JobError):
            run_by_hand(clean_database, settings, client.scheduler.jobs, "failing")
        for _ in range(2):
            found = client.metrics()
            runs = {key: count for key, count in found["timeseries_job_runs_total"].items() if count}
            assert runs == {("fine", "done"): 1, ("fine", "lost"): 1, ("failing", "failed"): 1}
            assert found["timeseries_job_rows_total"] == {("fine",): 7, ("failing",): 0}
            execute(clean_database, "DELETE FROM job_runs")


def test_runs_are_counted_before_anybody_asks(clean_database: Database, at_once, eventually):
    with serving(clean_database, FINE) as client:
        eventually(_first_reading_is_over)
        run_by_hand(clean_database, Settings(), client.scheduler.jobs, "fine")
        assert client.metrics()["timeseries_job_rows_total"] == {("fine",): 7}


def _first_reading_is_over() -> bool:
    return not any(thread.name == "metrics" for thread in threading.enumerate())


def test_a_run_under_way_is_counted_when_it_ends_however_many_came_meanwhile(
    clean_database: Database, at_once
):
    execute(clean_database, BEGIN_RUN)
    with serving(clean_database, FINE) as client:
        assert client.metrics()["timeseries_job_state"][("fine", "running")] == 1
        execute(clean_database, MANY_RUNS)
        client.metrics()
        execute(clean_database, END_RUN)
        assert client.metrics()["timeseries_job_rows_total"][("fine",)] == 5


def test_backlog_policies_and_observations_are_told(clean_database: Database, tmp_path: Path):
    seen = observe(clean_database, Settings(data_dir=tmp_path))
    execute(clean_database, STALE_DAYS)
    execute(clean_database, DELIVERIES)
    with serving(clean_database, FINE) as client:
        found = client.metrics()
    assert found["timeseries_stale_account_days"] == {(): 5}
    assert found["timeseries_outbox_pending"] == {(): 2}
    assert found["timeseries_policy_failures"][("columnstore trades",)] == 0
    assert found["timeseries_database_bytes"] == {(): seen.database_bytes}
    assert found["timeseries_read_seconds"] == {
        (name,): seconds for name, seconds in seen.read_seconds.items()
    }
    assert found["timeseries_memory_share"] == {(seen.host,): pytest.approx(seen.memory)}


def test_the_queue_and_open_days_are_counted_as_they_are_worked_off():
    facts = Facts(job="x", now=NOON, failures=0, lost=0, **dict.fromkeys(_optional_facts()))
    standing = Standing(FINE, None, facts, "running", behind=5)  # type: ignore[arg-type]
    days = [
        DayState(date(2026, 6, 1), NOON, ()),
        DayState(date(2026, 6, 2), NOON + timedelta(hours=9), ("default: 3 days of accounts are stale",)),
        DayState(date(2026, 6, 3), NOON + timedelta(days=1), ("default: it is not over",)),
    ]
    standings = [
        standing,
        replace(standing, state="waiting", behind=5),
        replace(standing, state="idle", behind=0),
    ]
    reading = Reading(Look(NOON, standings, days), {}, {}, 0, 0, [], [])
    families = SchedulerCollector(lambda: reading, lambda: 0.0, Settings()).collect()
    values = {family.name: [sample.value for sample in family.samples] for family in families}
    assert values["timeseries_days_not_final"] == [1]
    assert values["timeseries_queue_length"] == [4 + 1]


def _optional_facts() -> list[str]:
    return [name for name in Facts.__dataclass_fields__ if name not in ("job", "now", "failures", "lost")]
