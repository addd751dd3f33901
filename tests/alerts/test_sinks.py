"""Which URLs are sinks, what they do with an alert, and what they never give away."""

import base64
import json
import logging
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apprise.plugins import pagerduty
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from timeseries.alerts import Message, check_sinks, send_test
from timeseries.alerts.sinks import Sink, hears_the_end, open_sinks
from timeseries.alerts.sinks._webhook import _signature
from timeseries.config import AlertSettings, SinkSettings
from timeseries.errors import ConfigurationError, NotFound


def with_sink(url: str) -> AlertSettings:
    return AlertSettings(sinks={"desk": url})


@pytest.mark.parametrize(
    "url",
    [
        "log",
        "https://example.com/hook",
        "HTTP://user:pass@[::1]:8080/hook?x=1",
        "alertmanager://risk:p%40ss@alerts.example.com:9093/prefix",
        "alertmanagers://alerts.example.com",
        "json://example.com",
        "mailto://user:password@gmail.com",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#risk",
    ],
)
def test_known_addresses_pass(url: str) -> None:
    check_sinks(with_sink(url))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "logs",
        "nonsense",
        "bogus://token-tok3n",
        "http://",
        "https:///path-tok3n",
        "http://host:port-tok3n/",
        "http://host:99999/tok3n",
        "http://[::1/tok3n",
        "https://example.com/a b-tok3n",
        "https://example.com/\r\nX-Injected: tok3n",
        "https://exämple.com/tok3n",
        "alertmanager://",
        "alertmanager:tok3n",
        "alertmanager://host:port-tok3n",
        "slack://tok3n",
        "mailto://",
    ],
)
def test_unusable_addresses_are_refused_without_repeating_them(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="")
    with pytest.raises(ConfigurationError, match="desk") as refused:
        check_sinks(with_sink(url))
    assert "tok3n" not in str(refused.value) + caplog.text
    assert refused.value.__cause__ is None


@given(
    st.sampled_from(["", "http://", "https://", "alertmanager://", "json://", "mailto://"]),
    st.text(max_size=20),
)
@examples(max_examples=150, deadline=None)
def test_any_text_is_taken_or_refused(scheme: str, rest: str) -> None:
    try:
        check_sinks(with_sink(f"{scheme}{rest}"))
    except ConfigurationError as refused:
        assert "desk" in str(refused)


def test_variables_are_filled_in_at_delivery(webhook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    address, _, token = webhook.url.rpartition("/")
    monkeypatch.setenv("HOOK_ADDRESS", address)
    monkeypatch.setenv("HOOK_TOKEN", token)
    assert send_test(with_sink("$HOOK_ADDRESS/${HOOK_TOKEN}")) == {"desk": None}
    assert len(webhook.requests) == 1


@pytest.mark.parametrize(
    "url", ["$NO_SUCH_URL", "https://h/${NO_SUCH_URL}", "mailto://a:$NO_SUCH_URL@gmail.com"]
)
def test_a_missing_variable_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_URL", raising=False)
    with pytest.raises(ConfigurationError, match="NO_SUCH_URL"):
        check_sinks(with_sink(url))


def test_user_and_password_become_basic_authentication(webhook: Any) -> None:
    send_test(with_sink(webhook.url.replace("http://", "http://risk:p%40ss@")))
    [(headers, _)] = webhook.requests
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"risk:p@ss").decode()
    assert "@" not in headers["Host"]


def test_the_log_gets_one_line_with_all_of_the_message(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="timeseries.alerts")
    assert send_test(AlertSettings()) == {"log": None}
    [record] = caplog.records
    line = record.getMessage().removeprefix("alert ")
    assert json.loads(line)["title"] == "Test message from the time-series engine"
    assert "\n" not in line


def test_mail_arrives_through_apprise(mailbox: Any) -> None:
    url = f"mailto://127.0.0.1:{mailbox.port}?mode=insecure&from=risk@example.com&to=desk@example.com"
    assert send_test(with_sink(url)) == {"desk": None}
    [message] = mailbox.messages
    assert "desk@example.com" in message
    assert "Test message from the time-series engine" in message
    mailbox.refuse = True
    reason = send_test(with_sink(url))["desk"]
    assert reason
    assert "risk@example.com" not in reason


