"""Detection: score account-days against their own past, look for broken rules, keep what stands out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from timeseries.anomaly import AlarmDays, Scores, score
from timeseries.config import Settings
from timeseries.database import Database
from timeseries.errors import InputError
from timeseries.metrics import Panel, known_day, load_panel, refresh_aggregates
from timeseries.pipeline._features import feature_array, feature_guards
from timeseries.pipeline._feedback import alarm_days_before, keep_alarm_days, label_weights, new_normals
from timeseries.pipeline._findings import Finding, anomalies, cohort_findings, store, violation
from timeseries.pipeline._judgement import Budget, Judgement, judge
from timeseries.pipeline._rescoring import read_marks, settle
from timeseries.surveillance import adopt_rules, find_violations

__all__ = ["DetectionReport", "Look", "detect", "look"]

BoolArray = npt.NDArray[np.bool_]
PAST_DAYS = 250
STAGES = 4
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class DetectionReport:
    """What a detection found: rules first, then the least likely.

    Attributes:
        day: the last day scored.
        scored: account-days judged.
        unscored: account-days with an account but too little past to judge.
        rescored: accounts of which days scored before were scored again, for their metrics had changed.
        out_of_reach: of these, accounts of which days changed that lie too far back to be scored again.
    """

    day: date
    scored: int
    unscored: int
    findings: list[Finding]
    rescored: int = 0
    out_of_reach: int = 0


def detect(
    database: Database,
    settings: Settings,
    *,
    day: date | None = None,
    days: int = 1,
    fdr: float | None = None,
    budget: float | None = None,
    progress: Progress | None = None,
) -> DetectionReport:
    """Look at the last days and store their findings in place of earlier ones.

    - Accounts unlike their own past: those the alarm budget lets pass are warnings or, by likelihood and
      money at stake, critical; the merely unlikely (``finding_pvalue``) are kept as info.
    - Cohorts that moved as one: a single finding, and their members only where odd beside their peers.
    - Broken rules of the trade, whatever the budget.

    Days whose metrics changed after they were scored are looked at again, up to sixty weekdays back, unless
    ``day`` is an earlier one than the last scored. Aggregates that late rows left behind are refreshed first.

    Args:
        day: the last day to score; by default the last complete one.
        days: how many weekdays up to it, at least.
        fdr: accepted share of false alarms, in place of what the settings say.
        budget: accepted alarms a day, likewise.

    Raises:
        InputError: there is no complete day to score, or the day is not complete yet.
        ConfigurationError: the settings of a rule cannot be used.
    """
    if days < 1:
        raise InputError(f"At least one day must be looked at, not {days}.")
    adopt_rules(database, settings)
    refresh_aggregates(database, progress=progress)
    until = _last_day(database, day)
    marks = read_marks(database, "anomaly", until)
    days = max(days, marks.days)
    rationed = Budget.of(settings.alerts, fdr=fdr, budget=budget)
    before = alarm_days_before(database, rationed, _weekdays(until, days)[0])
    seen = look(database, settings, until=until, days=days, budget=rationed, past=before, progress=progress)
    with database.transaction() as connection:
        scored = _weekdays(until, days)
        store(connection, seen.findings, seen.first_day, until)
        keep_alarm_days(connection, rationed, scored, seen.judged.days)
        settle(connection, marks, scored)
    _tell(progress, STAGES)
    return DetectionReport(
        day=until,
        scored=int(seen.judgeable.sum()),
        unscored=int((seen.present & ~seen.judgeable).sum()),
        findings=seen.findings,
        rescored=len(marks.account_ids),
        out_of_reach=marks.out_of_reach(seen.first_day),
    )


@dataclass(frozen=True)
class Look:
    """What a look at the last days finds, before anything is stored.

    Attributes:
        panel: with the past that the days were judged by.
        days: how many at its end were judged.
        judged: their p-values and alarms.
        findings: rules first, then cohorts, then accounts, the least likely first.
        judgeable: [accounts, days], with past enough.
        present: [accounts, days], of accounts that were there.
    """

    panel: Panel
    days: int
    judged: Judgement
    findings: list[Finding]
    judgeable: BoolArray
    present: BoolArray

    @property
    def first_day(self) -> date:
        """The first day looked at."""
        return _first_day(self.panel.days[-1].astype(date), self.days)


def look(
    database: Database,
    settings: Settings,
    *,
    until: date,
    days: int,
    budget: Budget,
    past: AlarmDays | None,
    progress: Progress | None = None,
) -> Look:
    """Judge the last days, each by the days before it, and store nothing.

    Args:
        until: the last day, a weekday.
        days: how many weekdays up to it.
        budget: how alarms are rationed.
        past: what the budget remembers of the days before.
    """
    _tell(progress, 0)
    panel = load_panel(database, until=until, days=PAST_DAYS + days, lot_ratios=True)
    _tell(progress, 1)
    scores = _scores(panel, settings, days, new_normals(database, panel))
    _tell(progress, 2)
    weight = label_weights(database, panel)
    judged = judge(panel, scores, days, settings.alerts, budget, weight=weight, past=past)
    since = _first_day(until, days)
    broken = find_violations(database, settings, since=since, until=until, progress=progress)
    _tell(progress, 3)
    digits = panel.accounts.table.set_index("account_id")["currency_digits"]
    findings = [violation(one, int(digits[one.account_id])) for one in broken]
    for events, names in judged.events:
        findings += cohort_findings(panel, days, events, names)
    findings += anomalies(panel, scores, judged, settings.alerts.finding_pvalue)
    return Look(
        panel=panel,
        days=days,
        judged=judged,
        findings=findings,
        judgeable=np.isfinite(scores.pvalue[:, -days:]),
        present=np.isfinite(panel["trades"][:, -days:]),
    )


def _last_day(database: Database, day: date | None) -> date:
    known = known_day(database)
    if day is not None and day > known:
        raise InputError(f"{day} is not complete yet: the newest complete trading day is {known}.")
    return weekday(day or known)


def weekday(day: date) -> date:
    """The day itself, or the Friday before a weekend's."""
    result: date = np.busday_offset(np.datetime64(day, "D"), 0, roll="backward").astype(date)
    return result


def _scores(panel: Panel, settings: Settings, days: int, accepted: BoolArray) -> Scores:
    weekdays = (panel.days.astype(np.int64) + 3) % 7  # 1970 began on a Thursday
    return score(
        feature_array(panel),
        calendar=weekdays,
        last=days,
        missing_is_idle=False,
        guards=feature_guards(),
        holidays=np.isin(panel.days, np.array(settings.alerts.holidays, dtype="datetime64[D]")),
        accepted=accepted,
    )


def _weekdays(until: date, days: int) -> list[date]:
    axis = np.busday_offset(np.datetime64(until, "D"), np.arange(1 - days, 1))
    result: list[date] = axis.astype(object).tolist()
    return result


def _tell(progress: Progress | None, done: int) -> None:
    if progress is not None:
        progress("scoring account-days", done, STAGES)


def _first_day(until: date, days: int) -> date:
    """The weekend before counts towards the first weekday."""
    before: date = np.busday_offset(np.datetime64(until, "D"), -days).astype(date)
    return before + timedelta(days=1)
