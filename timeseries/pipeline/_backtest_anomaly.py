"""The proof of detection: what it would have raised on past days, beside what is known of them."""

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from timeseries.anomaly.backtest import Backtest, Comparison, backtest, compare
from timeseries.config import Settings
from timeseries.database import Database, run
from timeseries.errors import InputError
from timeseries.metrics import Panel, known_day, refresh_aggregates
from timeseries.pipeline._detection import Look, look, weekday
from timeseries.pipeline._judgement import Budget

__all__ = ["AnomalyBacktest", "LabelledEvent", "backtest_anomaly", "confirmed_events", "read_events"]

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]
# A desk that hears of something three days after it ended still did hear of it.
GRACE_DAYS = 3
COLUMNS = ("account", "kind", "first_day", "last_day")
ALL = "all"  # as the scores call every kind together
# Odder than any p-value: a broken rule leaves nothing to chance.
CERTAIN = 700.0


@dataclass(frozen=True)
class LabelledEvent:
    """Something known to have happened on an account, on the days from the first to the last."""

    account: str
    kind: str
    first_day: date
    last_day: date


@dataclass(frozen=True)
class AnomalyBacktest:
    """What detection would have raised, with the settings in force and with those proposed.

    Attributes:
        first_day, last_day: the days replayed.
        accounts: their names, in the order of the arrays.
        proof: with the settings in force.
        change: beside the proposed settings; None where none were proposed.
        unknown: labelled events of accounts or days that are not there.
    """

    first_day: date
    last_day: date
    accounts: list[str]
    proof: Backtest
    change: Comparison | None
    unknown: int

    def day(self, place: int) -> date:
        """The day of a column."""
        start = np.busday_offset(np.datetime64(self.first_day, "D"), 0, roll="forward")
        result: date = np.busday_offset(start, place).astype(date)
        return result


