"""What happened since the last digest, in one message."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping

from timeseries.alerts._alert import SEVERITIES
from timeseries.alerts._outbox import read_messages
from timeseries.alerts._routing import queue
from timeseries.config import AlertSettings
from timeseries.database import Database, run

__all__ = ["make_digest"]

LINES = {
    "raised": "new",
    "escalated": "escalated",
    "corrected": "corrected",
    "resolved": "resolved",
    "open": "open now",
}
GRAVEST_FIRST = tuple(reversed(SEVERITIES))

Counts = dict[str, dict[str, int]]
Complete = Callable[[Connection, int], None]


def make_digest(
    database: Database,
    settings: AlertSettings,
    day: date | None = None,
    *,
    now: datetime | None = None,
    complete: Complete | None = None,
) -> bool:
    """Write the digest of a day and queue it for the sinks of ``settings.digest``; there is one for each day.

    It covers what was told of alerts since the digest before it (without one: the last 24 hours), which of
    them hold the most money at stake, what they are about, and which accounts will likely break a rule.

    Args:
        database: where the alerts are.
        settings: without ``digest`` none is made.
        day: the trading day it is of; by default yesterday, UTC. The day after it is the last it covers.
        now: the time, with a zone; by default the database's clock.
        complete: called with the connection and the number of digests made, one or none, at the end of the
            transaction.

    Returns:
        Whether one was made: not when the day has one already.
    """
    with database.transaction() as connection:
        made = settings.digest is not None and _make(connection, settings, {"day": day, "now": now})
        if complete is not None:
            complete(connection, int(made))
    return made


def _make(connection: Connection, settings: AlertSettings, asked: dict[str, Any]) -> bool:
    # Whoever is raising alerts is waited for: its messages have to lie before or behind this one.
    run(connection, "alerts.lock", {})
    window = dict(run(connection, "digest.window", asked).mappings().one())
    number = run(connection, "digest.add", window | _digest(connection, settings, window)).scalar()
    if number is None:
        return False
    queue(connection, read_messages(connection, [number]), settings, newest=window["day"])
    return True


def _digest(connection: Connection, settings: AlertSettings, window: dict[str, Any]) -> dict[str, str]:
    top = settings.digest.top if settings.digest else 0
    asked = window | {
        "top": top,
        "horizon": settings.horizon,
        "breach_probability": settings.breach_probability,
    }
    counts: Counts = {kind: dict.fromkeys(GRAVEST_FIRST, 0) for kind in LINES}
    for row in run(connection, "digest.counts", asked).mappings():
        counts[row["kind"]][row["severity"]] = row["alerts"]
    since, until = (window[name].astimezone(UTC) for name in ("since", "until"))
    parts = [
        f"From {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC.",
        _counted(counts),
        _largest(run(connection, "digest.largest", asked).mappings().all()),
        _subjects(run(connection, "digest.subjects", asked).mappings().all()),
        _at_risk(run(connection, "digest.at_risk", asked).mappings().all(), settings, top),
    ]
    return {
        "fingerprint": f"digest:{window['day']}",
        "severity": next((grave for grave in GRAVEST_FIRST if counts["raised"][grave]), "info"),
        "title": f"Alerts of {window['day']}: {_headline(counts)}",
        "body": "\n\n".join(part for part in parts if part),
    }


def _headline(counts: Counts) -> str:
    totals = {words: sum(counts[kind].values()) for kind, words in LINES.items() if kind != "open"}
    return ", ".join(f"{total} {words}" for words, total in totals.items() if total) or "nothing new"


def _counted(counts: Counts) -> str:
    quiet = _headline(counts) == "nothing new"
    if quiet and not any(counts["open"].values()):
        return "Nothing new, and no alert is open."
    lines = ["Nothing new."] if quiet else []
    lines.append(f"{'':<10}" + "".join(f"{severity:>10}" for severity in GRAVEST_FIRST))
    for kind, words in LINES.items():
        lines.append(f"{words:<10}" + "".join(f"{counts[kind][severity]:>10}" for severity in GRAVEST_FIRST))
    return "\n".join(lines)


def _largest(alerts: Sequence[RowMapping]) -> str:
    if not alerts:
        return ""
    money = [
        "-" if alert["at_stake"] is None else f"{alert['at_stake']:,f} {alert['currency']}"
        for alert in alerts
    ]
    width = max(map(len, money))
    lines = [
        f"{stake:>{width}}  {alert['severity']:<8}  {alert['title']}"
        for stake, alert in zip(money, alerts, strict=True)
    ]
    return "\n".join(["Most money at stake:", *lines])


def _subjects(subjects: Sequence[RowMapping]) -> str:
    said = ", ".join(f"{row['subject'].replace('_', ' ')} {row['alerts']}" for row in subjects)
    return f"New alerts are about: {said}." if said else ""


def _at_risk(accounts: Sequence[RowMapping], settings: AlertSettings, top: int) -> str:
    many = accounts[0]["accounts"] if accounts else 0
    who = f"{many} active accounts have" if many > 1 else f"{'One' if many else 'No'} active account has"
    plan = "their plan" if many > 1 else "its plan"
    chance = f"a chance of {100 * settings.breach_probability:g} % or more to break a rule of {plan}"
    named = [f"{row['account']} {100 * row['any_breach']:.0f} %" for row in accounts[:top]]
    more = ["..."] if top and many > top else []
    names = f": {', '.join(named + more)}" if named else ""
    return f"{who} {chance} within {settings.horizon} trading days{names}" + ("" if more else ".")
