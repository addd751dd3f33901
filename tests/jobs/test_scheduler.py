"""The scheduler in a process of its own: it runs what is due and leaves when told."""

import signal
import subprocess
import sys
import time

import pytest

from jobs import JOBS, check_schedules, history, schedule_of
from timeseries.config import Settings
from timeseries.database import Database
from timeseries.errors import ConfigurationError

PROGRAM = """
import sys
from pathlib import Path
import jobs.scheduler
from apscheduler.triggers.interval import IntervalTrigger
from jobs import Job
from timeseries.config import Settings
from timeseries.database import Database

# Cron is to the minute; a test cannot wait that long.
class EverySecond:
    @staticmethod
    def from_crontab(expression, timezone):
        return IntervalTrigger(seconds=1, timezone=timezone)

jobs.scheduler.CronTrigger = EverySecond
database = Database(sys.argv[1])
quick = Job("quick", "", "* * * * *", lambda context: 3)
broken = Job("broken", "", "* * * * *", lambda context: 1 // 0)
jobs.scheduler.serve(database, Settings(), {"quick": quick, "broken": broken})
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_jobs_survives_a_broken_one_and_stops_when_told(clean_database: Database, how):
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, clean_database.url], stderr=subprocess.PIPE)
    try:
        wait_until(lambda: sum(run.state == "done" for run in history(clean_database, "quick")) >= 2)
        wait_until(lambda: any(run.state == "failed" for run in history(clean_database, "broken")))
        process.send_signal(how)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.communicate()
    assert "ZeroDivisionError" in str(history(clean_database, "broken")[0].error)
    assert not any(run.state == "running" for run in history(clean_database, limit=100))


def wait_until(holds, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def test_every_job_has_a_schedule_that_can_be_used():
    check_schedules(JOBS, Settings(schedules={name: job.cron for name, job in JOBS.items()}))


def test_configured_schedules_replace_the_jobs_own():
    settings = Settings(schedules={"detect": "30 5 * * 1-5"})
    check_schedules(JOBS, settings)
    assert schedule_of(JOBS["detect"], settings) == "30 5 * * 1-5"


@pytest.mark.parametrize(
    ("schedules", "said"),
    [({"dettect": "* * * * *"}, "no such job"), ({"detect": "at dawn"}, "no cron expression")],
)
def test_schedules_that_make_no_sense_are_refused(schedules, said):
    with pytest.raises(ConfigurationError, match=said):
        check_schedules(JOBS, Settings(schedules=schedules))
