"""A database in which jobs leave marks."""

import time
from collections.abc import Callable

import pytest
import toy_jobs
from sqlalchemy import text

from timeseries.config import JobSettings, Settings
from timeseries.database import Database

QUICKLY = Settings(jobs=JobSettings(poll_seconds=0.05, lease_seconds=3, retry_seconds=0.2))


@pytest.fixture
def marked_database(clean_database: Database) -> Database:
    with clean_database.transaction() as connection:
        connection.execute(text(toy_jobs.CREATE))
        connection.execute(text("TRUNCATE effects"))
    return clean_database


@pytest.fixture
def quickly() -> Settings:
    """Settings for those who cannot wait."""
    return QUICKLY


@pytest.fixture
def effects(marked_database: Database) -> Callable[[str], list]:
    """The marks of a job, in the order they were committed."""

    def read(job: str) -> list:
        with marked_database.transaction() as connection:
            found = connection.execute(
                text("SELECT * FROM effects WHERE job = :job ORDER BY run"), {"job": job}
            )
            return found.all()

    return read


@pytest.fixture
def eventually() -> Callable:
    def wait(holds: Callable[[], object], seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.05)

    return wait
