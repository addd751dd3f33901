"""Alerts for people to read."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection

from timeseries.alerts._alert import SEVERITIES, Alert, Delivery
from timeseries.database import Database, run
from timeseries.errors import InputError, NotFound

__all__ = ["AlertList", "AlertPage", "Event", "Proof", "find_alerts", "list_alerts", "show_alert"]

Place = tuple[float, ...]
STATES = ("open", "acknowledged", "resolved", "unresolved")
ORDERS = ("newest", "rank")


@dataclass(frozen=True)
class Proof:
    """A finding that an alert rests on.

    Attributes:
        kind: ``anomaly``, ``rule`` or ``cohort``.
        pvalue: None for a rule's.
        rule_version: of the rule's parameters; None for others.
        evidence: what the finding rests on: tickets, times, counterparts.
    """

    trading_day: date
    since: date
    kind: str
    subject: str
    detector: str
    severity: str
    pvalue: float | None
    seen: float | None
    expected: float | None
    reason: str
    rule_version: int | None
    evidence: dict[str, Any]


@dataclass(frozen=True)
class Event:
    """Something done to an alert; by None: the engine."""

    at: datetime
    event: str
    done_by: str | None
    note: str | None


@dataclass(frozen=True)
class AlertPage:
    """One alert with the findings it rests on, and what was done to it."""

    alert: Alert
    proofs: tuple[Proof, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True)
class AlertList:
    """Some alerts in the order asked for.

    Attributes:
        next: give it as ``after`` to read on in the same order; None: there are no more.
    """

    alerts: tuple[Alert, ...]
    next: Place | None


def list_alerts(
    database: Database,
    *,
    account: str | None = None,
    group: str | None = None,
    severity: str | None = None,
    state: str | None = None,
    subject: str | None = None,
    since: date | None = None,
    sort: Literal["newest", "rank"] = "newest",
    after: Place | None = None,
    limit: int = 50,
) -> list[Alert]:
    """Stored alerts with their deliveries; see :func:`find_alerts`, which says as well how to read on."""
    found = find_alerts(
        database,
        account=account,
        group=group,
        severity=severity,
        state=state,
        subject=subject,
        since=since,
        sort=sort,
        after=after,
        limit=limit,
    )
    return list(found.alerts)


def find_alerts(
    database: Database,
    *,
    account: str | None = None,
    group: str | None = None,
    severity: str | None = None,
    state: str | None = None,
    subject: str | None = None,
    since: date | None = None,
    sort: Literal["newest", "rank"] = "newest",
    after: Place | None = None,
    limit: int = 50,
) -> AlertList:
    """A page of stored alerts with their deliveries.

    Args:
        account: only this account's.
        group: only those of this group's accounts, or of the group as a cohort.
        severity: only these and graver ones: ``info``, ``warning`` or ``critical``.
        state: only ``open``, ``acknowledged`` or ``resolved`` ones, or ``unresolved``: the former two.
        subject: only those with a finding of this metric or rule.
        since: only those about this trading day or later.
        sort: ``newest``: by trading day, graver ones first within it. ``rank``: unresolved ones first, then
            by severity, money at stake (as a number, whatever its currency) and trading day.
        after: where the page before ended, its ``next``.
        limit: at most so many.

    Raises:
        NotFound: there is no such account.
        InputError: there is no such severity, state or order, or the limit is not positive.
    """
    _check("severity", severity, SEVERITIES)
    _check("state", state, STATES)
    _check("order", sort, ORDERS)
    if limit < 1:
        raise InputError("The limit must be at least 1.")
    wanted = {"account": account, "group": group, "severity": severity, "state": state, "subject": subject}
    place = {"since": since, "sort": sort, "after": None if after is None else list(after)}
    with database.transaction() as connection:
        _check_account(connection, account)
        found = _read(connection, limit=limit + 1, **wanted, **place)
    more = len(found) > limit
    return AlertList(tuple(alert for alert, _ in found[:limit]), found[limit - 1][1] if more else None)


def show_alert(database: Database, alert_id: int) -> AlertPage:
    """One alert, the findings it rests on, and what became of it.

    Raises:
        NotFound: there is no such alert.
    """
    with database.transaction() as connection:
        found = _read(connection, alert_id=alert_id)
        if not found:
            raise NotFound(f"There is no alert {alert_id}: `timeseries alerts list` shows those there are.")
        proofs = run(connection, "alerts.evidence", {"alert_id": alert_id})
        events = run(connection, "alerts.history", {"alert_id": alert_id})
        return AlertPage(
            found[0][0],
            tuple(Proof(**row) for row in proofs.mappings()),
            tuple(Event(**row) for row in events.mappings()),
        )


def _check(what: str, word: str | None, known: Sequence[str]) -> None:
    if word not in (None, *known):
        raise InputError(f"There is no {what} {word!r}; known: {', '.join(known)}.")


def _check_account(connection: Connection, account: str | None) -> None:
    if account is None:
        return
    if not run(connection, "alerts.account_exists", {"account": account}).scalar_one():
        raise NotFound(f"There is no account {account!r}: `timeseries accounts list` shows those there are.")


def _read(connection: Connection, **wanted: Any) -> list[tuple[Alert, Place]]:
    names = ("alert_id", "account", "group", "state", "subject", "since", "after")
    values = dict.fromkeys(names) | {"limit": 1, "sort": "newest"} | wanted
    values["severity"] = wanted.get("severity") or SEVERITIES[0]
    rows = run(connection, "alerts.list", values).mappings().all()
    deliveries = _deliveries(connection, [row["alert_id"] for row in rows])
    return [(_alert(row, deliveries[row["alert_id"]]), tuple(row["place"])) for row in rows]


def _alert(row: Any, deliveries: list[Delivery]) -> Alert:
    values = {item.name: row[item.name] for item in fields(Alert) if item.name != "deliveries"}
    return Alert(**values | {"subjects": tuple(row["subjects"]), "deliveries": tuple(deliveries)})


def _deliveries(connection: Connection, alert_ids: Sequence[int]) -> dict[int, list[Delivery]]:
    deliveries: dict[int, list[Delivery]] = defaultdict(list)
    rows = run(connection, "alerts.deliveries", {"alert_ids": list(alert_ids)})
    for row in rows.mappings():
        values = {item.name: row[item.name] for item in fields(Delivery)}
        deliveries[row["alert_id"]].append(Delivery(**values))
    return deliveries
