"""One run of a job at a time, every run written down."""

import threading

import pytest
from sqlalchemy import text

from jobs import Job, history, last_runs, run_job
from jobs.ledger import claim
from timeseries.config import Settings
from timeseries.database import Database
from timeseries.errors import InputError, JobError


def job(work) -> Job:
    return Job("tidy", "does something", "* * * * *", work)


def test_a_run_is_written_down_with_its_rows(clean_database: Database):
    assert run_job(clean_database, Settings(), job(lambda context: 42)) == 42
    run = last_runs(clean_database)["tidy"]
    assert (run.state, run.rows, run.error) == ("done", 42, None)
    assert run.finished_at is not None
    assert run.finished_at >= run.started_at


def test_a_failure_is_written_down_and_raised(clean_database: Database):
    def fail(context):
        raise InputError("the file is on fire")

    with pytest.raises(InputError):
        run_job(clean_database, Settings(), job(fail))
    assert last_runs(clean_database)["tidy"].state == "failed"
    assert last_runs(clean_database)["tidy"].error == "the file is on fire"
    assert run_job(clean_database, Settings(), job(lambda context: 1)) == 1


def test_a_job_under_way_is_not_started_again(clean_database: Database):
    claim(clean_database, "tidy")
    with pytest.raises(JobError, match="is being run by"):
        run_job(clean_database, Settings(), job(lambda context: 1))
    assert [run.state for run in history(clean_database)] == ["running"]


def test_a_run_whose_lease_has_passed_is_taken_over(clean_database: Database):
    claim(clean_database, "tidy")
    with clean_database.transaction() as connection:
        connection.execute(text("UPDATE job_runs SET lease_until = now() - interval '1 second'"))
    assert run_job(clean_database, Settings(), job(lambda context: 7)) == 7
    assert [run.state for run in history(clean_database)] == ["done", "lost"]


def test_of_many_claims_at_once_one_wins(clean_database: Database):
    won: list[int] = []
    refused: list[str] = []

    def try_to_claim() -> None:
        try:
            won.append(claim(clean_database, "tidy"))
        except JobError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=try_to_claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(refused)) == (1, 7)


def test_history_is_by_job_and_newest_first(clean_database: Database):
    for name in ("first", "second", "first"):
        run_job(clean_database, Settings(), Job(name, "", "* * * * *", lambda context: 0))
    assert [run.job for run in history(clean_database)] == ["first", "second", "first"]
    assert len(history(clean_database, "first", limit=1)) == 1
