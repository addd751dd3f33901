"""Detection: score account-days against their own past, keep what stands out, say why in words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from timeseries.anomaly import Scores, discoveries, explain, score
from timeseries.config import Settings
from timeseries.database import Database, statement
from timeseries.metrics import Panel, known_day, load_panel, refresh_aggregates
from timeseries.pipeline._features import FEATURES, feature_array
from timeseries.pipeline._numbers import finite_or_none
from timeseries.pipeline._rescoring import Marks, read_marks, settle

__all__ = ["DetectionReport", "Finding", "detect"]

BoolArray = npt.NDArray[np.bool_]
PAST_DAYS = 250
CRITICAL_PVALUE = 1e-5
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Finding:
    """An account-day that stands out, by the metric that says most of it."""

    account: str
    account_id: int
    trading_day: date
    metric: str
    detector: str
    pvalue: float
    direction: int
    seen: float | None
    expected: float | None
    severity: str
    reason: str


@dataclass(frozen=True)
class DetectionReport:
    """What a detection found, the least likely first.

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
    progress: Progress | None = None,
) -> DetectionReport:
    """Score the last days and store their findings in place of earlier ones.

    A day that survives the false-discovery control is a finding of severity warning (critical when it is
    less likely than one in 100,000); one that is merely unlikely (``finding_pvalue``) is kept as info.

    Days whose metrics changed after they were scored are scored again, up to sixty weekdays back, unless
    ``day`` is an earlier one than the last scored. Aggregates that late rows left behind are refreshed first.

    Args:
        day: the last day to score; by default the last complete one.
        days: how many weekdays up to it, at least.
        fdr: accepted share of false discoveries among a day's findings; by default the settings'.

    Raises:
        InputError: there is no complete day to score.
    """
    refresh_aggregates(database, progress=progress)
    until = _weekday(day or known_day(database))
    marks = read_marks(database, "anomaly", until)
    days = max(days, marks.days)
    _tell(progress, 0)
    panel = load_panel(database, until=until, days=PAST_DAYS + days, lot_ratios=True)
    _tell(progress, 1)
    weekdays = (panel.days.astype(np.int64) + 3) % 7  # 1970 began on a Thursday
    scores = score(feature_array(panel), calendar=weekdays, last=days, missing_is_idle=False)
    alarming = discoveries(scores.pvalue, fdr=fdr or settings.alerts.fdr)
    _tell(progress, 2)
    findings = _findings(panel, scores, alarming, settings.alerts.finding_pvalue)
    _store(database, panel, days, findings, marks)
    _tell(progress, 3)
    return _report(panel, scores, days, findings, marks)


def _weekday(day: date) -> date:
    result: date = np.busday_offset(np.datetime64(day, "D"), 0, roll="backward").astype(date)
    return result


def _tell(progress: Progress | None, done: int) -> None:
    if progress is not None:
        progress("scoring account-days", done, 3)


def _findings(panel: Panel, scores: Scores, alarming: BoolArray, threshold: float) -> list[Finding]:
    places = np.argwhere(alarming | (scores.pvalue < threshold))
    order = np.argsort(scores.pvalue[tuple(places.T)], kind="stable")
    return [_finding(panel, scores, int(a), int(d), alarming=bool(alarming[a, d])) for a, d in places[order]]


def _finding(panel: Panel, scores: Scores, account: int, day: int, *, alarming: bool) -> Finding:
    index = int(scores.metric[account, day])
    feature = FEATURES[index]
    row = panel.accounts.table.iloc[account]
    seen = float(feature.values(panel)[account, day])
    expected, spread = _in_units(scores, account, day, index)
    pvalue = float(scores.pvalue[account, day])
    detector = scores.detectors[int(scores.detector[account, day])]
    trading_day: date = panel.days[day].astype(date)
    reason = explain(
        feature.label,
        feature.unit,
        day=trading_day,
        seen=seen,
        expected=expected,
        direction=int(scores.direction[account, day]),
        spread=spread,
        pvalue=pvalue,
        since=_silent_since(panel, account, day) if detector == "silence" else None,
        detector=detector,
        currency=row["currency"],
    )
    return Finding(
        account=row["account"],
        account_id=int(row["account_id"]),
        trading_day=trading_day,
        metric=feature.name,
        detector=detector,
        pvalue=pvalue,
        direction=int(scores.direction[account, day]),
        seen=finite_or_none(seen),
        expected=finite_or_none(expected),
        severity="info" if not alarming else "critical" if pvalue < CRITICAL_PVALUE else "warning",
        reason=reason,
    )


def _in_units(scores: Scores, account: int, day: int, index: int) -> tuple[float, float]:
    """The expected value and the spread in people's units; the spread is that of one step upward."""
    feature = FEATURES[index]
    centre, step = scores.expected[account, day, index], scores.spread[account, day, index]
    expected, above = feature.restore(np.array([centre, centre + step]))
    return float(expected), float(above - expected)


def _silent_since(panel: Panel, account: int, day: int) -> date | None:
    idle = ~(panel["trades"][account, : day + 1] > 0)
    first = day - int(np.argmin(idle[::-1])) + 1 if not idle.all() else 0
    since: date = panel.days[first].astype(date)
    return since


def _report(
    panel: Panel, scores: Scores, days: int, findings: list[Finding], marks: Marks
) -> DetectionReport:
    judged = np.isfinite(scores.pvalue[:, -days:])
    present = np.isfinite(panel["trades"][:, -days:])
    # The weekend before counts towards the first day scored.
    first_day = panel.days[-days - 1].astype(date) + timedelta(days=1)
    return DetectionReport(
        day=marks.until,
        scored=int(judged.sum()),
        unscored=int((present & ~judged).sum()),
        findings=findings,
        rescored=len(marks.account_ids),
        out_of_reach=marks.out_of_reach(first_day),
    )


def _store(database: Database, panel: Panel, days: int, findings: list[Finding], marks: Marks) -> None:
    scored: list[date] = panel.days[-days:].astype(object).tolist()
    with database.transaction() as connection:
        connection.execute(statement("findings.forget_anomalies"), {"since": scored[0], "until": scored[-1]})
        if findings:
            rows = [{k: v for k, v in vars(finding).items() if k != "account"} for finding in findings]
            connection.execute(statement("findings.add_anomaly"), rows)
        settle(connection, marks, scored)
