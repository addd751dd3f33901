"""How well stored forecasts did, of what has happened since."""

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection

from timeseries.database import Database, run

__all__ = ["AccuracyReport", "GroupAccuracy", "RiskAccuracy", "WeekCoverage", "forecast_accuracy"]

By = Literal["model", "cohort", "horizon"]


@dataclass(frozen=True)
class WeekCoverage:
    """Shares of the days forecast in a week, from its Monday on, that fell into the intervals."""

    week: date
    days_scored: int
    coverage_80: float | None
    coverage_95: float | None


@dataclass(frozen=True)
class RiskAccuracy:
    """A probability against what came, over forecasts whose horizon is over.

    Attributes:
        predicted: mean probability.
        realised: share that came.
        brier: mean squared difference; Brier (1950), Monthly Weather Review 78(1).
        brier_skill: 1 - brier / that of always saying ``realised``; None when it always or never came.
    """

    forecasts: int
    predicted: float
    realised: float
    brier: float
    brier_skill: float | None


@dataclass(frozen=True)
class GroupAccuracy:
    """The forecasts of one model, cohort or horizon. Shares are None where there is nothing to count.

    Attributes:
        days_scored: days forecast that are over, each as often as it was forecast.
        skill: 1 - pinball loss / that of the naive forecast, of single days; losses are taken as shares
            of each account's initial balance.
        total_skill: the same of the profit over the whole horizon.
        coverage_80: share of days within the 80 % interval.
        total_coverage_80: share of totals over the whole horizon within theirs.
        weeks: coverage by the week in which the forecasts were made, the oldest first.
        risks: daily_loss, max_drawdown, any_breach, profit_target → probabilities against what came.
    """

    name: str
    forecasts: int
    days_scored: int
    skill: float | None
    total_skill: float | None
    coverage_80: float | None
    coverage_95: float | None
    total_coverage_80: float | None
    total_coverage_95: float | None
    weeks: tuple[WeekCoverage, ...]
    risks: dict[str, RiskAccuracy]


@dataclass(frozen=True)
class AccuracyReport:
    """Live accuracy of the forecasts made between two days.

    Attributes:
        since: the first origin; None when no forecast has a day that is over.
        until: the last origin.
        groups: those with most forecasts first.
        waiting: forecasts stored of which no day is over.
    """

    by: By
    since: date | None
    until: date | None
    groups: tuple[GroupAccuracy, ...]
    waiting: int

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return asdict(self)


def forecast_accuracy(database: Database, *, days: int = 90, by: By = "model") -> AccuracyReport:
    """How stored forecasts did, of what ``realise`` has joined to them.

    Args:
        days: forecasts made within so many calendar days before the newest that has a day over.
        by: what to tell apart; a cohort is plan and phase as they were when the forecast was made.
    """
    with database.transaction() as connection:
        span = run(connection, "outcomes.scored_span", {"days": days}).one()
        waiting = run(connection, "outcomes.count_waiting", {}).scalar_one()
        if span.until is None:
            return AccuracyReport(by, None, None, (), waiting)
        values = {"by": by, "since": span.since, "until": span.until}
        groups = _groups(connection, values)
    return AccuracyReport(by, span.since, span.until, groups, waiting)


def _groups(connection: Connection, values: dict[str, Any]) -> tuple[GroupAccuracy, ...]:
    weeks: dict[str, list[WeekCoverage]] = defaultdict(list)
    risks: dict[str, dict[str, RiskAccuracy]] = defaultdict(dict)
    for row in run(connection, "outcomes.accuracy_weeks", values).mappings():
        one = dict(row)
        name = one.pop("name")
        weeks[name].append(WeekCoverage(**one))
    for row in run(connection, "outcomes.accuracy_risks", values).mappings():
        one = dict(row)
        name, risk = one.pop("name"), one.pop("risk")
        risks[name][risk] = RiskAccuracy(**one)
    return tuple(
        GroupAccuracy(**row, weeks=tuple(weeks[row["name"]]), risks=risks[row["name"]])
        for row in run(connection, "outcomes.accuracy", values).mappings()
    )
