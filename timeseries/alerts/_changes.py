"""What a look at the findings changes about the alerts: which are new, which go on, which were mistaken."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from timeseries.alerts._alert import SEVERITIES
from timeseries.alerts._incidents import Patience, incident_codes, matched_alerts
from timeseries.alerts._words import body_of, title_of

__all__ = ["Changes", "changes"]

# A corrected value nearer than this to the one told is no news.
TELLING = 0.1
# What a person called so stays quiet, whatever follows.
DISMISSED = ("expected", "false", "new_normal")
DAYS = ("first_day", "trading_day", "seen_on")
FACTS = (
    "subject",
    "subjects",
    "counterparts",
    "first_day",
    "trading_day",
    "severity",
    "at_stake",
    "seen",
    "seen_on",
    "title",
    "body",
)


@dataclass(frozen=True)
class Changes:
    """What is to be written.

    Attributes:
        new: rows for alerts that are not there yet.
        changed: rows for those that are: alert_id, the facts, and whether it is opened again.
        escalated: alerts that became graver, or in which another rule was broken.
        corrected: alerts of which late or corrected data took something back, or put it otherwise.
        withdrawn: alerts of which nothing is left.
        muted: alerts of which only muted findings are left.
    """

    new: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    escalated: list[int] = field(default_factory=list)
    corrected: list[int] = field(default_factory=list)
    withdrawn: list[int] = field(default_factory=list)
    muted: list[int] = field(default_factory=list)


def changes(findings: pd.DataFrame, alerts: pd.DataFrame, patience: Patience) -> Changes:
    """Compare the incidents that the findings make up with the alerts that tell of them.

    Args:
        findings: columns owner, account_id, cohort, account, currency, kind, trading_day, subject, pvalue,
            direction, seen, at_stake, severity, reason, counterparts, net_profit, muted.
        alerts: columns alert_id, fingerprint, owner, the facts, state, resolution, label.
        patience: what makes findings one incident.
    """
    audible = _ranked(findings[~findings["muted"].astype(bool)])
    audible = audible.assign(incident=_codes(audible, patience))
    audible["alert_id"] = audible["incident"].map(_told(audible, alerts, patience)).astype("Int64")
    found = Changes()
    fresh, going_on = audible[audible["alert_id"].isna()], audible[audible["alert_id"].notna()]
    found.new.extend(_new(rows) for _, rows in fresh.groupby("incident"))
    for told in _records(alerts[alerts["alert_id"].isin(_differing(going_on, alerts))]):
        _compare(told, _facts(going_on[going_on["alert_id"] == told["alert_id"]]), found)
    _unfounded(alerts[~alerts["alert_id"].isin(going_on["alert_id"])], findings, found)
    return found


def _differing(findings: pd.DataFrame, alerts: pd.DataFrame) -> "pd.Series[int]":
    """The alerts that tell otherwise than their findings; most days nearly all are as they were."""
    told = alerts.set_index("alert_id")
    findings = findings.astype({"alert_id": "int64"})
    days = findings.groupby("alert_id")["trading_day"]
    lead = findings.drop_duplicates("alert_id").set_index("alert_id")
    now = lead[["subject", "severity", "seen"]].assign(
        first_day=days.min(), trading_day=days.max(), seen_on=lead["trading_day"]
    )
    now["at_stake"] = findings.groupby("alert_id")["at_stake"].max()
    now["subjects"] = findings.groupby("alert_id")["subject"].agg(frozenset)
    before = told.assign(subjects=told["subjects"].map(frozenset)).loc[now.index]
    same = (before[now.columns] == now) | (before[now.columns].isna() & now.isna())
    settled = ~before["resolution"].isin(["withdrawn", "muted"])
    return now.index[~(same.all(axis=1) & settled)].to_series()


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _ranked(findings: pd.DataFrame) -> pd.DataFrame:
    """The gravest first: by severity, rules before likelihoods, the least likely, the newest."""
    severity = findings["severity"].map(SEVERITIES.index).astype(int)
    keys = findings.assign(
        gravity=-severity, chance=findings["pvalue"].astype(float).fillna(-1.0), age=-_ordinal(findings)
    )
    return keys.sort_values(["gravity", "chance", "age", "subject"], kind="stable").reset_index(drop=True)


def _ordinal(table: pd.DataFrame, column: str = "trading_day") -> "pd.Series[int]":
    days = pd.to_datetime(table[column]).to_numpy("datetime64[D]").astype(np.int64)
    return pd.Series(days, index=table.index)


def _codes(findings: pd.DataFrame, patience: Patience) -> "pd.Series[int]":
    owner = pd.factorize(findings["owner"], sort=True)[0].astype(np.int64)
    subject = pd.factorize(findings["subject"])[0].astype(np.int64)
    codes = incident_codes(owner, np.asarray(_ordinal(findings), dtype=np.int64), subject, patience)
    return pd.Series(codes, index=findings.index)


def _told(findings: pd.DataFrame, alerts: pd.DataFrame, patience: Patience) -> "pd.Series[int]":
    days = findings.assign(day=_ordinal(findings)).groupby("incident")
    incidents = pd.DataFrame(
        {
            "owner": days["owner"].first(),
            "first_day": days["day"].min(),
            "last_day": days["day"].max(),
        }
    )
    told = pd.DataFrame(
        {
            "alert_id": alerts["alert_id"],
            "owner": alerts["owner"],
            "first_day": _ordinal(alerts, "first_day"),
            "last_day": _ordinal(alerts),
            "resolved": alerts["state"] == "resolved",
        }
    )
    return matched_alerts(incidents, told, patience.merge_days)


def _facts(rows: pd.DataFrame) -> dict[str, Any]:
    lead, records = rows.iloc[0], _records(rows)
    stake = rows["at_stake"].max()
    return {
        "subject": lead["subject"],
        "subjects": sorted(set(rows["subject"])),
        "counterparts": sorted({name for names in rows["counterparts"] for name in names}),
        "rules": sorted(set(rows.loc[rows["kind"] == "rule", "subject"])),
        "first_day": rows["trading_day"].min(),
        "trading_day": rows["trading_day"].max(),
        "severity": lead["severity"],
        "at_stake": None if pd.isna(stake) else int(stake),
        "seen": None if pd.isna(lead["seen"]) else float(lead["seen"]),
        "seen_on": lead["trading_day"],
        "title": title_of(records[0]),
        "body": body_of(records, rows["trading_day"].nunique()),
    }


def _new(rows: pd.DataFrame) -> dict[str, Any]:
    lead, facts = rows.iloc[0], _facts(rows)
    account = None if pd.isna(lead["account_id"]) else int(lead["account_id"])
    name = lead["cohort"] if account is None else lead["account"]
    fingerprint = f"{'cohort' if account is None else 'incident'}:{name}:{facts['first_day']}"
    whose = {"account_id": account, "cohort": lead["cohort"] if account is None else None}
    return {"fingerprint": fingerprint, **whose, **_only(facts)}


def _compare(told: Mapping[str, Any], facts: dict[str, Any], found: Changes) -> None:
    before, now = SEVERITIES.index(told["severity"]), SEVERITIES.index(facts["severity"])
    alert_id = int(told["alert_id"])
    goes_on = facts["trading_day"] > told["trading_day"]
    dismissed = told["label"] in DISMISSED
    returned = told["resolution"] in ("withdrawn", "muted") or (told["resolution"] == "ended" and goes_on)
    found.changed.append({"alert_id": alert_id, "reopened": returned and not dismissed, **_only(facts)})
    if dismissed:
        return
    if now > before or set(facts["rules"]) - set(told["subjects"]):
        found.escalated.append(alert_id)
    elif now < before or told["resolution"] == "withdrawn" or _put_otherwise(told, facts):
        found.corrected.append(alert_id)


def _put_otherwise(told: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    if set(told["subjects"]) - set(facts["subjects"]):
        return True
    if (told["subject"], told["seen_on"]) != (facts["subject"], facts["seen_on"]):
        return False
    seen = [value for value in (told["seen"], facts["seen"]) if value is not None and not pd.isna(value)]
    return len(seen) == 2 and abs(seen[0] - seen[1]) > TELLING * max(map(abs, seen))


def _unfounded(alerts: pd.DataFrame, findings: pd.DataFrame, found: Changes) -> None:
    """Alerts without an audible finding: muted where there are others in their days, else withdrawn."""
    settled = alerts["resolution"].isin(["withdrawn", "muted"]) | alerts["label"].isin(DISMISSED)
    left = alerts[~settled][["alert_id", "owner", "first_day", "trading_day"]]
    days = left.merge(findings[["owner", "trading_day"]], on="owner", suffixes=("", "_found"))
    inside = days[days["trading_day_found"].between(days["first_day"], days["trading_day"])]
    muted = left["alert_id"].isin(inside["alert_id"])
    found.muted.extend(left["alert_id"][muted].tolist())
    found.withdrawn.extend(left["alert_id"][~muted].tolist())


def _only(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(value) if name in DAYS else value for name, value in facts.items() if name in FACTS}
