"""The scheduler, in a process of its own and as an object: what is due runs once, and is stopped in time."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import toy_jobs

from jobs.engine import Job, Scheduler, history, last_runs, pause, resume
from jobs.engine.ledger import fail
from timeseries.config import JobSettings, Settings
from timeseries.database import Database
from timeseries.errors import ConfigurationError, DatabaseError

SUPPORT = Path(toy_jobs.__file__).parent
PROGRAM = """
import signal, sys
import toy_jobs
from jobs.engine import Scheduler, log_to_stderr
from timeseries.config import JobSettings, Settings
from timeseries.database import Database

if __name__ == "__main__":
    log_to_stderr(as_json=False)
    settings = Settings(jobs=JobSettings(poll_seconds=0.05, lease_seconds=3, retry_seconds=0.2))
    wanted = {job.name: job for job in vars(toy_jobs).values() if getattr(job, "name", None) in sys.argv[3:]}
    database = Database(sys.argv[1], embedded=sys.argv[2] == "embedded")
    scheduler = Scheduler(database, settings, wanted)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: scheduler.stop())
    scheduler.serve()
"""


@pytest.fixture
def started(marked_database: Database, tmp_path: Path):
    """Starts schedulers as processes; none outlives the test."""
    program = tmp_path / "scheduler.py"
    program.write_text(PROGRAM)
    processes = []

    def start(*jobs: str) -> subprocess.Popen:
        path = os.pathsep.join([str(SUPPORT), str(Path(__file__).parents[2])])
        kind = "embedded" if marked_database.embedded else "server"
        with (tmp_path / f"log{len(processes)}").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, str(program), marked_database.url, kind, *jobs],
                stderr=log,
                env={**os.environ, "PYTHONPATH": path},
            )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_jobs_survives_a_broken_one_and_stops_when_told(
    marked_database, started, effects, eventually, how
):
    process = started("quick", "broken")
    eventually(lambda: len(effects("quick")) >= 2 and len(effects("broken")) >= 2)
    process.send_signal(how)
    assert process.wait(timeout=20) == 0
    assert not any(run.state == "running" for run in history(marked_database, limit=100))
    assert history(marked_database, "broken")[0].error == "ValueError: the toy is broken"


def test_three_schedulers_share_the_windows_and_none_is_done_twice(
    marked_database, started, effects, eventually
):
    processes = [started("quick", "other") for _ in range(3)]
    eventually(lambda: len(effects("quick")) >= 6)
    for process in processes:
        process.terminate()
    assert [process.wait(timeout=20) for process in processes] == [0, 0, 0]
    for name in ("quick", "other"):
        marks = effects(name)
        assert max(Counter(mark.window_start for mark in marks).values()) == 1
        assert [mark.window_start for mark in marks[1:]] == [mark.window_end for mark in marks[:-1]]


def test_a_killed_scheduler_takes_its_runs_with_it_and_another_takes_over(
    marked_database, started, effects, eventually
):
    first = started("slow")
    eventually(lambda: any(run.state == "running" for run in history(marked_database)))
    first.kill()
    started("slow", "quick")
    eventually(lambda: [run.state for run in history(marked_database, "slow")] == ["running", "lost"], 15)
    eventually(lambda: effects("quick"))


def test_told_twice_it_ends_what_is_under_way(marked_database, started, eventually):
    process = started("slow")
    eventually(lambda: any(run.state == "running" for run in history(marked_database)))
    process.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1.5)
    process.terminate()
    assert process.wait(timeout=10) == 0
    (run,) = history(marked_database)
    assert (run.state, run.error) == ("lost", "it was stopped with its scheduler")


def scheduler(database: Database, settings: Settings, *jobs: Job, **options) -> Scheduler:
    return Scheduler(database, settings, {job.name: job for job in jobs}, **options)


def test_a_hanging_run_is_stopped_at_its_limit_and_tried_again_while_others_go_on(
    marked_database, quickly, effects
):
    # It hangs in a transaction, which on the embedded database keeps everybody out until it is stopped.
    seen = scheduler(marked_database, quickly, toy_jobs.HANGING, toy_jobs.OTHER)
    while len(effects("hanging")) < 1 or len(effects("other")) < 2:
        seen.step()
        time.sleep(0.1)
    seen.stop()
    seen.serve()  # what is under way finishes
    first, second = reversed(history(marked_database, "hanging"))
    assert (first.state, first.error) == ("failed", "it was stopped at its limit of 0.2 minutes")
    assert (second.state, second.attempt) == ("done", 2)
    assert len(effects("hanging")) == 1


def test_a_process_ended_from_outside_is_a_failure_with_its_signal(marked_database, quickly):
    scheduler(marked_database, quickly, toy_jobs.DYING).run_due()
    assert last_runs(marked_database)["dying"].error == "its process was ended from outside (SIGKILL)"


def test_a_paused_job_is_left_alone_until_it_is_resumed(marked_database, quickly, effects):
    daily = replace(toy_jobs.QUICK, schedule="every day")
    assert pause(marked_database, "quick", by="ann", reason="audit")
    assert not pause(marked_database, "quick", by="bob")
    seen = scheduler(marked_database, quickly, daily).run_due()
    assert seen.standings[0].why.startswith("paused by ann since")
    assert effects("quick") == []
    assert resume(marked_database, "quick")
    assert not resume(marked_database, "quick")
    scheduler(marked_database, quickly, daily).run_due()
    assert len(effects("quick")) == 1


def asleep(database: Database, settings: Settings, job: Job, effects, days: int) -> list:
    """The marks after a first run, some days of sleep, and catching up."""
    now = [datetime(2026, 3, 1, 6, tzinfo=UTC)]
    first = scheduler(database, settings, job, clock=lambda: now[0])
    first.run_due()
    now[0] += timedelta(days=days)
    scheduler(database, settings, job, clock=lambda: now[0]).run_due()
    return effects(job.name)


def test_after_ten_days_asleep_every_window_is_caught_up_oldest_first(marked_database, quickly, effects):
    # 8 March 2026 is the night that New York loses an hour.
    job = replace(toy_jobs.QUICK, schedule="30 2 * * * America/New_York", coalesce=False)
    marks = asleep(marked_database, quickly, job, effects, days=10)
    assert [mark.window_end for mark in marks] == sorted(mark.window_end for mark in marks)
    assert [mark.window_end.astimezone(UTC).strftime("%d %H:%M") for mark in marks] == [
        "28 07:30", "01 07:30", "02 07:30", "03 07:30", "04 07:30", "05 07:30", "06 07:30", "07 07:30",
        "08 07:30", "09 06:30", "10 06:30",
    ]  # fmt: skip


def test_a_job_that_says_so_catches_up_in_one_window(marked_database, quickly, effects):
    marks = asleep(marked_database, quickly, replace(toy_jobs.QUICK, schedule="every hour"), effects, days=10)
    assert [mark.window_end.isoformat() for mark in marks] == [
        "2026-03-01T06:00:00+00:00",
        "2026-03-11T06:00:00+00:00",
    ]
    assert marks[1].window_start == marks[0].window_end


def test_a_lost_database_is_looked_for_until_it_answers(marked_database, quickly):
    lost = Database("postgresql://nobody:x@127.0.0.1:9/none")
    back = threading.Event()
    seen = scheduler(lost, quickly, toy_jobs.QUICK, reopen=lambda: marked_database if back.is_set() else lost)
    assert seen.step() is None
    assert seen.looked_at is None
    back.set()
    assert seen.step() is None
    assert seen.step() is not None
    seen.stop()


def test_once_a_database_that_is_lost_for_a_moment_is_waited_for(
    marked_database, quickly, effects, monkeypatch
):
    monkeypatch.setattr("jobs.engine.scheduler.LOOK_SECONDS", 0.01)
    lost = Database("postgresql://nobody:x@127.0.0.1:9/none")
    daily = replace(toy_jobs.QUICK, schedule="every day")
    opened = iter([lost, marked_database])
    scheduler(lost, quickly, daily, reopen=lambda: next(opened)).run_due()
    assert len(effects("quick")) == 1
    with pytest.raises(DatabaseError, match="nothing more was begun"):
        scheduler(lost, quickly, daily, reopen=lambda: lost).run_due()


def test_a_run_that_lost_the_database_is_tried_again_as_soon_as_it_is_back(
    marked_database, quickly, effects, eventually, monkeypatch
):
    patient = replace(quickly, jobs=replace(quickly.jobs, lease_seconds=600, retry_seconds=600))
    seen = scheduler(marked_database, patient, replace(toy_jobs.DYING, schedule="every day"))
    gone = threading.Event()

    def fail_if_there(database: Database, *known, **said) -> None:
        if gone.is_set():
            raise DatabaseError("gone")
        fail(database, *known, **said)

    monkeypatch.setattr("jobs.engine.scheduler.fail", fail_if_there)
    gone.set()
    seen.step()
    eventually(lambda: seen._unwritten)
    gone.clear()
    seen.run_due()
    second, first = history(marked_database, "dying")
    assert (first.state, second.state) == ("lost", "failed")
    assert first.error is not None
    assert first.error.endswith("the database was gone")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(schedules={"quik": "* * * * *"}), "no such job; known: quick"),
        (Settings(schedules={"quick": "at dawn"}), "cannot be a schedule"),
        (Settings(schedules={"quick": "each trading day"}), "knows no trading days"),
        (Settings(jobs=JobSettings(limits={"quik": 5})), "no such job"),
        (Settings(jobs=JobSettings(time_zone="Mars/Base")), "no time zone"),
    ],
)
def test_settings_that_make_no_sense_are_refused_at_start(marked_database, settings, said):
    with pytest.raises(ConfigurationError, match=said):
        scheduler(marked_database, settings, toy_jobs.QUICK)
