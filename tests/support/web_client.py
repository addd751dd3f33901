"""A scheduler's endpoint and somebody who asks it; and a ledger with entries."""

import json
import urllib.error
import urllib.request
from contextlib import contextmanager
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from jobs.engine import Job, Scheduler
from jobs.registry import JOBS
from jobs.web import _patience, serve_in_background
from timeseries.config import Settings
from timeseries.database import Database
from timeseries.errors import JobError

NOTE_RUN = """
    INSERT INTO job_runs (job, window_start, window_end, state, holder, lease_until,
                          started_at, finished_at, rows, error)
    SELECT :job, m - interval '60 s', m, :state, 'a test', m, m - interval '10 s', m, :rows,
           CASE WHEN :state <> 'done' THEN 'a reason' END
    FROM (SELECT clock_timestamp() - CAST(:ended AS interval)) AS moment (m)
"""
FINE = Job("fine", "works", "every minute", lambda context: 7)
CAREFUL = Job("careful", "works off every window", "every minute", lambda context: 1, coalesce=False)


def fail(context) -> int:
    raise JobError("it does not work")


FAILING = Job("failing", "does not work", "every minute", fail)
HOURLY = Job("hourly", "is seldom due", "every 1 hour", lambda context: 1)


class Client:
    """Asks a server, and knows its scheduler."""

    def __init__(self, scheduler: Scheduler, port: int) -> None:
        self.scheduler = scheduler
        self.port = port

    def ask(self, path: str, method: str = "GET", accept: str = "", data: bytes | None = None):
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, method=method, data=data, headers={"Accept": accept})
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, response.headers, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read().decode()

    def metrics(self) -> dict[str, dict[tuple[str, ...], float]]:
        """Samples by name and the values of their labels."""
        status, _, body = self.ask("/metrics")
        assert status == 200
        found: dict[str, dict[tuple[str, ...], float]] = {}
        for family in text_string_to_metric_families(body):
            for sample in family.samples:
                labels = tuple(sample.labels.values())
                assert labels not in found.get(sample.name, {}), (
                    "Prometheus refuses a sample that comes twice"
                )
                found.setdefault(sample.name, {})[labels] = sample.value
        return found

    def health(self) -> tuple[int, dict]:
        status, headers, body = self.ask("/health")
        assert headers["Content-Type"] == "application/json"
        return status, json.loads(body)


@contextmanager
def serving(database: Database, *jobs: Job, settings: Settings = Settings()):  # noqa: B008 - it is frozen
    scheduler = Scheduler(database, settings, {job.name: job for job in jobs} or JOBS)
    server = serve_in_background(scheduler, "127.0.0.1:0")
    try:
        yield Client(scheduler, server.port)
    finally:
        server.close()


def note_run(database: Database, job: str, state: str, ended: timedelta, rows: int = 0) -> None:
    """Write a run into the ledger that took ten seconds and ended some time ago."""
    execute(database, NOTE_RUN, job=job, state=state, ended=ended, rows=rows)


def execute(database: Database, statement: str, **values: object) -> None:
    with database.transaction() as connection:
        connection.execute(text(statement), values)


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing read is kept, and nobody is waited for long."""
    monkeypatch.setattr(_patience, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(_patience, "PATIENCE_SECONDS", 1.0)
