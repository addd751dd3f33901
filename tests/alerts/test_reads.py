"""Alerts as people ask for them."""

from datetime import UTC, date
from typing import Any

import pytest

from timeseries.alerts import list_alerts, raise_alerts, show_alert
from timeseries.config import AlertSettings
from timeseries.database import Database
from timeseries.errors import InputError, NotFound


@pytest.fixture
def stored(database: Database, firm: Any) -> None:
    for account in ("A", "B", "quiet"):
        firm.account(account)
    firm.anomaly("A", 0, "warning")
    firm.anomaly("A", 14, "critical")
    firm.anomaly("B", 14, "warning")
    with database.transaction() as connection:
        raise_alerts(connection, AlertSettings())


def shown(database: Database, **filters: Any) -> list[tuple[str, int, str]]:
    return [(a.account, a.trading_day.day, a.severity) for a in list_alerts(database, **filters)]


def test_newest_day_first_and_graver_first_within_it(database: Database, stored: None) -> None:
    assert shown(database) == [("A", 18, "critical"), ("B", 18, "warning"), ("A", 4, "warning")]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"account": "A"}, 2),
        ({"account": "quiet"}, 0),
        ({"severity": "critical"}, 1),
        ({"severity": "info"}, 3),
        ({"since": date(2024, 3, 5)}, 2),
        ({"since": date(2024, 3, 5), "account": "B"}, 1),
        ({"limit": 2}, 2),
        ({"state": "resolved"}, 1),
        ({"state": "open", "subject": "net_profit"}, 2),
        ({"subject": "martingale"}, 0),
    ],
)
def test_filters(database: Database, stored: None, filters: dict[str, Any], count: int) -> None:
    assert len(shown(database, **filters)) == count


def test_what_does_not_exist_is_said_so(database: Database, stored: None) -> None:
    with pytest.raises(NotFound, match="no account 'nobody'"):
        list_alerts(database, account="nobody")
    with pytest.raises(NotFound, match="no alert 999"):
        show_alert(database, 999)
    with pytest.raises(InputError, match="info, warning, critical"):
        list_alerts(database, severity="grave")
    with pytest.raises(InputError, match="at least 1"):
        list_alerts(database, limit=0)


def test_one_alert_with_its_deliveries(database: Database, stored: None) -> None:
    newest = list_alerts(database)[0]
    page = show_alert(database, newest.alert_id)
    alert = page.alert
    assert alert == newest
    assert [(proof.subject, proof.severity) for proof in page.proofs] == [("net_profit", "critical")]
    assert [event.event for event in page.events] == ["raised"]
    assert [(d.sink, d.state) for d in alert.deliveries] == [("log", "pending")]
    assert alert.raised_at.tzinfo is not None
    assert alert.raised_at.utcoffset() == UTC.utcoffset(None)