def read_events(path: Path) -> list[LabelledEvent]:
    """Labelled events from a CSV file with the columns account, kind, first_day, last_day.

    Raises:
        InputError: the file cannot be read, lacks a column, or has a row that is no event.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise InputError(f"Cannot read the labels {path}: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The labels {path} are no CSV file in UTF-8.") from error
    missing = [name for name in COLUMNS if rows and name not in rows[0]]
    if missing or not rows:
        raise InputError(f"The labels {path} must have rows with the columns {', '.join(COLUMNS)}.")
    return [_event(path, number, row) for number, row in enumerate(rows, start=2)]


def _event(path: Path, number: int, row: dict[str, str]) -> LabelledEvent:
    try:
        first, last = date.fromisoformat(row["first_day"]), date.fromisoformat(row["last_day"])
    except (TypeError, ValueError):
        raise InputError(f"{path}, line {number}: the days must be written as 2026-06-30.") from None
    account, kind = (row["account"] or "").strip(), (row["kind"] or "").strip()
    if last < first or not account or kind in ("", ALL):
        raise InputError(
            f"{path}, line {number}: an event needs an account, a kind other than {ALL!r}, and days in order."
        )
    return LabelledEvent(account, kind, first, last)


def confirmed_events(database: Database) -> list[LabelledEvent]:
    """The alerts that people labelled true, as events.

    Raises:
        InputError: there are none.
    """
    with database.transaction() as connection:
        rows = run(connection, "alert_actions.confirmed", {}).mappings().all()
    if not rows:
        raise InputError(
            "No alert is labelled true yet: name a file with --labels, or label some alerts first."
        )
    return [LabelledEvent(**row) for row in rows]


def backtest_anomaly(
    database: Database,
    settings: Settings,
    events: Iterable[LabelledEvent],
    *,
    days: int = 60,
    proposed: Settings | None = None,
    progress: Progress | None = None,
) -> AnomalyBacktest:
    """Replay the last weekdays, each judged by the days before it, and compare the alarms with labels.

    Nothing is stored. Alarms are account-days with a finding graver than info; a run of them is one alarm.
    The budget starts anew on the first day replayed.

    Args:
        days: how many weekdays up to the last complete one.
        proposed: settings to compare those in force with, before they are activated.

    Raises:
        InputError: there is no complete day.
    """
    refresh_aggregates(database, progress=progress)
    until = weekday(known_day(database))
    known = list(events)
    before = _replay(database, settings, until, days, known, progress)
    change = None
    if proposed is not None:
        after = _replay(database, proposed, until, days, known, progress)
        change = compare(before.proof, after.proof)
    return AnomalyBacktest(
        first_day=before.seen.panel.days[-days].astype(date),
        last_day=until,
        accounts=before.seen.panel.accounts.names,
        proof=before.proof,
        change=change,
        unknown=before.unknown,
    )


@dataclass(frozen=True)
class _Replay:
    seen: Look
    proof: Backtest
    unknown: int


def _replay(
    database: Database,
    settings: Settings,
    until: date,
    days: int,
    events: list[LabelledEvent],
    progress: Progress | None,
) -> _Replay:
    budget = Budget.of(settings.alerts, fdr=None, budget=None)
    seen = look(database, settings, until=until, days=days, budget=budget, past=None, progress=progress)
    kinds = sorted({event.kind for event in events})
    label, unknown = _labels(seen, events, kinds)
    proof = backtest(
        _alarms(seen),
        label,
        kinds=kinds,
        oddness=_oddness(seen),
        judged=seen.present,
        repeat_days=settings.alerts.merge_days,
        grace_days=GRACE_DAYS,
    )
    return _Replay(seen, proof, unknown)


def _alarms(seen: Look) -> BoolArray:
    graver = [one for one in seen.findings if one.account is not None and one.severity != "info"]
    alarms = np.zeros(seen.present.shape, dtype=bool)
    rows = _rows(seen.panel, [one.account or "" for one in graver])
    columns = _columns(seen.panel, seen.days, [one.trading_day for one in graver])
    alarms[rows, columns] = True
    return alarms


def _oddness(seen: Look) -> FloatArray:
    oddness = -np.log(np.maximum(seen.judged.pvalue, 1e-300))
    rules = [one for one in seen.findings if one.kind == "rule" and one.severity != "info"]
    rows = _rows(seen.panel, [one.account or "" for one in rules])
    oddness[rows, _columns(seen.panel, seen.days, [one.trading_day for one in rules])] = CERTAIN
    result: FloatArray = oddness
    return result


def _labels(seen: Look, events: list[LabelledEvent], kinds: list[str]) -> tuple[IntArray, int]:
    """Codes of the kinds by account and day, and how many events lie on none that was there."""
    panel, days, present = seen.panel, seen.days, seen.present
    label = np.zeros((len(panel.accounts), days), dtype=np.int64)
    known = set(panel.accounts.names)
    first_day, last_day = panel.days[-days].astype(date), panel.days[-1].astype(date)
    inside = [
        one
        for one in events
        if one.account in known and one.last_day >= first_day and one.first_day <= last_day
    ]
    rows = _rows(panel, [one.account for one in inside])
    first = _columns(panel, days, [max(one.first_day, first_day) for one in inside])
    last = _columns(panel, days, [min(one.last_day, last_day) for one in inside])
    unseen = len(events) - len(inside)
    for event, row, start, end in zip(inside, rows, first, last, strict=True):
        label[row, start : end + 1] = kinds.index(event.kind) + 1
        unseen += not present[row, start : end + 1].any()
    return label, unseen


def _rows(panel: Panel, names: list[str]) -> IntArray:
    places = {name: place for place, name in enumerate(panel.accounts.names)}
    return np.array([places[name] for name in names], dtype=np.int64)


def _columns(panel: Panel, days: int, dates: list[date]) -> IntArray:
    """A weekend counts towards the Monday after."""
    axis = panel.days[-days:]
    found = np.searchsorted(axis, np.array(dates, dtype="datetime64[D]"))
    return np.minimum(found, days - 1).astype(np.int64)