def test_a_failing_service_gives_its_reason_without_the_secrets(webhook: Any) -> None:
    webhook.script = [403]
    reason = send_test(with_sink(webhook.url.replace("http://", "json://risk:pa55word@")))["desk"]
    assert reason is not None
    assert "403" in reason
    assert "pa55word" not in reason


def test_a_service_that_cannot_be_reached_does_not_give_its_address_away() -> None:
    reason = send_test(with_sink("json://127.0.0.1:9/tok3n"))["desk"]
    assert reason is not None
    assert "Connection error" in reason
    assert "127.0.0.1" not in reason


def test_a_trial_tells_which_sink_failed(webhook: Any) -> None:
    webhook.script = [500]
    settings = AlertSettings(sinks={"hook": webhook.url, "log": "log", "broken": "bogus://x"})
    assert send_test(settings, "hook") == {"hook": "The server answered 500."}
    assert send_test(settings, "log") == {"log": None}
    with pytest.raises(ConfigurationError, match="broken"):
        send_test(settings)
    with pytest.raises(NotFound, match="hook, log"):
        send_test(settings, "hok")


def test_each_trial_has_a_key_of_its_own(webhook: Any) -> None:
    for _ in range(2):
        send_test(with_sink(webhook.url))
    assert len(set(webhook.keys)) == 2


def message(kind: str = "raised", severity: str = "warning", alert: str | None = "incident:A-1:x") -> Message:
    raised_at = datetime(2026, 3, 4, 6, 10, tzinfo=UTC)
    return Message(
        message_id=7,
        fingerprint="incident:A-1:x:2",
        alert=alert,
        kind=kind,
        account="A-1",
        group=None,
        subject="martingale",
        first_day=date(2026, 3, 2),
        trading_day=date(2026, 3, 3),
        severity=severity,
        title="Account A-1: martingale",
        body="Nine trades grew after a loss.",
        raised_at=raised_at,
        made_at=raised_at + timedelta(hours=5),
    )


def opened(sink: str | SinkSettings) -> Sink:
    [found] = open_sinks(AlertSettings(sinks={"desk": sink}))
    return found


# ---- signed webhooks


