"""What only a server does: it works on several statements at once, and goes on when a client is gone."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import toy_jobs
from sqlalchemy import text

from jobs.engine import Job, LeaseLost, Scheduler, Window, history, run_window
from jobs.engine.ledger import LeasedDatabase, beat, claim, cut_off, finish
from timeseries.database import Database, run
from timeseries.errors import DatabaseError

MOMENT = datetime(2026, 6, 1, tzinfo=UTC)
WINDOW = Window(MOMENT, MOMENT + timedelta(minutes=5))
LEASE = timedelta(minutes=1)
TIDY = Job("tidy", "does something", "every 5 minutes", lambda context: 1)
BACKENDS = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE application_name LIKE 'timeseries run %' AND datname = current_database()"
)


@pytest.fixture(autouse=True)
def server(database: Database) -> None:
    """The database, if it is one."""
    if database.embedded:
        pytest.skip("the embedded database has a single session")


def backends_of_runs(database: Database) -> int:
    with database.transaction() as connection:
        return connection.scalar(BACKENDS)


def quickly_claimed(database: Database, window: Window = WINDOW, seconds: float = 5):
    began = time.monotonic()
    claimed = claim(database, "tidy", window, lease=LEASE)
    assert time.monotonic() - began < seconds
    return claimed


def test_a_claim_does_not_wait_for_a_run_that_is_being_closed(clean_database: Database):
    claimed = claim(clean_database, "tidy", WINDOW, lease=LEASE)
    with clean_database.transaction() as connection:
        finish(connection, claimed.run_id, 1)
        assert quickly_claimed(clean_database) is None
    assert quickly_claimed(clean_database) is None
    assert [one.state for one in history(clean_database)] == ["done"]


def test_a_claim_that_comes_as_a_run_is_closed_does_not_repeat_its_window(clean_database: Database):
    for _ in range(30):
        first = claim(clean_database, "tidy", WINDOW, lease=LEASE, by_hand=True)
        others: list[object] = []

        def compete(others: list[object] = others) -> None:
            others.extend(claim(clean_database, "tidy", WINDOW, lease=LEASE) for _ in range(5))

        rival = threading.Thread(target=compete)
        rival.start()
        with clean_database.transaction() as connection:
            finish(connection, first.run_id, 1)
            time.sleep(0.01)
        rival.join()
        assert others == [None] * 5


def test_a_claim_does_not_wait_for_one_that_has_stopped_half_way(clean_database: Database):
    assert claim(clean_database, "tidy", WINDOW, lease=timedelta()) is not None
    with clean_database.transaction() as connection:
        run(connection, "jobs.hold", {"job": "tidy"})
        assert quickly_claimed(clean_database) is None
    assert quickly_claimed(clean_database) is not None


def test_what_another_is_just_claiming_is_left_to_it(marked_database, quickly):
    run_window(marked_database, quickly, {"tidy": TIDY}, "tidy", WINDOW)
    with marked_database.transaction() as connection:
        run(connection, "jobs.hold", {"job": "tidy"})
        seen = Scheduler(marked_database, quickly, {"tidy": TIDY}).run_due()
    assert [one.job.name for one in seen.due] == ["tidy"]
    assert len(history(marked_database)) == 1


@contextmanager
def in_a_transaction(database: Database, run_id: int, statement: str) -> Iterator[list[Exception]]:
    """A run that is at work in a thread; what ends it is found in the list after the block."""
    met: list[Exception] = []

    def work() -> None:
        try:
            with LeasedDatabase(database, run_id).transaction() as connection:
                connection.execute(text("INSERT INTO job_controls (job) VALUES ('held')"))
                connection.execute(text(statement))
        except (DatabaseError, LeaseLost) as error:
            met.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    yield met
    thread.join(10)
    assert not thread.is_alive()


def test_who_takes_over_ends_what_the_lost_run_does_and_holds(clean_database: Database, eventually):
    lost = claim(clean_database, "tidy", WINDOW, lease=timedelta(seconds=1))
    with in_a_transaction(clean_database, lost.run_id, "SELECT pg_sleep(600)") as met:
        eventually(lambda: backends_of_runs(clean_database) == 1)
        time.sleep(1)
        assert quickly_claimed(clean_database) is not None
    assert isinstance(met[0], DatabaseError)
    assert backends_of_runs(clean_database) == 0
    assert not beat(clean_database, lost.run_id, lease=LEASE, progress=None)


def test_a_run_of_another_number_is_left_alone(clean_database: Database, eventually):
    claimed = claim(clean_database, "tidy", WINDOW, lease=LEASE)
    with in_a_transaction(clean_database, claimed.run_id, "SELECT pg_sleep(1)") as met:
        eventually(lambda: backends_of_runs(clean_database) == 1)
        cut_off(clean_database, claimed.run_id + 1)
        assert backends_of_runs(clean_database) == 1
    assert met == []


def test_what_hangs_in_a_statement_is_stopped_at_its_limit_and_frees_its_locks(
    marked_database, quickly, effects
):
    with marked_database.transaction() as connection:
        connection.execute(text("INSERT INTO effects (job) VALUES ('in the way')"))
    seen = Scheduler(marked_database, quickly, {"sleeping": toy_jobs.SLEEPING})
    began = time.monotonic()
    while not effects("sleeping"):
        seen.run_due()
        assert time.monotonic() - began < 60
    assert [(one.state, one.attempt) for one in history(marked_database)] == [("done", 2), ("failed", 1)]
    assert backends_of_runs(marked_database) == 0
