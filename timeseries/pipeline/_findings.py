"""Findings: what stands out, in words, ready to be stored."""

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Connection

from timeseries.anomaly import SEVERITIES, CohortEvents, Scores, explain
from timeseries.database import run
from timeseries.metrics import Panel
from timeseries.pipeline._features import FEATURES, NEVER
from timeseries.pipeline._judgement import FIRM, Judgement
from timeseries.pipeline._numbers import finite_or_none
from timeseries.surveillance import Violation

__all__ = ["Finding", "anomalies", "cohort_findings", "store", "violation"]

CRITICAL_SHARE = 0.5


@dataclass(frozen=True)
class Finding:
    """Something that stands out on a trading day, by the metric or rule that says most of it.

    Attributes:
        kind: ``anomaly``, ``rule`` or ``cohort``.
        account: None for a cohort's.
        cohort: an account group, or ``firm``; None for an account's.
        since: the first day of what is reported.
        subject: the metric or rule.
        pvalue: None for a rule's.
        at_stake: money in the account's currency, ordinary units.
        evidence: what a rule's finding rests on, ready for JSON.
    """

    kind: str
    account: str | None
    account_id: int | None
    cohort: str | None
    trading_day: date
    since: date
    subject: str
    detector: str
    rule_version_id: int | None
    pvalue: float | None
    direction: int
    seen: float | None
    expected: float | None
    at_stake: float | None
    severity: str
    reason: str
    evidence: dict[str, Any] = field(default_factory=dict)


def anomalies(panel: Panel, scores: Scores, judged: Judgement, threshold: float) -> list[Finding]:
    """The account-days that are alarming, and those merely less likely than the threshold, as findings."""
    kept = judged.alarming | (judged.pvalue < threshold)
    places = np.argwhere(kept)
    order = np.argsort(judged.pvalue[kept], kind="stable")
    return [_anomaly(panel, scores, judged, int(a), int(d)) for a, d in places[order]]


def _anomaly(panel: Panel, scores: Scores, judged: Judgement, account: int, place: int) -> Finding:
    day = len(panel.days) - judged.pvalue.shape[1] + place
    feature = FEATURES[int(scores.metric[account, day])]
    row = panel.accounts.table.iloc[account]
    expected, _ = _usual(scores, account, day)
    pvalue = float(judged.pvalue[account, place])
    return Finding(
        kind="anomaly",
        account=row["account"],
        account_id=int(row["account_id"]),
        cohort=None,
        trading_day=_date(panel, day),
        since=_date(panel, int(scores.since[account, day])),
        subject=feature.name,
        detector=scores.detectors[int(scores.detector[account, day])],
        rule_version_id=None,
        pvalue=pvalue,
        direction=int(scores.direction[account, day]),
        seen=finite_or_none(float(feature.values(panel)[account, day])),
        expected=finite_or_none(expected),
        at_stake=finite_or_none(float(judged.at_stake[account, place])),
        severity=SEVERITIES[judged.severity[account, place]],
        reason=_reason(panel, scores, account, day, pvalue),
        evidence=_other_metrics(scores, account, day),
    )


def _reason(panel: Panel, scores: Scores, account: int, day: int, pvalue: float) -> str:
    feature = FEATURES[int(scores.metric[account, day])]
    expected, spread = _usual(scores, account, day)
    return explain(
        feature.label,
        feature.unit,
        day=_date(panel, day),
        seen=float(feature.values(panel)[account, day]),
        # Of whether there is anything at all, one is no usual number.
        expected=np.nan if feature.minimum >= NEVER else expected,
        direction=int(scores.direction[account, day]),
        spread=spread,
        pvalue=pvalue,
        since=_date(panel, int(scores.since[account, day])),
        detector=scores.detectors[int(scores.detector[account, day])],
        currency=str(panel.accounts.table["currency"].iat[account]),
    )


def _other_metrics(scores: Scores, account: int, day: int) -> dict[str, Any]:
    """Which metrics contributed, by their own p-values."""
    own = scores.metric_pvalue[account, day]
    order = np.argsort(own)
    return {FEATURES[index].name: f"p = {own[index]:.2g}" for index in order if own[index] < 0.05}


def _usual(scores: Scores, account: int, day: int) -> tuple[float, float]:
    """The expected value and the spread in people's units; the spread is that of one step upward."""
    index = int(scores.metric[account, day])
    centre, step = scores.expected[account, day, index], scores.spread[account, day, index]
    expected, above = FEATURES[index].restore(np.array([centre, centre + step]))
    return float(expected), float(above - expected)


def _date(panel: Panel, day: int) -> date:
    result: date = panel.days[day].astype(date)
    return result


def cohort_findings(panel: Panel, days: int, events: CohortEvents, names: list[str]) -> list[Finding]:
    """One finding for each move of a cohort."""
    return [_moved(panel, days, events, names, place) for place in range(len(events))]


def _moved(panel: Panel, days: int, events: CohortEvents, names: list[str], place: int) -> Finding:
    feature = FEATURES[int(events.metric[place])]
    odd, accounts = int(events.odd[place]), int(events.accounts[place])
    direction = int(events.direction[place])
    trading_day = _date(panel, len(panel.days) - days + int(events.day[place]))
    name = names[int(events.group[place])]
    side = {1: "unusually high", -1: "unusually low", 0: "unusual"}[direction]
    where = "of the firm" if name == FIRM else f"of group {name}"
    reason = (
        f"{feature.label} {side} in {odd:,} of {accounts:,} accounts {where} on {trading_day}, where about "
        f"{max(accounts // 100, 1):,} would be by chance: the market or the data moved, not the traders."
    )
    return Finding(
        kind="cohort",
        account=None,
        account_id=None,
        cohort=name,
        trading_day=trading_day,
        since=trading_day,
        subject=feature.name,
        detector="cohort",
        rule_version_id=None,
        pvalue=float(events.pvalue[place]),
        direction=direction,
        seen=float(odd),
        expected=accounts / 100,
        at_stake=None,
        severity="critical" if odd > CRITICAL_SHARE * accounts else "warning",
        reason=reason,
    )


def violation(found: Violation, digits: int) -> Finding:
    """A broken rule of the trade as a finding; ``digits`` are the decimals of the account's currency."""
    return Finding(
        kind="rule",
        account=found.account,
        account_id=found.account_id,
        cohort=None,
        trading_day=found.trading_day,
        since=found.since,
        subject=found.rule,
        detector="rule",
        rule_version_id=found.rule_version_id,
        pvalue=None,
        direction=found.direction,
        seen=finite_or_none(found.seen),
        expected=finite_or_none(found.expected),
        at_stake=None if found.at_stake is None else found.at_stake / 10**digits,
        severity=found.severity,
        reason=found.reason,
        evidence=found.evidence,
    )


def store(
    connection: Connection, findings: list[Finding], kinds: list[str], since: date, until: date
) -> None:
    """Keep the findings of these days in place of earlier ones of these kinds."""
    run(connection, "findings.forget", {"kinds": kinds, "since": since, "until": until})
    if findings:
        rows = [{name: value for name, value in vars(one).items() if name != "account"} for one in findings]
        run(connection, "findings.add", {"rows": json.dumps(rows, default=str)})
