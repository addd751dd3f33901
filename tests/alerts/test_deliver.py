"""The outbox against receivers that fail, and processes that die or meet."""

import os
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from timeseries.alerts import DeliveryReport, deliver, list_alerts, raise_alerts, show_alert
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


def another_process(settings: Settings, url: str, now: datetime) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", ANOTHER_PROCESS, str(settings.data_dir), url, now.isoformat()]
    return subprocess.Popen(command)


@pytest.fixture
def hook_settings(webhook: Any) -> AlertSettings:
    return AlertSettings(sinks={"hook": webhook.url}, deliver_days=30)


@pytest.fixture
def raised(database: Database, firm: Any, hook_settings: AlertSettings) -> list[str]:
    """Fingerprints of twelve alerts waiting for the webhook."""
    firm.account("A-1")
    for day in range(12):
        firm.anomaly("A-1", day)
    with database.transaction() as connection:
        assert raise_alerts(connection, hook_settings) == 12
    return [fingerprint for (fingerprint,) in firm.rows("SELECT fingerprint FROM alerts")]


@pytest.fixture
def one(database: Database, firm: Any, hook_settings: AlertSettings) -> None:
    """One alert waiting for the webhook."""
    firm.account("A 1/é")
    firm.anomaly("A 1/é")
    with database.transaction() as connection:
        assert raise_alerts(connection, hook_settings) == 1


def test_every_alert_arrives_once(
    database: Database, webhook: Any, hook_settings: AlertSettings, raised: list[str]
) -> None:
    assert deliver(database, hook_settings) == DeliveryReport(delivered=12)
    assert deliver(database, hook_settings) == DeliveryReport()
    assert sorted(webhook.keys) == sorted(raised)
    assert {d.state for alert in list_alerts(database) for d in alert.deliveries} == {"delivered"}


def test_the_webhook_gets_the_whole_alert(
    database: Database, webhook: Any, hook_settings: AlertSettings, one: None
) -> None:
    deliver(database, hook_settings)
    [(headers, body)] = webhook.requests
    alert = show_alert(database, 1)
    assert headers["Idempotency-Key"] == "anomaly:A%201%2F%C3%A9:2024-03-04"
    assert headers["Content-Type"] == "application/json"
    assert body == {
        "fingerprint": "anomaly:A 1/é:2024-03-04",
        "kind": "anomaly",
        "account": "A 1/é",
        "trading_day": "2024-03-04",
        "severity": "warning",
        "title": alert.title,
        "body": alert.body,
        "raised_at": alert.raised_at.isoformat(),
    }


@pytest.mark.parametrize("status", [500, 404, 302, 429])
def test_a_refused_delivery_comes_again_with_the_same_key(
    database: Database, webhook: Any, hook_settings: AlertSettings, one: None, status: int
) -> None:
    webhook.script = [status]
    assert deliver(database, hook_settings, now=NOW) == DeliveryReport(failed=1, waiting=1)
    [delivery] = show_alert(database, 1).deliveries
    assert (delivery.state, delivery.error) == ("pending", f"The server answered {status}.")
    assert deliver(database, hook_settings, now=NOW + timedelta(seconds=59)) == DeliveryReport(waiting=1)
    assert deliver(database, hook_settings, now=NOW + timedelta(seconds=60)) == DeliveryReport(delivered=1)
    assert len(webhook.keys) == 2
    assert len(set(webhook.keys)) == 1
    [delivery] = show_alert(database, 1).deliveries
    assert (delivery.state, delivery.attempts, delivery.error) == ("delivered", 2, None)
    assert delivery.delivered_at == NOW + timedelta(seconds=60)


def test_waits_double_and_the_eighth_failure_is_the_last(
    database: Database, webhook: Any, hook_settings: AlertSettings, one: None
) -> None:
    webhook.script = [503] * 20
    now, waits = NOW, []
    for _ in range(7):
        assert deliver(database, hook_settings, now=now).failed == 1
        [delivery] = show_alert(database, 1).deliveries
        waits.append((delivery.next_attempt - now).total_seconds() / 60)
        now = delivery.next_attempt
    assert waits == [1, 2, 4, 8, 16, 32, 64]
    assert deliver(database, hook_settings, now=now) == DeliveryReport(dead=1)
    assert deliver(database, hook_settings, now=now + timedelta(days=30)) == DeliveryReport()
    [delivery] = show_alert(database, 1).deliveries
    assert (delivery.state, delivery.attempts) == ("dead", 8)
    assert delivery.error == "The server answered 503."


