"""A demo firm just before its newest trading day arrives: all is done but that day, whose files wait."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from gzip import open as open_gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.engine import Schedule, TradingDays, Window, run_window, schedules_of, window_now
from jobs.registry import JOBS
from timeseries.config import DigestSettings, Settings
from timeseries.database import Database, compress
from timeseries.demo import generate
from timeseries.ingest import Kind, load
from timeseries.metrics import refresh_aggregates, refresh_metrics
from timeseries.pipeline import apply_rules, detect, forecast_all

__all__ = [
    "NewDay",
    "load_firm",
    "load_new_day",
    "make_steady",
    "newest_weekday",
    "nightly_settings",
    "weekday",
    "window",
]

DAYS_OF_FINDINGS = 20
DAYS_OF_FORECASTS = 5
CLOSE_TIME_FIELD = 6
Say = Callable[[str], None]


@dataclass(frozen=True)
class NewDay:
    """The day that comes, and the files with everything after the midnight (UTC) it begins at."""

    day: date
    files: tuple[Path, ...]


def newest_weekday() -> date:
    """The last weekday that is over on every calendar of the demo firm, whose last ends at midnight UTC."""
    return np.busday_offset(np.datetime64(datetime.now(UTC).date()), -1, roll="forward").astype(date)


def nightly_settings(settings: Settings) -> Settings:
    """With a sink and a digest, so that there is something to deliver."""
    alerts = replace(settings.alerts, sinks={"log": "log"}, digest=DigestSettings(("log",)))
    return replace(settings, alerts=alerts)


def load_firm(database: Database, directory: Path, accounts: int, days: int, seed: int, say: Say) -> NewDay:
    """Generate a firm, load all but its last day, compute what follows from it, and compress old chunks."""
    day = newest_weekday()
    firm = generate(directory, accounts=accounts, days=days, seed=seed, end=day)
    cut = datetime(day.year, day.month, day.day, tzinfo=UTC)
    apart = directory / "new-day"
    apart.mkdir()
    say("loading")
    for kind, paths in firm.files.items():
        for path in paths:
            hold_back(path, apart, cut)
            load(database, Kind(kind), path)
    say("refreshing aggregates and metrics")
    refresh_metrics(database)
    refresh_aggregates(database)
    compress(database)
    return NewDay(day, tuple(sorted(apart.iterdir())))


def hold_back(path: Path, apart: Path, cut: datetime) -> None:
    """Move the rows of a file after a moment into a file of the same name elsewhere, if there are any."""
    if path.suffix == ".parquet":
        _hold_back_columns(path, apart / path.name, cut)
    elif path.name.startswith(Kind.TRADES):
        _hold_back_lines(path, apart / path.name, f"{cut:%Y-%m-%dT%H:%M:%SZ}")


def _hold_back_columns(path: Path, apart: Path, cut: datetime) -> None:
    table = pq.read_table(path)
    time = table["close_time" if "close_time" in table.column_names else "time"]
    later = pc.fill_null(pc.greater(time, pa.scalar(cut, time.type)), False)
    if pc.any(later).as_py():
        pq.write_table(table.filter(later), apart)
        pq.write_table(table.filter(pc.invert(later)), path)


def _hold_back_lines(path: Path, apart: Path, cut: str) -> None:
    with open_gzip(path, "rt") as file:
        header, *lines = file.readlines()
    later = [_close_time(line) > cut for line in lines]
    if any(later):
        for target, wanted in ((apart, True), (path, False)):
            with open_gzip(target, "wt") as file:
                file.writelines(
                    [header, *(line for line, late in zip(lines, later, strict=True) if late == wanted)]
                )


def _close_time(line: str) -> str:
    fields = line.split(",")
    return fields[CLOSE_TIME_FIELD].strip('"') if len(fields) > CLOSE_TIME_FIELD else ""


def load_new_day(database: Database, files: tuple[Path, ...]) -> int:
    """Load what was held back; returns the rows read."""
    reports = [
        load(database, next(kind for kind in Kind if path.name.startswith(kind)), path) for path in files
    ]
    return sum(report.rows_read for report in reports)


def make_steady(database: Database, settings: Settings, before: date, say: Say) -> None:
    """Find what some weeks hold, forecast some days, and do every job once for the weekday before a day."""
    days = [weekday(before, -steps) for steps in range(DAYS_OF_FORECASTS, 0, -1)]
    say(f"finding what the {DAYS_OF_FINDINGS} days before hold")
    detect(database, settings, day=days[-1], days=DAYS_OF_FINDINGS, rules=False)
    apply_rules(database, settings, day=days[-1], days=DAYS_OF_FINDINGS)
    for number, day in enumerate(days[:-1]):
        say(f"forecasting {day}")
        forecast_all(database, horizon=settings.alerts.horizon, day=day, learn=number == 0)
    for name in JOBS:
        say(f"{name} of {days[-1]}")
        run_window(database, settings, JOBS, name, window(database, settings, name, days[-1]))


def window(database: Database, settings: Settings, name: str, day: date) -> Window:
    """What a job answers for when it is run for a trading day now."""
    schedule: Schedule = schedules_of(JOBS, settings)[name]
    if isinstance(schedule, TradingDays):
        return Window.of_day(day)
    return window_now(database, settings, JOBS, name)


def weekday(day: date, steps: int) -> date:
    """So many weekdays after a day, or before it."""
    moved: date = np.busday_offset(np.datetime64(day), steps, roll="backward").astype(date)
    return moved
