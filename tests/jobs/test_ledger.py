"""A window is done once, by one process at a time, and every attempt is written down."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import toy_jobs
from sqlalchemy import text

from jobs.engine import Context, Job, LeaseLost, Window, history, last_runs, run_by_hand, run_window
from jobs.engine.ledger import LeasedDatabase, beat, claim, fail, finish, read_facts
from jobs.engine.looking import look
from jobs.engine.schedules import schedules_of
from timeseries.config import Settings
from timeseries.database import Database, downgrade, upgrade
from timeseries.errors import DatabaseError, InputError, JobError

MOMENT = datetime(2026, 6, 1, tzinfo=UTC)
WINDOW = Window(MOMENT, MOMENT + timedelta(minutes=5))
LEASE = timedelta(minutes=1)
OLD_RUN = """
    INSERT INTO job_runs (job, holder, lease_until, state, started_at, finished_at)
    SELECT 'tidy', 'desk', moment, 'done', moment, moment
    FROM (SELECT now() - interval '1 hour' AS moment) AS before
"""


def run_it(database: Database, work, window: Window = WINDOW, **options) -> int:
    job = Job("tidy", "does something", "every 5 minutes", work)
    return run_window(database, Settings(), {"tidy": job}, "tidy", window, **options)


def test_a_run_is_written_down_with_its_window_and_rows(clean_database: Database):
    assert run_it(clean_database, lambda context: 42) == 42
    run = last_runs(clean_database)["tidy"]
    assert (run.state, run.rows, run.error, run.attempt) == ("done", 42, None, 1)
    assert run.window == WINDOW
    assert run.seconds is not None
    assert 0 <= run.seconds < 10


def test_a_failure_is_written_down_and_raised_and_the_window_can_be_tried_again(clean_database: Database):
    def work(context: Context):
        raise InputError("the file is on fire")

    with pytest.raises(InputError):
        run_it(clean_database, work)
    failed = last_runs(clean_database)["tidy"]
    assert (failed.state, failed.error) == ("failed", "the file is on fire")
    assert run_it(clean_database, lambda context: 1, by_hand=False) == 1
    assert [(run.state, run.attempt) for run in history(clean_database)] == [("done", 2), ("failed", 1)]


def test_the_ledger_keeps_no_advice_for_who_sits_at_a_terminal(clean_database: Database):
    def work(context: Context):
        raise DatabaseError("The connection was lost. Run the command again.")

    with pytest.raises(DatabaseError, match="Run the command again"):
        run_it(clean_database, work)
    assert last_runs(clean_database)["tidy"].error == "The connection was lost."


def test_work_and_its_entry_are_stored_together_or_not_at_all(marked_database: Database, effects):
    def work(context: Context):
        with context.database.transaction() as connection:
            toy_jobs.note(context, connection, "tidy")
            context.complete(connection, 1)
            raise InputError("too late for that")

    with pytest.raises(InputError):
        run_it(marked_database, work)
    assert effects("tidy") == []
    assert last_runs(marked_database)["tidy"].state == "failed"


def test_a_done_window_is_done_again_only_by_hand(clean_database: Database):
    run_it(clean_database, lambda context: 1, by_hand=False)
    with pytest.raises(JobError, match="has done 2026-06-01"):
        run_it(clean_database, lambda context: 1, by_hand=False)
    assert run_it(clean_database, lambda context: 2) == 2
    assert [run.by_hand for run in history(clean_database)] == [True, False]


def test_a_job_under_way_is_not_begun_again_whatever_the_window(clean_database: Database):
    assert claim(clean_database, "tidy", WINDOW, lease=LEASE)
    later = Window(WINDOW.end, WINDOW.end + timedelta(minutes=5))
    for window in (WINDOW, later):
        with pytest.raises(JobError, match="is being run by"):
            run_it(clean_database, lambda context: 1, window)
    assert claim(clean_database, "other", WINDOW, lease=LEASE)


def test_a_window_whose_lease_has_passed_is_taken_over(clean_database: Database):
    claim(clean_database, "tidy", WINDOW, lease=timedelta())
    assert run_it(clean_database, lambda context: 7) == 7
    assert [(run.state, run.attempt) for run in history(clean_database)] == [("done", 2), ("lost", 1)]


def test_who_lost_the_lease_can_store_nothing_more(marked_database: Database, effects):
    def work(context: Context):
        with marked_database.transaction() as connection:
            connection.execute(text("UPDATE job_runs SET lease_until = now() - interval '1 second'"))
        assert claim(marked_database, "tidy", WINDOW, lease=LEASE)
        with context.database.transaction() as connection:
            toy_jobs.note(context, connection, "tidy")
        return 1

    with pytest.raises(LeaseLost):
        run_it(marked_database, work)
    assert effects("tidy") == []
    assert [run.state for run in history(marked_database)] == ["running", "lost"]


def test_a_lost_run_can_neither_beat_nor_finish_nor_fail(clean_database: Database):
    lost = claim(clean_database, "tidy", WINDOW, lease=timedelta())
    taken = claim(clean_database, "tidy", WINDOW, lease=LEASE)
    assert lost is not None
    assert taken is not None
    assert not beat(clean_database, lost.run_id, lease=LEASE, progress=None)
    with pytest.raises(LeaseLost), clean_database.transaction() as connection:
        finish(connection, lost.run_id, 1)
    fail(clean_database, lost.run_id, "too late", retries=3)
    assert [(run.run_id, run.state) for run in history(clean_database)] == [
        (taken.run_id, "running"),
        (lost.run_id, "lost"),
    ]


def test_a_heartbeat_keeps_the_lease_and_says_how_far_it_is(clean_database: Database, eventually):
    settings = Settings()
    quick = Settings(jobs=settings.jobs.__class__(lease_seconds=1))

    def work(context: Context):
        context.progress("counting", 3, 10)
        first = claim_end(clean_database)
        eventually(lambda: claim_end(clean_database) > first + timedelta(seconds=1))
        assert last_runs(clean_database)["tidy"].progress == "counting 3/10"
        assert claim(clean_database, "tidy", WINDOW, lease=LEASE) is None
        return 1

    jobs = {"tidy": Job("tidy", "", "every 5 minutes", work)}
    assert run_window(clean_database, quick, jobs, "tidy", WINDOW) == 1
    assert last_runs(clean_database)["tidy"].progress is None


def claim_end(database: Database) -> datetime:
    with database.transaction() as connection:
        return connection.scalar(text("SELECT max(lease_until) FROM job_runs"))


def test_after_the_last_retry_a_window_is_given_up(clean_database: Database):
    for expected in ("failed", "failed", "given_up"):
        claimed = claim(clean_database, "tidy", WINDOW, lease=LEASE)
        assert claimed is not None
        fail(clean_database, claimed.run_id, "no", retries=2)
        assert last_runs(clean_database)["tidy"].state == expected


def test_failures_are_counted_of_the_window_that_failed_last_too(clean_database: Database):
    later = Window(WINDOW.end, WINDOW.end + timedelta(minutes=5))
    for window in (WINDOW, WINDOW, WINDOW, later):
        claimed = claim(clean_database, "tidy", window, lease=LEASE)
        assert claimed is not None
        fail(clean_database, claimed.run_id, "no", retries=2)
    facts = read_facts(clean_database, ["tidy"])["tidy"]
    assert (facts.failures, facts.window_failures, facts.failed_start) == (4, 1, later.start)


def test_a_process_that_was_stopped_does_not_cost_a_retry(clean_database: Database):
    for _ in range(5):
        claimed = claim(clean_database, "tidy", WINDOW, lease=LEASE)
        assert claimed is not None
        fail(clean_database, claimed.run_id, "stopped", retries=1, counts=False)
    facts = read_facts(clean_database, ["tidy"])["tidy"]
    assert (facts.failures, facts.lost, facts.failed_state) == (0, 5, "lost")


def test_of_many_claims_at_once_one_wins(clean_database: Database):
    won: list[object] = []
    threads = [
        threading.Thread(target=lambda: won.append(claim(clean_database, "tidy", WINDOW, lease=LEASE)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one is not None for one in won) == 1


def test_a_run_by_hand_answers_for_all_since_the_last_one(clean_database: Database):
    jobs = {"tidy": Job("tidy", "", "every 5 minutes", lambda context: 1)}
    for _ in range(3):
        run_by_hand(clean_database, Settings(), jobs, "tidy")
    third, second, first = history(clean_database)
    assert (second.window_start, third.window_start) == (first.window_end, second.window_end)


def test_reading_goes_on_after_the_work_was_completed(clean_database: Database):
    def work(context: Context):
        with context.database.transaction() as connection:
            context.complete(connection, 5)
        with context.database.transaction() as connection:
            assert connection.scalar(text("SELECT 1")) == 1
        return 5

    assert run_it(clean_database, work) == 5
    assert isinstance(LeasedDatabase(clean_database, 1), Database)


def test_runs_from_before_windows_were_known_are_not_in_the_way(clean_database: Database):
    with clean_database.connection() as connection:
        downgrade(connection, "0017")
    with clean_database.transaction() as connection:
        connection.execute(text(OLD_RUN))
    with clean_database.connection() as connection:
        upgrade(connection)

    def work(context: Context) -> int:
        return 3

    jobs = {"tidy": Job("tidy", "does something", "every 5 minutes", work)}
    schedules = schedules_of(jobs, Settings())
    [due] = look(clean_database, Settings(), jobs, schedules).due
    run_window(clean_database, Settings(), jobs, "tidy", due.window, by_hand=False)
    assert look(clean_database, Settings(), jobs, schedules).due == []