@pytest.fixture
def genuine() -> Any:
    """The check that the documentation gives to receivers."""
    page = (Path(__file__).parents[2] / "docs" / "alert-delivery.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], names)
    return names["genuine"]


def test_a_secret_signs_the_body_and_the_time(
    webhook: Any, genuine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", "schlüssel")
    opened(SinkSettings(webhook.url, secret="$HOOK_SECRET")).send(message(), over=False)
    [(headers, _)], [body] = webhook.requests, webhook.bodies
    signature = headers["X-Timeseries-Signature"]
    assert genuine("schlüssel", signature, body)
    assert not genuine("other", signature, body)
    assert not genuine("schlüssel", signature, body.replace(b"A-1", b"A-2"))
    assert not genuine("schlüssel", signature.replace("t=1", "t=2"), body)
    assert not genuine("schlüssel", signature, body, tolerance=-1)
    assert "schl" not in repr(headers) + body.decode()


def test_a_known_signature() -> None:
    # printf '1700000000.{"a": 1}' | openssl dgst -sha256 -hmac whsec
    known = "t=1700000000,v1=cb290683499e424b0c72ea3cb367617e12fdb379e3d3bc57e2f2dceacb1c2aef"
    assert _signature("whsec", 1_700_000_000, b'{"a": 1}') == known


@pytest.mark.parametrize(
    "sink",
    [
        SinkSettings("log", secret="s3cr3t"),
        SinkSettings("mailto://user:password@gmail.com", secret="s3cr3t"),
        SinkSettings("alertmanager://host", secret="s3cr3t"),
        SinkSettings("https://example.com", secret=""),
    ],
)
def test_a_secret_that_signs_nothing_is_refused(sink: SinkSettings) -> None:
    with pytest.raises(ConfigurationError, match="secret") as refused:
        check_sinks(AlertSettings(sinks={"desk": sink}))
    assert "s3cr3t" not in str(refused.value)


def test_a_missing_secret_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_SECRET", raising=False)
    with pytest.raises(ConfigurationError, match="NO_SUCH_SECRET"):
        check_sinks(AlertSettings(sinks={"desk": SinkSettings("https://h", secret="$NO_SUCH_SECRET")}))


# ---- Alertmanager


def posted(webhook: Any, over: bool = False, **facts: Any) -> dict[str, dict[str, Any]]:
    """What Alertmanager is told, by severity."""
    sink = opened(
        webhook.url.replace("http://", "alertmanager://risk:p%40ss@").partition("/hooks")[0] + "/am/"
    )
    sink.send(message(**facts), over=over)
    alerts = webhook.requests[-1][1]
    return {alert["labels"]["severity"]: alert for alert in alerts}


def test_alertmanager_is_told_of_one_alert(webhook: Any) -> None:
    alerts = posted(webhook)
    [(headers, _)] = webhook.requests
    assert webhook.paths == ["/am/api/v2/alerts"]
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"risk:p@ss").decode()
    assert alerts["warning"] == {
        "startsAt": "2026-03-04T06:10:00Z",
        "endsAt": "2026-04-03T11:10:00Z",
        "labels": {
            "alertname": "timeseries_incident",
            "account": "A-1",
            "fingerprint": "incident:A-1:x",
            "severity": "warning",
        },
        "annotations": {
            "summary": "Account A-1: martingale",
            "description": "Nine trades grew after a loss.",
            "message": "raised",
            "subject": "martingale",
            "first_day": "2026-03-02",
            "trading_day": "2026-03-03",
        },
    }


def test_alertmanagers_labels_stay_and_only_one_severity_fires(webhook: Any) -> None:
    raised, escalated = posted(webhook), posted(webhook, kind="escalated", severity="critical")
    for severity in ("info", "warning", "critical"):
        assert raised[severity]["labels"] == escalated[severity]["labels"]
    ends = {severity: alert["endsAt"] for severity, alert in escalated.items()}
    assert ends.pop("critical") == "2026-04-03T11:10:00Z"
    assert ends == {"info": "2026-03-04T11:10:00Z", "warning": "2026-03-04T11:10:00Z"}


def test_what_is_over_ends_under_every_severity(webhook: Any) -> None:
    alerts = posted(webhook, kind="resolved", over=True)
    assert {alert["endsAt"] for alert in alerts.values()} == {"2026-03-04T11:10:00Z"}
    assert all(alert["startsAt"] <= alert["endsAt"] for alert in alerts.values())


def test_alertmanagers_refusal_is_a_failure(webhook: Any) -> None:
    webhook.script, webhook.echo = [400], "invalid s3cr3t"
    url = webhook.url.replace("http://", "alertmanager://")
    assert send_test(with_sink(url)) == {"desk": "The server answered 400."}


# ---- services


@pytest.fixture
def pager(webhook: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A receiver in PagerDuty's place, without the service's own pauses."""
    regions = dict.fromkeys(pagerduty.PAGERDUTY_API_LOOKUP, webhook.url)
    monkeypatch.setattr(pagerduty, "PAGERDUTY_API_LOOKUP", regions)
    monkeypatch.setattr(pagerduty.NotifyPagerDuty, "request_rate_per_sec", 0)
    return webhook


def test_services_that_know_a_key_get_one_for_each_alert(pager: Any) -> None:
    sink = opened("pagerduty://integration@apikey/?action=map")
    sink.send(message(), over=False)
    sink.send(message(kind="escalated", severity="critical"), over=False)
    sink.send(message(kind="resolved"), over=True)
    sink.send(message(alert="incident:A-2:x"), over=False)
    events = [(body["event_action"], body["dedup_key"]) for _, body in pager.requests]
    assert [action for action, _ in events] == ["trigger", "trigger", "resolve", "trigger"]
    assert len({key for _, key in events[:3]}) == 1
    assert events[3][1] != events[0][1]


def test_a_key_in_the_url_stays(pager: Any) -> None:
    opened("pagerduty://integration@apikey/?dedup=mine").send(message(), over=False)
    assert pager.requests[0][1]["dedup_key"] == "mine"


# ---- who hears the end


@pytest.mark.parametrize(
    ("sink", "hears"),
    [
        ("log", False),
        ("mailto://user:password@gmail.com", False),
        ("HTTPS://example.com/$TOKEN", True),
        ("alertmanager://host", True),
        ("alertmanagers://host", True),
        ("$HOOK", True),
        ("$NOT_SET_ANYWHERE", False),
        (SinkSettings("https://example.com", resolved=False), False),
        (SinkSettings("log", resolved=True), True),
    ],
)
def test_who_hears_that_an_alert_is_over(
    sink: str | SinkSettings, hears: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", "https://example.com")
    assert hears_the_end(sink) is hears
