"""A firm's week at high speed: its files arrive day by day, and schedulers work it off by an injected clock.

As a program it is a nursery: it forks a scheduler for each line it reads, for importing everything anew
would take most of a test's time.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from jobs.engine import Context, Job, Scheduler, log_to_stderr
from jobs.registry import JOBS
from timeseries.config import AlertSettings, DigestSettings, JobSettings, Settings
from timeseries.database import Database, open_database
from timeseries.errors import DatabaseError
from timeseries.ingest import Kind, load

# What looks at the machine, or at the real time, has no place in a simulated week.
LEFT_OUT = ("policies", "compress", "retain", "statistics", "health", "verify")
HOURLY = ("refresh", "alert", "deliver")
DAYS = 7


def files_beside(data_dir: Path) -> Path:
    """Where the files of a firm arrive."""
    return data_dir.parent / "files"


def arrive(context: Context) -> int:
    """Load the files of the UTC day before the window's end."""
    day = (context.window.end - timedelta(days=1)).date()
    rows = 0
    for kind in (Kind.TRADES, Kind.EQUITY):
        path = files_beside(context.settings.data_dir) / f"{kind}-{day}.csv"
        rows += load(context.unleased, kind, path).rows_new if path.exists() else 0
    return rows


ARRIVE = Job("arrive", "the files of a day", "5 0 * * *", arrive, coalesce=False)


def week_jobs() -> dict[str, Job]:
    """The jobs of the house that work on data, with the arrival of files before them."""
    jobs = {"arrive": ARRIVE, **{name: job for name, job in JOBS.items() if name not in LEFT_OUT}}
    return {name: replace(job, limit=timedelta(seconds=20), retries=1000) for name, job in jobs.items()}


def week_settings(data_dir: Path, sink: str) -> Settings:
    """Short leases and pauses; a digest a day; everything told to one sink."""
    return Settings(
        data_dir=data_dir,
        schedules=dict.fromkeys(HOURLY, "every hour"),
        jobs=JobSettings(poll_seconds=0.1, lease_seconds=6, retry_seconds=0.3, grace_minutes=30),
        alerts=AlertSettings(sinks={"hook": sink}, deliver_days=3000, digest=DigestSettings(sinks=("hook",))),
    )


def split_by_day(source: list[Path], kind: Kind, column: str, directory: Path, first: datetime) -> Path:
    """One file for each UTC day from the first on, and one with all before it, which is returned."""
    tables = [pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path) for path in source]
    rows = pd.concat(tables, ignore_index=True)
    moments = pd.to_datetime(rows[column], utc=True, format="ISO8601", errors="coerce")
    before = directory / f"{kind}-before.csv"
    rows[moments < first].to_csv(before, index=False)
    for day, those in rows[moments >= first].groupby(moments.dt.date):
        those.to_csv(directory / f"{kind}-{day}.csv", index=False)
    return before


def simulated_clock(begin: datetime, real_begin: float, speed: float) -> Callable[[], datetime]:
    """A week that passes so many times faster than the real time, and after it ten minutes a second."""

    def now() -> datetime:
        passed = timedelta(seconds=max(time.time() - real_begin, 0.0) * speed)
        after = max(passed - timedelta(days=DAYS), timedelta()) / speed * 600
        return begin + min(passed, timedelta(days=DAYS)) + min(after, timedelta(hours=20))

    return now


def serve(settings: Settings, clock: Callable[[], datetime]) -> None:
    """A scheduler that opens the database again whenever it is lost, until it is told to stop."""

    def reopen() -> Database:
        return open_database(settings)

    scheduler = Scheduler(
        _patiently(reopen),
        settings,
        week_jobs(),
        clock=clock,
        reopen=reopen,
        context=multiprocessing.get_context("fork"),
    )
    signal.signal(signal.SIGTERM, lambda *_: scheduler.stop())
    scheduler.serve()


def _patiently(open_it: Callable[[], Database]) -> Database:
    """What started a scheduler would start it again when no database answered."""
    while True:
        try:
            return open_it()
        except DatabaseError:
            time.sleep(0.2)


def main() -> None:
    """Print when the week began, then fork a scheduler for each line read, and print its process number."""
    data_dir, sink, begin, speed = sys.argv[1:]
    real_begin = time.time()
    log_to_stderr(as_json=False)
    settings = week_settings(Path(data_dir), sink)
    clock = simulated_clock(datetime.fromisoformat(begin).astimezone(UTC), real_begin, float(speed))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    sys.stdout.write(f"{real_begin}\n")
    sys.stdout.flush()
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            serve(settings, clock)
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
