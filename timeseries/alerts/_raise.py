"""From findings and forecasts to alerts, and what is said of them.

One transaction holds the changes of the alerts, the messages about them and the outbox rows, so a crash
leaves all of them or none. A lock on the table lets one process at a time in.
"""

import json
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from timeseries.alerts._alert import Message
from timeseries.alerts._changes import Changes, changes
from timeseries.alerts._history import remember
from timeseries.alerts._incidents import Patience
from timeseries.alerts._routing import queue
from timeseries.config import AlertSettings
from timeseries.database import run

__all__ = ["RaiseReport", "raise_alerts"]

# Findings are scored again up to sixty weekdays back; an incident may have begun before.
WINDOW_DAYS = 150


@dataclass(frozen=True)
class RaiseReport:
    """How many alerts one call raised, changed and closed, and how many messages it wrote."""

    raised: int = 0
    escalated: int = 0
    corrected: int = 0
    withdrawn: int = 0
    resolved: int = 0
    messages: int = 0


def raise_alerts(
    connection: Connection, settings: AlertSettings, *, now: datetime | None = None
) -> RaiseReport:
    """Bring the alerts up to date with the findings and forecasts, and queue what is to be told.

    - Findings of severity warning or critical become incidents: those of one account (or cohort) on adjacent
      days, or of the same metric or rule within the cooldown, are one. A day more is no second alert.
    - An active account whose newest forecast has a breach probability of at least the settings' raises an
      alert for each run of forecasts at or above it; critical from 0.9 on.
    - An incident that becomes graver, or in which another rule is broken, is told again; so is a critical one
      that nobody acknowledged within ``escalate_hours``.
    - What corrected data took back is told as a correction to those who had been told. Incidents with
      nothing new for ``resolve_days`` are resolved.

    Messages of ``minimum_severity`` or graver about the last ``deliver_days`` days go to the sinks that the
    routes name. Any number of processes may call this at once.

    Args:
        connection: in a transaction, which the caller commits.
        now: the time, with a zone, by which an alert was neglected; by default the database's clock.
    """
    run(connection, "alerts.lock", {})
    newest: date | None = run(connection, "alerts.newest_day", {}).scalar_one()
    desk = _Desk(connection, settings, newest)
    report = desk.follow_findings() if newest else RaiseReport()
    breaches = desk.follow_forecasts()
    resolved = desk.resolve_ended()
    neglected = desk.escalate_neglected(now)
    return RaiseReport(
        raised=report.raised + breaches,
        escalated=report.escalated + neglected,
        corrected=report.corrected,
        withdrawn=report.withdrawn,
        resolved=resolved,
        messages=desk.messages,
    )


class _Desk:
    """One call's work."""

    def __init__(self, connection: Connection, settings: AlertSettings, newest: date | None) -> None:
        self._connection = connection
        self._settings = settings
        self._newest = newest
        self.messages = 0

    def follow_findings(self) -> RaiseReport:
        window = {"newest": self._newest, "window_days": WINDOW_DAYS}
        findings, alerts = self._table("alerts.findings", window), self._table("alerts.incidents", window)
        patience = Patience(self._settings.merge_days, self._settings.cooldown_days)
        found = changes(findings, alerts, patience)
        raised = self._identifiers("alerts.add", rows=json.dumps(found.new)) if found.new else []
        if found.changed:
            run(self._connection, "alerts.change", {"rows": json.dumps(found.changed)})
        self._say("raised", raised)
        self._say("escalated", found.escalated, "Graver now: ")
        self._say("corrected", found.corrected, "Corrected: ", "Late or corrected data changed this alert.")
        self._withdraw(found)
        return RaiseReport(
            raised=len(raised),
            escalated=len(found.escalated),
            corrected=len(found.corrected),
            withdrawn=len(found.withdrawn),
        )

    def follow_forecasts(self) -> int:
        threshold = {
            "breach_probability": self._settings.breach_probability,
            "horizon": self._settings.horizon,
        }
        raised = self._identifiers("alerts.forecast_breaches", **threshold)
        self._say("raised", raised)
        return len(raised)

    def resolve_ended(self) -> int:
        ended = self._identifiers(
            "alerts.ended",
            newest=self._newest,
            resolve_days=self._settings.resolve_days,
            horizon=self._settings.horizon,
            breach_probability=self._settings.breach_probability,
        )
        self._resolve(ended, "ended")
        self._say("resolved", ended, "Over: ", "Nothing of this kind was found any more.")
        return len(ended)

    def escalate_neglected(self, now: datetime | None) -> int:
        if not self._settings.escalate_hours:
            return 0
        patience = timedelta(hours=self._settings.escalate_hours)
        neglected = self._identifiers(
            "alerts.unheeded",
            now=now,
            patience=patience,
            newest=self._newest,
            deliver_days=self._settings.deliver_days,
        )
        self._say("escalated", neglected, "Not acknowledged: ")
        return len(neglected)

    def _withdraw(self, found: Changes) -> None:
        if found.withdrawn:
            run(self._connection, "alerts.cancel", {"alert_ids": found.withdrawn})
        self._resolve(found.withdrawn, "withdrawn")
        taken_back = "Late or corrected data took this back: the account-days are no longer unusual. It said:"
        self._say("corrected", found.withdrawn, "Withdrawn: ", taken_back)
        self._resolve(found.muted, "muted")
        if found.muted:
            run(self._connection, "alerts.cancel", {"alert_ids": found.muted})

    def _resolve(self, alert_ids: list[int], resolution: str) -> None:
        if not alert_ids:
            return
        self._identifiers("alerts.resolve", alert_ids=alert_ids, resolution=resolution)
        remember(self._connection, alert_ids, resolution)

    def _say(self, kind: str, alert_ids: list[int], prefix: str = "", preamble: str = "") -> None:
        if not alert_ids:
            return
        parameters = {"alert_ids": alert_ids, "kind": kind, "prefix": prefix, "preamble": preamble}
        rows = run(self._connection, "alerts.say", parameters).mappings().all()
        messages = [Message(**{item.name: row[item.name] for item in fields(Message)}) for row in rows]
        queue(self._connection, messages, self._settings, newest=self._newest)
        if kind != "resolved":
            remember(self._connection, alert_ids, kind)
        self.messages += len(messages)

    def _identifiers(self, query: str, **parameters: Any) -> list[int]:
        return list(run(self._connection, query, parameters).scalars())

    def _table(self, query: str, parameters: dict[str, Any]) -> pd.DataFrame:
        result = run(self._connection, query, parameters)
        return pd.DataFrame(result.all(), columns=list(result.keys()))
