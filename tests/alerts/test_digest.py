"""One message a day about all alerts."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs.engine import Window, run_window
from jobs.registry import JOBS
from timeseries.alerts import deliver, make_digest
from timeseries.config import AlertSettings, DigestSettings, Settings
from timeseries.database import Database

TODAY = datetime.now(UTC)
YESTERDAY = TODAY.date() - timedelta(days=1)
LATER = TODAY + timedelta(days=1)
SETTINGS = AlertSettings(sinks={"desk": "log", "other": "log"}, digest=DigestSettings(("desk",), top=2))


def digests(firm: Any) -> list[tuple[str, str, str, str]]:
    """Fingerprint, severity, title and text of every digest."""
    rows: list[tuple[str, str, str, str]] = firm.rows(
        "SELECT fingerprint, severity, title, body FROM messages WHERE kind = 'digest' ORDER BY message_id"
    )
    return rows


@pytest.fixture
def eventful(firm: Any) -> Any:
    """Four new alerts, one of them escalated, one corrected, one over; an old one is still open."""
    for number, currency in enumerate(("USD", "USD", "USD", "JPY", "USD")):
        firm.account(f"A-{number}", currency)
    old = firm.alert("A-4", -40, at_stake=99_999_999)
    firm.tell(old, SETTINGS)
    firm.rows("UPDATE messages SET made_at = made_at - interval '30 hours' RETURNING 1")
    alerts = [
        firm.alert("A-0", severity="critical", subject="martingale", at_stake=1_234_500),
        firm.alert("A-1", at_stake=None),
        firm.alert("A-2", subject="martingale", at_stake=10_000_000),
        firm.alert("A-3", severity="critical", at_stake=2_000_000),
    ]
    for alert in alerts:
        firm.tell(alert, SETTINGS)
    firm.tell(alerts[0], SETTINGS, "escalated")
    firm.tell(alerts[1], SETTINGS, "corrected")
    firm.rows(
        "UPDATE alerts SET state = 'resolved', resolution = 'ended', resolved_at = now() "
        "WHERE at_stake = 10000000 RETURNING 1"
    )
    firm.forecast("A-0", 0, 0.91)
    firm.forecast("A-1", 0, 0.7)
    firm.forecast("A-2", 0, 0.6)
    firm.forecast("A-3", 0, 0.4)
    return firm


def test_nobody_asked_for_one(database: Database, firm: Any) -> None:
    assert make_digest(database, AlertSettings()) is False
    assert digests(firm) == []


def test_a_quiet_day_is_told_too(database: Database, firm: Any) -> None:
    assert make_digest(database, SETTINGS) is True
    [(fingerprint, severity, title, body)] = digests(firm)
    assert (fingerprint, severity) == (f"digest:{YESTERDAY}", "info")
    assert title == f"Alerts of {YESTERDAY}: nothing new"
    parts = body.split("\n\n")
    assert parts[1:] == [
        "Nothing new, and no alert is open.",
        "No active account has a chance of 50 % or more to break a rule of its plan within 14 trading days.",
    ]


def test_a_day_has_one_digest(database: Database, firm: Any) -> None:
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda _: make_digest(database, SETTINGS), range(3)))
    assert sorted(made) == [False, False, True]
    assert make_digest(database, SETTINGS, YESTERDAY) is False
    assert make_digest(database, SETTINGS, now=LATER) is True
    assert len(digests(firm)) == 2


def test_an_eventful_day(database: Database, eventful: Any) -> None:
    assert make_digest(database, SETTINGS) is True
    [(_, severity, title, body)] = digests(eventful)
    assert severity == "critical"
    assert title == f"Alerts of {YESTERDAY}: 4 new, 1 escalated, 1 corrected, 1 resolved"
    window, counts, largest, subjects, risk = body.split("\n\n")
    assert window.startswith("From ") and window.endswith(" UTC.")
    assert counts.split("\n") == [
        "            critical   warning      info",
        "new                2         2         0",
        "escalated          1         0         0",
        "corrected          0         1         0",
        "resolved           0         1         0",
        "open now           2         2         0",
    ]
    assert largest.split("\n") == [
        "Most money at stake:",
        "2,000,000 JPY  critical  Account A-3 is odd",
        "12,345.00 USD  critical  Account A-0 is odd",
    ]
    assert subjects == "New alerts are about: martingale 2, net profit 2."
    assert risk == (
        "3 active accounts have a chance of 50 % or more to break a rule of their plan "
        "within 14 trading days: "
        "A-0 91 %, A-1 70 %, ..."
    )


def test_the_next_digest_goes_on_where_the_last_one_ended(database: Database, eventful: Any) -> None:
    make_digest(database, SETTINGS)
    eventful.account("B-1")
    eventful.tell(eventful.alert("B-1"), SETTINGS)
    assert make_digest(database, SETTINGS, now=LATER) is True
    (_, _, _, first), (_, _, title, second) = digests(eventful)
    assert title == f"Alerts of {TODAY.date()}: 1 new"
    assert (
        first.split("\n")[0].split(" to ")[1]
        == second.split("\n")[0].removeprefix("From ").split(" to ")[0] + " UTC."
    )
    assert "A-0 is odd" not in second
    assert "Nothing new" not in second


def test_open_alerts_are_counted_on_quiet_days(database: Database, eventful: Any) -> None:
    make_digest(database, SETTINGS)
    make_digest(database, SETTINGS, now=LATER)
    (_, _, title, body) = digests(eventful)[1]
    assert title.endswith("nothing new")
    assert body.split("\n\n")[1].startswith("Nothing new.\n")
    assert "open now           2         2         0" in body


def test_it_reaches_its_sinks_once_whatever_the_routes(
    database: Database, firm: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="timeseries.alerts")
    make_digest(database, SETTINGS)
    assert deliver(database, SETTINGS).delivered == 1
    [record] = caplog.records
    line = json.loads(record.getMessage().removeprefix("alert "))
    assert (line["kind"], line["account"], line["alert"]) == ("digest", None, None)
    assert firm.rows("SELECT sink, state FROM deliveries") == [("desk", "delivered")]


def test_the_job_makes_it(database: Database, firm: Any, settings: Settings) -> None:
    configured = Settings(data_dir=settings.data_dir, alerts=SETTINGS)
    window = Window.of_day(YESTERDAY)
    assert run_window(database, configured, JOBS, "digest", window) == 1
    assert run_window(database, configured, JOBS, "digest", window) == 0
    assert run_window(database, settings, JOBS, "digest", window) == 0
