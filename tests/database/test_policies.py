"""TimescaleDB's own policies: who runs them, how often, and what is said of them."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from timeseries.database import Database, Policy, compress, policies, run_due_policies

MORNING = datetime(2026, 3, 2, 6, tzinfo=UTC)
OURS = {
    ("refresh", "trades_5m", timedelta(minutes=5)),
    ("refresh", "equity_5m", timedelta(minutes=5)),
    ("refresh", "trades_1d", timedelta(hours=1)),
    ("refresh", "equity_1d", timedelta(hours=1)),
    ("columnstore", "trades", timedelta(hours=12)),
    ("columnstore", "equity", timedelta(hours=12)),
}
HEALTHY = Policy(
    policy_id=1000,
    kind="columnstore",
    what="trades",
    every=timedelta(hours=12),
    last_started=MORNING,
    last_finished=MORNING,
    last_state="done",
    failures=0,
    next_due=MORNING + timedelta(hours=12),
    scheduled=True,
    error=None,
)
ROWS = """
    INSERT INTO trades
    SELECT now() - make_interval(days => :days) + g * interval '1 second', g + :first,
           1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 2, 2
    FROM generate_series(1, 500) g
"""
# Works only while its table `obstacle` is empty, and says each time that it has.
ACTION = """
    CREATE TABLE obstacle (reason text);
    CREATE TABLE worked (at timestamptz DEFAULT clock_timestamp());
    CREATE PROCEDURE tidy_up(job_id integer, config jsonb) LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM obstacle) THEN
            RAISE EXCEPTION 'there is a % in the way', (SELECT min(reason) FROM obstacle);
        END IF;
        INSERT INTO worked DEFAULT VALUES;
    END $$;
    SELECT add_job('tidy_up', interval '5 minutes');
"""
NO_ACTION = """
    SELECT delete_job(job_id) FROM timescaledb_information.jobs WHERE proc_name = 'tidy_up';
    DROP PROCEDURE tidy_up;
    DROP TABLE obstacle, worked;
"""


def execute(database: Database, command: str, **values: object) -> list[object]:
    with database.autocommit() as connection:
        result = connection.execute(text(command), values)
        return list(result.scalars()) if result.returns_rows else []


@pytest.fixture
def embedded_database(clean_database: Database) -> Database:
    if not clean_database.embedded:
        pytest.skip("a server runs its policies by itself")
    return clean_database


@pytest.fixture
def tidy_up(embedded_database: Database) -> Iterator[Database]:
    """A database with a policy of somebody's own."""
    _script(embedded_database, ACTION)
    yield embedded_database
    _script(embedded_database, NO_ACTION)


def _script(database: Database, commands: str) -> None:
    with database.autocommit() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(commands)


def of(found: list[Policy], what: str) -> Policy:
    return next(policy for policy in found if policy.what == what)


# ---- both databases


def test_the_schemas_policies_are_listed_without_the_extensions_housekeeping(database: Database) -> None:
    assert {(policy.kind, policy.what, policy.every) for policy in policies(database)} == OURS


# ---- the embedded database


def test_a_policy_that_never_ran_is_due_at_once(embedded_database: Database) -> None:
    found = of(policies(embedded_database, now=MORNING), "equity_1d")
    assert (found.last_started, found.last_finished, found.last_state, found.failures) == (
        None,
        None,
        None,
        0,
    )
    assert found.next_due == MORNING
    assert found.trouble(MORNING) == "has never run"


def test_policies_do_their_work_and_then_wait_for_their_interval(embedded_database: Database) -> None:
    execute(embedded_database, ROWS, days=60, first=0)
    execute(embedded_database, ROWS, days=2, first=1000)
    ran = run_due_policies(embedded_database, now=MORNING)
    assert {(policy.kind, policy.what, policy.every) for policy in ran} == OURS
    assert {policy.last_state for policy in ran} == {"done"}
    assert execute(embedded_database, "SELECT sum(trades)::integer FROM trades_5m") == [500]
    assert execute(embedded_database, "SELECT sum(trades)::integer FROM trades_1d") == [500]
    assert compress(embedded_database) == 0, "the columnstore policy left nothing"
    assert run_due_policies(embedded_database, now=MORNING + timedelta(minutes=4)) == []
    soon = run_due_policies(embedded_database, now=MORNING + timedelta(minutes=5))
    assert {policy.what for policy in soon} == {"trades_5m", "equity_5m"}
    noon = run_due_policies(embedded_database, now=MORNING + timedelta(hours=1))
    assert {policy.what for policy in noon} == {"trades_5m", "equity_5m", "trades_1d", "equity_1d"}


def test_late_rows_are_compressed_again(embedded_database: Database) -> None:
    compressed = "SELECT status & 9 FROM _timescaledb_catalog.chunk WHERE compressed_chunk_id IS NOT NULL"
    for days in (60, 120):
        execute(embedded_database, ROWS, days=days, first=days * 1000)
    run_due_policies(embedded_database, now=MORNING)
    execute(embedded_database, ROWS, days=60, first=5_000_000)
    assert sorted(execute(embedded_database, compressed)) == [1, 9]
    run_due_policies(embedded_database, now=MORNING + timedelta(hours=12))
    assert execute(embedded_database, compressed) == [1, 1]
    assert execute(embedded_database, "SELECT count(*) FROM trades") == [1500]


