"""Which URLs are sinks, what they do with an alert, and what they never give away."""

import base64
import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from timeseries.alerts import check_sinks, send_test
from timeseries.config import AlertSettings
from timeseries.errors import ConfigurationError, NotFound


def with_sink(url: str) -> AlertSettings:
    return AlertSettings(sinks={"desk": url})


@pytest.mark.parametrize(
    "url",
    [
        "log",
        "https://example.com/hook",
        "HTTP://user:pass@[::1]:8080/hook?x=1",
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


@given(st.sampled_from(["", "http://", "https://", "json://", "mailto://", "slack://"]), st.text(max_size=20))
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
