"""Alerts for people to read."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection

from timeseries.alerts._alert import SEVERITIES, Alert, Delivery
from timeseries.database import Database, statement
from timeseries.errors import InputError, NotFound

__all__ = ["list_alerts", "show_alert"]


def list_alerts(
    database: Database,
    *,
    account: str | None = None,
    severity: str | None = None,
    since: date | None = None,
    limit: int = 50,
) -> list[Alert]:
    """Stored alerts with their deliveries, newest trading day first.

    Args:
        account: only this account's.
        severity: only these and graver ones: ``info``, ``warning`` or ``critical``.
        since: only those about this trading day or later.
        limit: at most so many.

    Raises:
        NotFound: there is no such account.
        InputError: there is no such severity, or the limit is not positive.
    """
    if severity not in (None, *SEVERITIES):
        raise InputError(f"There is no severity {severity!r}; known: {', '.join(SEVERITIES)}.")
    if limit < 1:
        raise InputError("The limit must be at least 1.")
    with database.transaction() as connection:
        _check_account(connection, account)
        return _read(connection, account=account, severity=severity, since=since, limit=limit)


def show_alert(database: Database, alert_id: int) -> Alert:
    """One alert and what became of it at each sink.

    Raises:
        NotFound: there is no such alert.
    """
    with database.transaction() as connection:
        found = _read(connection, alert_id=alert_id)
    if not found:
        raise NotFound(f"There is no alert {alert_id}: `timeseries alerts list` shows those there are.")
    return found[0]


def _check_account(connection: Connection, account: str | None) -> None:
    if account is None:
        return
    if not connection.execute(statement("alerts.account_exists"), {"account": account}).scalar_one():
        raise NotFound(f"There is no account {account!r}.")


def _read(
    connection: Connection,
    *,
    alert_id: int | None = None,
    account: str | None = None,
    severity: str | None = None,
    since: date | None = None,
    limit: int = 1,
) -> list[Alert]:
    parameters: dict[str, Any] = {
        "alert_id": alert_id,
        "account": account,
        "severity": severity or SEVERITIES[0],
        "since": since,
        "limit": limit,
    }
    rows = connection.execute(statement("alerts.list"), parameters).mappings().all()
    deliveries = _deliveries(connection, [row["alert_id"] for row in rows])
    return [replace(Alert(**row), deliveries=tuple(deliveries[row["alert_id"]])) for row in rows]


def _deliveries(connection: Connection, alert_ids: Sequence[int]) -> dict[int, list[Delivery]]:
    deliveries: dict[int, list[Delivery]] = defaultdict(list)
    for alert_id, *columns in connection.execute(statement("alerts.deliveries"), {"alert_ids": alert_ids}):
        deliveries[alert_id].append(Delivery(*columns))
    return deliveries
