"""Alerts of the engine's own: what troubles it is compared with what it said before."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection

from timeseries.alerts._alert import SEVERITIES
from timeseries.alerts._changes import DISMISSED
from timeseries.alerts._history import remember
from timeseries.alerts._outbox import read_messages
from timeseries.alerts._routing import queue
from timeseries.config import AlertSettings
from timeseries.database import run

__all__ = ["Trouble", "TroubleReport", "settle_troubles"]

# Trouble that comes back so soon was never quite over: a new alert each time would say nothing more.
FLAPPING = timedelta(hours=1)


@dataclass(frozen=True)
class Trouble:
    """Something wrong with the engine itself.

    Attributes:
        subject: what is wrong, the same at every look, such as ``slow_query`` or ``job_late:detect``; there
            is one unresolved alert for each.
        title: one line, without the words "Engine: ", which are put before it.
        body: sentences with the numbers of this moment and their limits.
    """

    subject: str
    severity: Literal["warning", "critical"]
    title: str
    body: str


@dataclass(frozen=True)
class TroubleReport:
    """How many alerts one call raised (or opened again), escalated and resolved."""

    raised: int = 0
    escalated: int = 0
    resolved: int = 0


def settle_troubles(
    connection: Connection,
    settings: AlertSettings,
    troubles: Sequence[Trouble],
    *,
    now: datetime | None = None,
) -> TroubleReport:
    """Bring the engine's own alerts up to date with what troubles it, and queue what is to be told.

    - A new subject raises an alert of kind ``engine`` in the cohort ``engine``, which routes know as a group.
    - A graver trouble is told once: the severity of an alert never falls, its words are always the latest.
    - Trouble that is gone resolves its alert. Back within an hour, it opens the same alert again, still
      acknowledged if it was.
    - What a person labelled ``expected``, ``false`` or ``new_normal`` stays quiet until the trouble has been
      gone for an hour.

    The same troubles again change nothing and say nothing. Any number of processes may call this at once.

    Args:
        connection: in a transaction, which the caller commits.
        settings: their sinks and routes.
        troubles: all there are at this moment, whoever found them: what is missing here counts as gone. Of
            several with the same subject the gravest counts.
        now: the time, with a zone, of everything written down; by default the database's clock.
    """
    run(connection, "alerts.lock", {})
    moment: datetime = run(connection, "server.moment", {"now": now}).scalar_one()
    asked = {"moment": moment, "flapping": FLAPPING}
    known = {row["subject"]: dict(row) for row in run(connection, "engine_alerts.known", asked).mappings()}
    found = _compare(known, _gravest(troubles))
    raised = _write(connection, found, moment)
    _say(connection, settings, raised, "raised")
    _say(connection, settings, found.back, "raised", prefix="Back: ", event="reopened")
    _say(connection, settings, found.graver, "escalated", prefix="Graver now: ")
    gone = "This is no longer so. It said:"
    _say(connection, settings, found.gone, "resolved", prefix="Over: ", preamble=gone, event="ended")
    return TroubleReport(len(raised) + len(found.back), len(found.graver), len(found.gone))


@dataclass(frozen=True)
class _Changes:
    new: list[dict[str, Any]]
    going_on: list[dict[str, Any]]
    back: list[int]
    graver: list[int]
    gone: list[int]
    dismissed_and_gone: list[int]


def _gravest(troubles: Sequence[Trouble]) -> dict[str, Trouble]:
    return {one.subject: one for one in sorted(troubles, key=lambda one: SEVERITIES.index(one.severity))}


def _compare(known: Mapping[str, Mapping[str, Any]], troubles: Mapping[str, Trouble]) -> _Changes:
    both = [(known[subject], troubles[subject]) for subject in troubles if subject in known]
    loud = [(alert, trouble) for alert, trouble in both if not _is_dismissed(alert)]
    missing = [alert for subject, alert in known.items() if subject not in troubles]
    return _Changes(
        new=[_words(trouble) for subject, trouble in troubles.items() if subject not in known],
        going_on=[_going_on(alert, trouble) for alert, trouble in both],
        back=[alert["alert_id"] for alert, _ in loud if alert["state"] == "resolved"],
        graver=[
            alert["alert_id"]
            for alert, trouble in loud
            if alert["state"] != "resolved" and _severity(alert, trouble) != alert["severity"]
        ],
        gone=[alert["alert_id"] for alert in missing if alert["state"] != "resolved"],
        dismissed_and_gone=[alert["alert_id"] for alert in missing if alert["resolution"] == "labelled"],
    )


def _is_dismissed(alert: Mapping[str, Any]) -> bool:
    return alert["state"] == "resolved" and alert["label"] in DISMISSED


def _severity(alert: Mapping[str, Any], trouble: Trouble) -> str:
    return max(str(alert["severity"]), trouble.severity, key=SEVERITIES.index)


def _words(trouble: Trouble) -> dict[str, Any]:
    return asdict(trouble) | {"title": f"Engine: {trouble.title}"}


def _going_on(alert: Mapping[str, Any], trouble: Trouble) -> dict[str, Any]:
    facts = {"severity": _severity(alert, trouble), "dismissed": _is_dismissed(alert)}
    return _words(trouble) | facts | {"alert_id": alert["alert_id"]}


def _write(connection: Connection, found: _Changes, moment: datetime) -> list[int]:
    """Change the alerts; returns the numbers of the new ones."""
    going_on = {"rows": json.dumps(found.going_on), "moment": moment}
    run(connection, "engine_alerts.go_on", going_on)
    ended = {"alert_ids": found.gone + found.dismissed_and_gone, "moment": moment}
    run(connection, "engine_alerts.end", ended)
    new = {"rows": json.dumps(found.new), "moment": moment}
    return list(run(connection, "engine_alerts.add", new).scalars())


def _say(
    connection: Connection,
    settings: AlertSettings,
    alert_ids: list[int],
    kind: str,
    *,
    prefix: str = "",
    preamble: str = "",
    event: str | None = None,
) -> None:
    if not alert_ids:
        return
    words = {"alert_ids": alert_ids, "kind": kind, "prefix": prefix, "preamble": preamble}
    numbers = [row["message_id"] for row in run(connection, "alerts.say", words).mappings()]
    queue(connection, read_messages(connection, numbers), settings, newest=None)
    remember(connection, alert_ids, event or kind)
