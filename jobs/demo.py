"""The demonstration: a synthetic firm's files through the same ingest, jobs and reads as any firm's."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from jobs.engine import Progress, run_by_hand, run_window, windows_between
from jobs.registry import JOBS
from timeseries.alerts import Alert, list_alerts
from timeseries.config import Settings
from timeseries.database import Database, TableSize, table_sizes
from timeseries.demo import DemoFirm, generate
from timeseries.ingest import Kind, LoadReport, load
from timeseries.metrics import known_day
from timeseries.pipeline import AccountForecast, DetectionReport, detect, forecast_account, riskiest_accounts

__all__ = ["DemoResult", "run_demo"]

EXAMPLES = 4
# Within what was learnt on the first of these days the others are quickly made.
FORECAST_SPAN = timedelta(days=6)
MOST_ALERTS = 100_000


@dataclass(frozen=True)
class DemoResult:
    """What the demonstration did and found.

    Attributes:
        loads: one report a file, in the order loaded.
        detection: of the last third of the history, where the labelled anomalies lie.
        alerts: what was made of it, newest first.
        examples: forecasts of a few accounts.
        sizes: what the tables weigh at the end.
        seconds: how long each stage took.
    """

    firm: DemoFirm
    loads: list[LoadReport]
    detection: DetectionReport
    alerts: list[Alert]
    examples: list[AccountForecast]
    sizes: list[TableSize]
    seconds: dict[str, float]


def run_demo(
    database: Database,
    settings: Settings,
    directory: Path,
    *,
    accounts: int,
    days: int,
    seed: int,
    progress: Progress,
) -> DemoResult:
    """Generate a firm into a directory, load it, run every job once, and gather what people want to see.

    The late file is loaded after the chunks it belongs to have been compressed.
    """
    clock = _Clock()
    firm = generate(directory, accounts=accounts, days=days, seed=seed, progress=_as_share(progress))
    clock("generate")
    loads = _load(database, progress, (*firm.plans, *firm.accounts, *firm.trades[:-1], *firm.equity))
    clock("load")
    _run(database, settings, progress, "refresh", "compress")
    clock("aggregate and compress")
    loads += _load(database, progress, firm.trades[-1:])
    _run(database, settings, progress, "refresh", "compress")
    clock("late rows")
    detection = detect(database, settings, days=max(days // 3, 1), progress=progress)
    clock("detect")
    _forecast_days(database, settings, progress)
    _run(database, settings, progress, "realise", "alert", "deliver", "policies")
    examples = [
        forecast_account(database, account, horizon=settings.alerts.horizon)
        for account in _worth_a_look(database, detection)
    ]
    clock("forecast and alert")
    alerts = list_alerts(database, limit=MOST_ALERTS)
    return DemoResult(firm, loads, detection, alerts, examples, table_sizes(database), clock.seconds)


def _worth_a_look(database: Database, detection: DetectionReport) -> list[str]:
    """A few accounts: the active ones likeliest to breach, and one that misbehaved."""
    risky = riskiest_accounts(database, EXAMPLES)
    found = [finding.account for finding in detection.findings if finding.account][:1]
    return list(dict.fromkeys([*risky[: EXAMPLES - 1], *found, *risky]))[:EXAMPLES]


class _Clock:
    """Seconds between calls, under the name given at the end of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.monotonic()

    def __call__(self, stage: str) -> None:
        now = time.monotonic()
        self.seconds[stage] = now - self._last
        self._last = now


def _as_share(progress: Progress) -> Callable[[str, float], None]:
    return lambda stage, share: progress(f"generating {stage}", round(share * 100), 100)


def _load(database: Database, progress: Progress, paths: Sequence[Path]) -> list[LoadReport]:
    reports = []
    for done, path in enumerate(paths):
        progress("loading files", done, len(paths))
        kind = next(kind for kind in Kind if path.name.startswith(kind))
        reports.append(load(database, kind, path))
    progress("loading files", len(paths), len(paths))
    return reports


def _forecast_days(database: Database, settings: Settings, progress: Progress) -> None:
    """A few days' forecasts, so that there is something to hold against what came."""
    newest = known_day(database)
    days = windows_between(database, settings, JOBS, "forecast", newest - FORECAST_SPAN, newest)
    for done, window in enumerate(days):
        progress("forecasting days", done, len(days))
        run_window(database, settings, JOBS, "forecast", window)
    progress("forecasting days", len(days), len(days))


def _run(database: Database, settings: Settings, progress: Progress, *names: str) -> None:
    for name in names:
        run_by_hand(database, settings, JOBS, name, progress=progress)
