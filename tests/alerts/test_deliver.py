"""The outbox against receivers that fail, and processes that die or meet."""

import os
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from timeseries.alerts import DeliveryReport, deliver, raise_alerts, requeue
from timeseries.config import AlertSettings, Settings
from timeseries.database import Database
from timeseries.errors import ConfigurationError

NOW = datetime.now(UTC) + timedelta(days=1)

ANOTHER_PROCESS = """
import sys
from datetime import datetime
from pathlib import Path
from timeseries.alerts import deliver, raise_alerts
from timeseries.config import AlertSettings, Settings
from timeseries.database import connect_database

directory, url, now = sys.argv[1:]
database = connect_database(Settings(data_dir=Path(directory)))
settings = AlertSettings(sinks={"hook": url}, deliver_days=30)
with database.transaction() as connection:
    raise_alerts(connection, settings)
deliver(database, settings, now=datetime.fromisoformat(now))
"""


class Stored(NamedTuple):
    state: str
    attempts: int
    next_attempt: datetime
    error: str | None
    delivered_at: datetime | None


def stored(firm: Any) -> list[Stored]:
    """The outbox, in the order of its messages and sinks."""
    query = """
        SELECT state, attempts, next_attempt, error, delivered_at FROM deliveries ORDER BY message_id, sink
    """
    return [Stored(*row) for row in firm.rows(query)]


def another_process(settings: Settings, url: str, now: datetime) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", ANOTHER_PROCESS, str(settings.data_dir), url, now.isoformat()]
    return subprocess.Popen(command)


@pytest.fixture
def hook_settings(webhook: Any) -> AlertSettings:
    return AlertSettings(sinks={"hook": webhook.url}, deliver_days=30)


@pytest.fixture
def told(firm: Any, hook_settings: AlertSettings) -> list[str]:
    """Fingerprints of twelve alerts waiting for the webhook."""
    for number in range(12):
        firm.account(f"A-{number}")
        firm.tell(firm.alert(f"A-{number}"), hook_settings)
    return [fingerprint for (fingerprint,) in firm.rows("SELECT fingerprint FROM alerts")]


@pytest.fixture
def one(firm: Any, hook_settings: AlertSettings) -> int:
    """One alert waiting for the webhook."""
    firm.account("A 1/é", group="funded")
    alert: int = firm.alert("A 1/é")
    firm.tell(alert, hook_settings)
    return alert


def test_every_message_arrives_once(
    database: Database, firm: Any, webhook: Any, hook_settings: AlertSettings, told: list[str]
) -> None:
    assert deliver(database, hook_settings) == DeliveryReport(delivered=12)
    assert deliver(database, hook_settings) == DeliveryReport()
    assert sorted(webhook.keys) == sorted(told)
    assert {delivery.state for delivery in stored(firm)} == {"delivered"}


def test_the_webhook_gets_the_whole_message(
    database: Database, firm: Any, webhook: Any, hook_settings: AlertSettings, one: int
) -> None:
    deliver(database, hook_settings)
    [(headers, body)] = webhook.requests
    [(raised_at, made_at)] = firm.rows("SELECT raised_at, made_at FROM alerts JOIN messages USING (alert_id)")
    assert headers["Idempotency-Key"] == "incident:A%201%2F%C3%A9:2024-03-04"
    assert headers["Content-Type"] == "application/json"
    assert "X-Timeseries-Signature" not in headers
    assert body == {
        "fingerprint": "incident:A 1/é:2024-03-04",
        "alert": "incident:A 1/é:2024-03-04",
        "kind": "raised",
        "account": "A 1/é",
        "group": "funded",
        "subject": "net_profit",
        "first_day": "2024-03-04",
        "trading_day": "2024-03-04",
        "severity": "warning",
        "title": "Account A 1/é is odd",
        "body": "It was seen on 2024-03-04.",
        "raised_at": raised_at.astimezone(UTC).isoformat(),
        "made_at": made_at.astimezone(UTC).isoformat(),
    }


@pytest.mark.parametrize("status", [500, 404, 302, 429])
def test_a_refused_delivery_comes_again_with_the_same_key(
    database: Database, firm: Any, webhook: Any, hook_settings: AlertSettings, one: int, status: int
) -> None:
    webhook.script = [status]
    assert deliver(database, hook_settings, now=NOW) == DeliveryReport(failed=1, waiting=1)
    [delivery] = stored(firm)
    assert (delivery.state, delivery.error) == ("pending", f"The server answered {status}.")
    assert deliver(database, hook_settings, now=NOW + timedelta(seconds=59)) == DeliveryReport(waiting=1)
    assert deliver(database, hook_settings, now=NOW + timedelta(seconds=60)) == DeliveryReport(delivered=1)
    assert len(webhook.keys) == 2
    assert len(set(webhook.keys)) == 1
    assert webhook.bodies[0] == webhook.bodies[1]
    [delivery] = stored(firm)
    assert (delivery.state, delivery.attempts, delivery.error) == ("delivered", 2, None)
    assert delivery.delivered_at == NOW + timedelta(seconds=60)