def test_a_policy_that_fails_stops_no_other_and_is_tried_again(tidy_up: Database) -> None:
    execute(tidy_up, "INSERT INTO obstacle VALUES ('boulder')")
    first = run_due_policies(tidy_up, now=MORNING)
    assert len(first) == len(OURS) + 1
    assert of(first, "tidy_up").kind == "action"
    assert of(first, "tidy_up").last_state == "failed"
    assert "there is a boulder in the way" in str(of(first, "tidy_up").error)
    again = run_due_policies(tidy_up, now=MORNING + timedelta(minutes=5))
    assert of(again, "tidy_up").failures == 2
    execute(tidy_up, "TRUNCATE obstacle")
    healed = of(run_due_policies(tidy_up, now=MORNING + timedelta(minutes=10)), "tidy_up")
    assert (healed.last_state, healed.failures, healed.error) == ("done", 0, None)


def test_of_several_processes_at_once_one_runs_a_policy(tidy_up: Database) -> None:
    barrier = threading.Barrier(4)
    ran: list[Policy] = []

    def work() -> None:
        own = Database(tidy_up.url, embedded=True)
        barrier.wait()
        ran.extend(run_due_policies(own, now=MORNING))
        own.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(policy.policy_id for policy in ran) == [policy.policy_id for policy in policies(tidy_up)]
    assert execute(tidy_up, "SELECT count(*) FROM worked") == [1]


def test_what_a_dead_process_left_is_taken_over_after_its_lease(tidy_up: Database) -> None:
    run_due_policies(tidy_up, now=MORNING)
    execute(tidy_up, "TRUNCATE worked")
    died = "UPDATE policy_runs SET state = 'running', finished_at = NULL, lease_until = now() + :left"
    execute(tidy_up, died, left=timedelta(minutes=1))
    assert {policy.last_state for policy in policies(tidy_up)} == {"running"}
    assert run_due_policies(tidy_up, now=MORNING + timedelta(days=1)) == []
    execute(tidy_up, died, left=timedelta(minutes=-1))
    dead = of(policies(tidy_up), "tidy_up")
    assert (dead.last_state, dead.failures) == ("failed", 1)
    assert len(run_due_policies(tidy_up, now=MORNING)) == len(OURS) + 1
    assert execute(tidy_up, "SELECT count(*) FROM worked") == [1]
    assert of(policies(tidy_up), "tidy_up").failures == 0


def test_a_policy_that_is_switched_off_is_not_run(tidy_up: Database) -> None:
    number = of(policies(tidy_up), "tidy_up").policy_id
    switch = "SELECT alter_job(:number, scheduled => :on)"
    execute(tidy_up, switch, number=number, on=False)
    assert "tidy_up" not in {policy.what for policy in run_due_policies(tidy_up, now=MORNING)}
    execute(tidy_up, switch, number=number, on=True)
    assert {policy.what for policy in run_due_policies(tidy_up, now=MORNING)} == {"tidy_up"}


def test_a_clock_set_back_does_not_keep_policies_waiting(tidy_up: Database) -> None:
    run_due_policies(tidy_up, now=MORNING + timedelta(days=365))
    assert len(run_due_policies(tidy_up, now=MORNING)) == len(OURS) + 1


# ---- a server


def test_a_server_is_left_to_run_its_own(clean_database: Database) -> None:
    if clean_database.embedded:
        pytest.skip("the embedded database has no background workers")
    assert run_due_policies(clean_database) == []
    policy = run_by_a_worker(clean_database, "equity_1d")
    assert policy.last_started is not None
    assert policy.last_finished is not None
    assert policy.last_started <= policy.last_finished <= datetime.now(UTC)
    if policy.last_state == "failed":
        assert policy.failures > 0
        assert policy.error
        pytest.skip(f"the server cannot run a policy now: {policy.error}")
    assert (policy.last_state, policy.failures, policy.error) == ("done", 0, None)
    assert policy.next_due > datetime.now(UTC)
    assert policy.trouble(datetime.now(UTC)) is None


def run_by_a_worker(database: Database, what: str) -> Policy:
    before = of(policies(database), what)
    number = before.policy_id
    execute(database, "SELECT _timescaledb_functions.start_background_workers()")
    execute(database, "SELECT alter_job(:number, scheduled => true, next_start => now())", number=number)
    for _ in range(50):
        time.sleep(0.2)
        policy = of(policies(database), what)
        if policy.last_started != before.last_started and policy.last_state in ("done", "failed"):
            execute(database, "SELECT alter_job(:number, scheduled => false)", number=number)
            return policy
    pytest.skip("this server runs no background workers")


# ---- what can be relied on


@pytest.mark.parametrize(
    ("changes", "later", "trouble"),
    [
        ({}, timedelta(hours=13), None),
        ({}, timedelta(hours=25), "has been overdue since 2026-03-02 18:00 UTC"),
        ({"last_state": "running"}, timedelta(hours=25), None),
        ({"scheduled": False}, timedelta(0), "is switched off"),
        ({"last_state": None}, timedelta(0), "has never run"),
        (
            {"last_state": "failed", "failures": 3, "error": "disk full"},
            timedelta(0),
            "failed 3 times in a row: disk full",
        ),
    ],
)
def test_troubles_are_told(changes: dict[str, object], later: timedelta, trouble: str | None) -> None:
    assert replace(HEALTHY, **changes).trouble(MORNING + later) == trouble  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 90), min_size=1, max_size=40), st.integers(1, 30))
def test_runs_lie_an_interval_apart_and_none_is_left_out(steps: list[int], minutes: int) -> None:
    every = timedelta(minutes=minutes)
    policy = replace(HEALTHY, every=every, next_due=MORNING)
    now, runs = MORNING, []
    for step in steps:
        now += timedelta(minutes=step)
        if policy.is_due(now):
            runs.append(now)
            policy = replace(policy, next_due=now + every)
        assert runs, "the first time it is due at once"
        assert now - runs[-1] < every
    assert all(later - earlier >= every for earlier, later in pairwise(runs))
