"""Detection: score account-days against their own past, look for broken rules, keep what stands out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from timeseries.anomaly import AlarmDays, Scores, score
from timeseries.config import Settings
from timeseries.database import Database
from timeseries.errors import InputError
from timeseries.metrics import Panel, load_panel, refresh_aggregates
from timeseries.pipeline._days import chosen_day, first_day, weekday, weekdays
from timeseries.pipeline._features import feature_array, feature_guards
from timeseries.pipeline._feedback import alarm_days_before, keep_alarm_days, label_weights, new_normals
from timeseries.pipeline._findings import Finding, anomalies, cohort_findings, store
from timeseries.pipeline._judgement import Budget, Judgement, judge
from timeseries.pipeline._rescoring import Complete, Marks, read_marks, settle
from timeseries.pipeline._violations import rule_findings
from timeseries.surveillance import adopt_rules

__all__ = ["DetectionReport", "Look", "detect", "look", "weekday"]

BoolArray = npt.NDArray[np.bool_]
PAST_DAYS = 250
STAGES = 4
ANOMALY, COHORT, RULE = "anomaly", "cohort", "rule"
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
    rules: bool = True,
    complete: Complete | None = None,
    progress: Progress | None = None,
) -> DetectionReport:
    """Look at the last days and store their findings in place of earlier ones.

    - Accounts unlike their own past: those the alarm budget lets pass are warnings or, by likelihood and
      money at stake, critical; the merely unlikely (``finding_pvalue``) are kept as info.
    - Cohorts that moved as one: a single finding, and their members only where odd beside their peers.
    - Broken rules of the trade, whatever the budget.

    Days whose metrics changed after they were scored are looked at again, up to sixty weekdays back, unless
    ``day`` is an earlier one than the last scored. Aggregates that late rows left behind are refreshed first.
    Twice for a day is as good as once.

    Args:
        day: the last day to score, of a weekend the Friday before; by default the last complete one. No data
            after it is read.
        days: how many weekdays up to it, at least.
        fdr: accepted share of false alarms, in place of what the settings say.
        budget: accepted alarms a day, likewise.
        rules: whether to look for broken rules too; False leaves those stored as they are, for
            :func:`apply_rules`.
        complete: called with the connection and the number of findings at the end of the transaction that
            stores them.

    Raises:
        InputError: there is no complete day to score, the day is not complete yet, or lies before all data.
        ConfigurationError: the settings of a rule cannot be used.
    """
    if days < 1:
        raise InputError(f"At least one day must be looked at, not {days}.")
    if rules:
        adopt_rules(database, settings)
    refresh_aggregates(database, progress=progress)
    until = chosen_day(database, day)
    marks = [read_marks(database, kind, until) for kind in ([ANOMALY, RULE] if rules else [ANOMALY])]
    days = max([days, *(one.days for one in marks)])
    rationed = Budget.of(settings.alerts, fdr=fdr, budget=budget)
    past = alarm_days_before(database, rationed, weekdays(until, days)[0])
    seen = look(
        database, settings, until=until, days=days, budget=rationed, past=past, rules=rules, progress=progress
    )
    with database.transaction() as connection:
        _keep(connection, seen, marks, rationed, rules=rules)
        if complete is not None:
            complete(connection, len(seen.findings))
    _tell(progress, STAGES)
    return _report(until, seen, marks)


def _keep(connection: Connection, seen: "Look", marks: list[Marks], budget: Budget, *, rules: bool) -> None:
    until = seen.panel.days[-1].astype(date)
    scored = weekdays(until, seen.days)
    for one in marks:
        settle(connection, one, scored)
    kinds = [ANOMALY, COHORT, RULE] if rules else [ANOMALY, COHORT]
    store(connection, seen.findings, kinds, seen.first_day, until)
    keep_alarm_days(connection, budget, scored, seen.judged.days)


def _report(until: date, seen: "Look", marks: list[Marks]) -> DetectionReport:
    return DetectionReport(
        day=until,
        scored=int(seen.judgeable.sum()),
        unscored=int((seen.present & ~seen.judgeable).sum()),
        findings=seen.findings,
        rescored=len({account for one in marks for account in one.account_ids}),
        out_of_reach=len({account for one in marks for account in one.out_of_reach(seen.first_day)}),
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
        return first_day(self.panel.days[-1].astype(date), self.days)


def look(
    database: Database,
    settings: Settings,
    *,
    until: date,
    days: int,
    budget: Budget,
    past: AlarmDays | None,
    rules: bool = True,
    progress: Progress | None = None,
) -> Look:
    """Judge the last days, each by the days before it, and store nothing.

    Args:
        until: the last day, a weekday.
        days: how many weekdays up to it.
        budget: how alarms are rationed.
        past: what the budget remembers of the days before.
        rules: whether to look for broken rules too.
    """
    _tell(progress, 0)
    panel = load_panel(database, until=until, days=PAST_DAYS + days, lot_ratios=True)
    _tell(progress, 1)
    scores = _scores(panel, settings, days, new_normals(database, panel))
    _tell(progress, 2)
    weight = label_weights(database, panel)
    judged = judge(panel, scores, days, settings.alerts, budget, weight=weight, past=past)
    findings = []
    if rules:
        since = first_day(until, days)
        findings = rule_findings(database, settings, since=since, until=until, progress=progress)
    _tell(progress, 3)
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


def _tell(progress: Progress | None, done: int) -> None:
    if progress is not None:
        progress("scoring account-days", done, STAGES)