def test_waits_double_and_the_eighth_failure_is_the_last(
    database: Database, firm: Any, webhook: Any, hook_settings: AlertSettings, one: int
) -> None:
    webhook.script = [503] * 20
    now, waits = NOW, []
    for _ in range(7):
        assert deliver(database, hook_settings, now=now).failed == 1
        [delivery] = stored(firm)
        waits.append((delivery.next_attempt - now).total_seconds() / 60)
        now = delivery.next_attempt
    assert waits == [1, 2, 4, 8, 16, 32, 64]
    assert deliver(database, hook_settings, now=now) == DeliveryReport(dead=1)
    assert deliver(database, hook_settings, now=now + timedelta(days=30)) == DeliveryReport()
    [delivery] = stored(firm)
    assert (delivery.state, delivery.attempts) == ("dead", 8)
    assert delivery.error == "The server answered 503."


def test_a_silent_server_and_a_closed_port_are_failures_with_a_reason(
    database: Database,
    firm: Any,
    webhook: Any,
    hook_settings: AlertSettings,
    one: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("timeseries.alerts.sinks._http.TIMEOUT_SECONDS", 0.3)
    webhook.script = [webhook.SILENT]
    assert deliver(database, hook_settings, now=NOW).failed == 1
    assert stored(firm)[0].error == "The server did not answer within 0.3 seconds."
    closed = AlertSettings(sinks={"hook": "http://127.0.0.1:9/s3cr3t-token"})
    assert deliver(database, closed, now=NOW + timedelta(hours=1)).failed == 1
    assert stored(firm)[0].error == "The server cannot be reached: Connection refused."


def test_a_dead_sink_is_left_alone_and_the_others_get_theirs(
    database: Database, firm: Any, webhook: Any, told: list[str]
) -> None:
    both = AlertSettings(sinks={"hook": webhook.url, "log": "log"})
    firm.rows("INSERT INTO deliveries SELECT message_id, 'log' FROM messages RETURNING 1")
    webhook.script = [500] * 20
    assert deliver(database, both, now=NOW) == DeliveryReport(delivered=12, failed=8, waiting=12)
    webhook.script = []
    assert deliver(database, both, now=NOW) == DeliveryReport(delivered=4, waiting=8)
    assert deliver(database, both, now=NOW + timedelta(minutes=1)) == DeliveryReport(delivered=8)


def test_the_limit_is_kept_and_the_oldest_go_first(
    database: Database, webhook: Any, hook_settings: AlertSettings, told: list[str]
) -> None:
    assert deliver(database, hook_settings, limit=3) == DeliveryReport(delivered=3, waiting=9)
    assert sorted(webhook.keys) == told[:3]


def test_deliveries_to_a_sink_that_is_gone_wait(
    database: Database, hook_settings: AlertSettings, one: int
) -> None:
    assert deliver(database, AlertSettings()) == DeliveryReport(waiting=1)
    assert deliver(database, hook_settings) == DeliveryReport(delivered=1)


def test_an_unusable_sink_is_named_and_keeps_nothing_from_the_others(
    database: Database, firm: Any, webhook: Any, one: int
) -> None:
    settings = AlertSettings(sinks={"hook": webhook.url, "zz": "https://$NOT_SET_ANYWHERE/x"})
    with pytest.raises(ConfigurationError, match="NOT_SET_ANYWHERE"):
        deliver(database, settings)
    assert stored(firm)[0].state == "delivered"
    assert len(webhook.requests) == 1


def test_neither_database_nor_log_ever_see_the_address(
    database: Database, firm: Any, webhook: Any, one: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="")
    webhook.echo = "your address is s3cr3t-token?key=hunter22 and your password pa55word"
    through_apprise = webhook.url.replace("http://", "json://risk:pa55word@").replace("?key=", "?+key=")
    everything = """
        SELECT a::text, m::text, d::text
        FROM alerts a JOIN messages m USING (alert_id) JOIN deliveries d USING (message_id)
    """
    for day, url in enumerate([webhook.url, through_apprise]):
        webhook.script = [500]
        deliver(database, AlertSettings(sinks={"hook": url}), now=NOW + timedelta(days=day))
        kept = repr(firm.rows(everything))
        assert len(webhook.requests) == day + 1
        assert "500" in kept
        for secret in ("s3cr3t", "hunter22", "pa55word", "127.0.0.1"):
            assert secret not in kept
            # The database's own address may be logged.
            assert secret not in caplog.text or secret == "127.0.0.1"


# ---- in what order


def test_what_is_said_of_an_alert_arrives_in_the_order_it_was_said(
    database: Database, firm: Any, webhook: Any, hook_settings: AlertSettings
) -> None:
    firm.account("A-1")
    alert = firm.alert("A-1")
    for kind in ("raised", "escalated", "corrected", "resolved"):
        firm.tell(alert, hook_settings, kind)
    webhook.script = [200, 500]
    assert deliver(database, hook_settings, now=NOW) == DeliveryReport(delivered=1, failed=1, waiting=3)
    assert deliver(database, hook_settings, now=NOW) == DeliveryReport(waiting=3)
    later = NOW + timedelta(minutes=1)
    assert deliver(database, hook_settings, now=later) == DeliveryReport(delivered=3)
    said = [body["kind"] for _, body in webhook.requests]
    assert said == ["raised", "escalated", "escalated", "corrected", "resolved"]
    assert len(set(webhook.keys)) == 4


def test_one_alerts_trouble_does_not_hold_up_another(
    database: Database, firm: Any, webhook: Any, hook_settings: AlertSettings
) -> None:
    for name in ("A-1", "A-2"):
        firm.account(name)
        alert = firm.alert(name)
        firm.tell(alert, hook_settings)
        firm.tell(alert, hook_settings, "escalated")
    webhook.script = [500]
    deliver(database, hook_settings, now=NOW)
    said = Counter((body["account"], body["kind"]) for _, body in webhook.requests)
    assert len(said) == 3
    assert len({account for account, kind in said if kind == "escalated"}) == 1


def test_a_dead_message_lets_the_later_ones_pass_and_is_not_sent_after_them(
    database: Database, firm: Any, webhook: Any, hook_settings: AlertSettings, one: int
) -> None:
    firm.rows("UPDATE deliveries SET attempts = 7 RETURNING 1")
    firm.tell(one, hook_settings, "resolved")
    webhook.script = [410]
    assert deliver(database, hook_settings, now=NOW) == DeliveryReport(delivered=1, dead=1)
    assert requeue(database) == 0
    assert [delivery.state for delivery in stored(firm)] == ["cancelled", "delivered"]


def test_dead_deliveries_get_another_round(
    database: Database, firm: Any, webhook: Any, hook_settings: AlertSettings, told: list[str]
) -> None:
    firm.rows("UPDATE deliveries SET state = 'dead', attempts = 8, error = 'gone' RETURNING 1")
    assert requeue(database, "other") == 0
    assert deliver(database, hook_settings, now=NOW) == DeliveryReport()
    assert requeue(database, "hook") == 12
    webhook.script = [500]
    report = deliver(database, hook_settings, now=NOW)
    assert (report.delivered, report.failed, report.dead) == (11, 1, 0)
    assert requeue(database) == 0


def test_a_correction_that_takes_an_alert_back_ends_it_at_alertmanager(
    database: Database, firm: Any, webhook: Any
) -> None:
    url = webhook.url.replace("http://", "alertmanager://").partition("?")[0]
    settings = AlertSettings(sinks={"hook": url})
    firm.account("A-1")
    alert = firm.alert("A-1")
    firm.tell(alert, settings)
    firm.tell(alert, settings, "corrected")
    firm.rows("UPDATE alerts SET state = 'resolved', resolution = 'withdrawn' RETURNING 1")
    assert deliver(database, settings) == DeliveryReport(delivered=2)
    now = datetime.now(UTC).isoformat()
    firing = [any(alert["endsAt"] > now for alert in alerts) for _, alerts in webhook.requests]
    assert firing == [True, False]


# ---- several at once


def test_two_deliveries_at_once_send_each_alert_once(
    database: Database, webhook: Any, hook_settings: AlertSettings, told: list[str]
) -> None:
    with ThreadPoolExecutor(3) as pool:
        reports = list(pool.map(lambda _: deliver(database, hook_settings), range(3)))
    assert sum(report.delivered for report in reports) == 12
    assert Counter(webhook.keys) == Counter(told)


def test_a_late_answer_does_not_overrule_a_newer_claim(
    database: Database,
    firm: Any,
    webhook: Any,
    hook_settings: AlertSettings,
    one: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("timeseries.alerts.sinks._http.TIMEOUT_SECONDS", 1)
    webhook.script = [webhook.SILENT, 500]
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(deliver, database, hook_settings, now=NOW)
        assert webhook.arrived.acquire(timeout=10)
        newer = deliver(database, hook_settings, now=NOW + timedelta(minutes=5))
        assert newer == DeliveryReport(failed=1, waiting=1)
        assert late.result() == DeliveryReport(waiting=1)
    [delivery] = stored(firm)
    assert (delivery.attempts, delivery.error) == (2, "The server answered 500.")
    assert delivery.next_attempt == NOW + timedelta(minutes=5 + 2)


def test_a_late_success_settles_what_a_newer_claim_could_not(
    database: Database, webhook: Any, hook_settings: AlertSettings, one: int
) -> None:
    webhook.script = [webhook.LATE, 500]
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(deliver, database, hook_settings, now=NOW)
        assert webhook.arrived.acquire(timeout=10)
        assert deliver(database, hook_settings, now=NOW + timedelta(minutes=5)).failed == 1
        webhook.ended.set()
        assert late.result() == DeliveryReport(delivered=1)
    assert deliver(database, hook_settings, now=NOW + timedelta(days=1)) == DeliveryReport()


def test_what_is_delivered_stays_as_it_was_written_down(
    database: Database, firm: Any, webhook: Any, hook_settings: AlertSettings, one: int
) -> None:
    webhook.script = [webhook.LATE]
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(deliver, database, hook_settings, now=NOW)
        assert webhook.arrived.acquire(timeout=10)
        newer = deliver(database, hook_settings, now=NOW + timedelta(minutes=5))
        webhook.ended.set()
        assert (newer, late.result()) == (DeliveryReport(delivered=1), DeliveryReport())
    assert stored(firm)[0].delivered_at == NOW + timedelta(minutes=5)


def test_a_failure_does_not_bring_back_what_was_cancelled_meanwhile(
    database: Database, firm: Any, webhook: Any, hook_settings: AlertSettings, one: int
) -> None:
    webhook.script = [webhook.LATE]
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(deliver, database, hook_settings, now=NOW)
        assert webhook.arrived.acquire(timeout=10)
        firm.rows("UPDATE deliveries SET state = 'cancelled' RETURNING 1")
        webhook.ended.set()
        # It arrived after all, and that is what counts.
        assert late.result() == DeliveryReport(delivered=1)
    firm.rows("UPDATE deliveries SET state = 'pending' RETURNING 1")
    webhook.ended.clear()
    webhook.script = [webhook.SILENT]
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(deliver, database, hook_settings, now=NOW + timedelta(days=1))
        assert webhook.arrived.acquire(timeout=10)
        firm.rows("UPDATE deliveries SET state = 'cancelled' RETURNING 1")
        webhook.ended.set()
        assert late.result() == DeliveryReport()
    assert stored(firm)[0].state == "cancelled"


def test_processes_that_raise_and_deliver_together_double_nothing(
    database: Database, firm: Any, settings: Settings, webhook: Any
) -> None:
    for number in range(10):
        firm.account(f"A-{number}")
        firm.anomaly(f"A-{number}")
    firm.forecast("A-1", 0, 0.8)
    processes = [another_process(settings, webhook.url, NOW) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert firm.rows("SELECT count(*) FROM alerts") == [(11,)]
    assert set(Counter(webhook.keys).values()) == {1}
    assert len(webhook.keys) == 11


def test_killed_between_sending_and_writing_it_down_nothing_is_lost(
    database: Database,
    firm: Any,
    settings: Settings,
    webhook: Any,
    hook_settings: AlertSettings,
    told: list[str],
) -> None:
    now = NOW
    for sent_before_death in (1, 10):
        webhook.script = [200] * (sent_before_death - 1) + [webhook.SILENT] * 20
        process = another_process(settings, webhook.url, now)
        for _ in range(sent_before_death):
            assert webhook.arrived.acquire(timeout=30)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
        while webhook.arrived.acquire(blocking=False):
            pass
        now += timedelta(minutes=5)
    webhook.script = []
    report = deliver(database, hook_settings, now=now)
    assert report.waiting == report.failed == report.dead == 0
    assert {delivery.state for delivery in stored(firm)} == {"delivered"}
    assert set(webhook.keys) >= set(told)
    assert max(Counter(webhook.keys).values()) > 1


def test_what_raising_found_arrives(
    database: Database, firm: Any, webhook: Any, hook_settings: AlertSettings
) -> None:
    firm.account("A-1")
    firm.anomaly("A-1")
    with database.transaction() as connection:
        raise_alerts(connection, hook_settings)
    assert deliver(database, hook_settings) == DeliveryReport(delivered=1)
    assert webhook.requests[0][1]["kind"] == "raised"
