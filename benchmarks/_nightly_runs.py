"""Runs in processes of their own, as a scheduler's are: seconds, processor time, and peak memory of each."""

import logging
import multiprocessing
import re
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from _nightly_firm import NewDay, load_new_day, window

from jobs.engine import run_window
from jobs.registry import JOBS
from timeseries.config import Settings
from timeseries.database import Database

__all__ = ["INGEST", "Part", "measure"]

INGEST = "ingest"


@dataclass(frozen=True)
class Part:
    """What one run took.

    Attributes:
        name: of the job, or ``ingest``.
        seconds: wall clock.
        processor: seconds of this process on a processor; the rest is the database's.
        peak: most resident megabytes.
        rows: touched, as the job counts them.
    """

    name: str
    seconds: float
    processor: float
    peak: float
    rows: int


def measure(database: Database, settings: Settings, new: NewDay, say: Callable[[str], None]) -> list[Part]:
    """Load the new day, if it waits in files, and run every job once, in the order data pass through them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["jobs.registry"])
    parts = []
    for name in ((INGEST,) if new.files else ()) + tuple(JOBS):
        say(f"measuring {name}")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            given = database.url, database.embedded, settings, name, new
            parts.append(pool.submit(in_child, *given).result())
    return parts


def in_child(url: str, embedded: bool, settings: Settings, name: str, new: NewDay) -> Part:
    """One run, in this process."""
    logging.disable()
    database = Database(url, embedded=embedded)
    begun = time.perf_counter(), time.process_time()
    load = name == INGEST
    rows = load_new_day(database, new.files) if load else run_job(database, settings, name, new.day)
    seconds, processor = time.perf_counter() - begun[0], time.process_time() - begun[1]
    return Part(name, seconds, processor, peak(), rows)


def run_job(database: Database, settings: Settings, name: str, day: date) -> int:
    """A job's run for a day, with its entry in the ledger."""
    return run_window(database, settings, JOBS, name, window(database, settings, name, day))


def peak() -> float:
    """Most resident megabytes of this process so far, as the kernel counts them."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), flags=re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1000