def test_a_silent_server_and_a_closed_port_are_failures_with_a_reason(
    database: Database,
    webhook: Any,
    hook_settings: AlertSettings,
    one: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("timeseries.alerts.sinks._webhook.TIMEOUT_SECONDS", 0.3)
    webhook.script = [webhook.SILENT]
    assert deliver(database, hook_settings, now=NOW).failed == 1
    [delivery] = show_alert(database, 1).deliveries
    assert delivery.error == "The server did not answer within 0.3 seconds."
    closed = AlertSettings(sinks={"hook": "http://127.0.0.1:9/s3cr3t-token"})
    assert deliver(database, closed, now=NOW + timedelta(hours=1)).failed == 1
    [delivery] = show_alert(database, 1).deliveries
    assert delivery.error == "The server cannot be reached: Connection refused."


def test_a_dead_sink_is_left_alone_and_the_others_get_theirs(
    database: Database, firm: Any, webhook: Any, raised: list[str]
) -> None:
    both = AlertSettings(sinks={"hook": webhook.url, "log": "log"})
    firm.rows("INSERT INTO alert_deliveries SELECT alert_id, 'log' FROM alerts RETURNING 1")
    webhook.script = [500] * 20
    assert deliver(database, both, now=NOW) == DeliveryReport(delivered=12, failed=8, waiting=12)
    webhook.script = []
    assert deliver(database, both, now=NOW) == DeliveryReport(delivered=4, waiting=8)
    assert deliver(database, both, now=NOW + timedelta(minutes=1)) == DeliveryReport(delivered=8)


def test_the_limit_is_kept_and_the_oldest_go_first(
    database: Database, webhook: Any, hook_settings: AlertSettings, raised: list[str]
) -> None:
    assert deliver(database, hook_settings, limit=3) == DeliveryReport(delivered=3, waiting=9)
    assert sorted(webhook.keys) == sorted(raised)[:3]


def test_deliveries_to_a_sink_that_is_gone_wait(
    database: Database, hook_settings: AlertSettings, one: None
) -> None:
    assert deliver(database, AlertSettings()) == DeliveryReport(waiting=1)
    assert deliver(database, hook_settings) == DeliveryReport(delivered=1)


def test_an_unusable_sink_stops_all_before_anything_is_claimed(
    database: Database, webhook: Any, one: None
) -> None:
    settings = AlertSettings(sinks={"hook": webhook.url, "zz": "https://$NOT_SET_ANYWHERE/x"})
    with pytest.raises(ConfigurationError, match="NOT_SET_ANYWHERE"):
        deliver(database, settings)
    [delivery] = show_alert(database, 1).deliveries
    assert delivery.attempts == 0
    assert webhook.requests == []


def test_neither_database_nor_log_ever_see_the_address(
    database: Database,
    firm: Any,
    webhook: Any,
    hook_settings: AlertSettings,
    one: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", logger="")
    through_apprise = webhook.url.replace("http://", "json://risk:pa55word@").replace("?key=", "?+key=")
    for day, sinks in enumerate([{"hook": webhook.url}, {"hook": through_apprise}]):
        webhook.script = [500]
        deliver(database, AlertSettings(sinks=sinks), now=NOW + timedelta(days=day))
    stored = repr(firm.rows("SELECT a::text, d::text FROM alerts a JOIN alert_deliveries d USING (alert_id)"))
    assert len(webhook.requests) == 2
    assert "500" in stored
    for secret in ("s3cr3t", "hunter22", "pa55word", "127.0.0.1"):
        assert secret not in stored
        assert secret not in caplog.text or secret == "127.0.0.1"  # the database's own address may be logged


def test_two_deliveries_at_once_send_each_alert_once(
    database: Database, webhook: Any, hook_settings: AlertSettings, raised: list[str]
) -> None:
    with ThreadPoolExecutor(3) as pool:
        reports = list(pool.map(lambda _: deliver(database, hook_settings), range(3)))
    assert sum(report.delivered for report in reports) == 12
    assert Counter(webhook.keys) == Counter(raised)


def test_a_late_answer_does_not_overrule_a_newer_claim(
    database: Database, webhook: Any, hook_settings: AlertSettings, one: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timeseries.alerts.sinks._webhook.TIMEOUT_SECONDS", 1)
    webhook.script = [webhook.SILENT, 500]
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(deliver, database, hook_settings, now=NOW)
        assert webhook.arrived.acquire(timeout=10)
        newer = deliver(database, hook_settings, now=NOW + timedelta(minutes=5))
        assert newer == DeliveryReport(failed=1, waiting=1)
        assert late.result() == DeliveryReport(waiting=1)
    [delivery] = show_alert(database, 1).deliveries
    assert (delivery.attempts, delivery.error) == (2, "The server answered 500.")
    assert delivery.next_attempt == NOW + timedelta(minutes=5 + 2)


def test_a_late_success_settles_what_a_newer_claim_could_not(
    database: Database, webhook: Any, hook_settings: AlertSettings, one: None
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
    database: Database, webhook: Any, hook_settings: AlertSettings, one: None
) -> None:
    webhook.script = [webhook.LATE]
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(deliver, database, hook_settings, now=NOW)
        assert webhook.arrived.acquire(timeout=10)
        newer = deliver(database, hook_settings, now=NOW + timedelta(minutes=5))
        webhook.ended.set()
        assert (newer, late.result()) == (DeliveryReport(delivered=1), DeliveryReport())
    [delivery] = show_alert(database, 1).deliveries
    assert delivery.delivered_at == NOW + timedelta(minutes=5)


def test_processes_that_raise_and_deliver_together_double_nothing(
    database: Database, firm: Any, settings: Settings, webhook: Any
) -> None:
    firm.account("A-1")
    firm.forecast("A-1", 0, 0.8)
    for day in range(10):
        firm.anomaly("A-1", day)
    processes = [another_process(settings, webhook.url, NOW) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert len(list_alerts(database)) == 11
    assert set(Counter(webhook.keys).values()) == {1}
    assert len(webhook.keys) == 11


def test_killed_between_sending_and_writing_it_down_nothing_is_lost(
    database: Database, settings: Settings, webhook: Any, hook_settings: AlertSettings, raised: list[str]
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
    assert {d.state for alert in list_alerts(database) for d in alert.deliveries} == {"delivered"}
    assert set(webhook.keys) == set(raised)
    assert max(Counter(webhook.keys).values()) > 1
