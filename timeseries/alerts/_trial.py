"""Trying the sinks out."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from timeseries.alerts._alert import Message
from timeseries.alerts._deliver import attempt
from timeseries.alerts.sinks import open_sinks
from timeseries.config import AlertSettings
from timeseries.errors import NotFound

__all__ = ["send_test"]


def send_test(settings: AlertSettings, sink: str | None = None) -> dict[str, str | None]:
    """Send a trial message to one sink, or to all. Nothing is stored and nothing retried.

    Returns:
        For each sink tried, why it failed, or None when it took the message.

    Raises:
        NotFound: the settings have no such sink.
        ConfigurationError: a sink's URL cannot be used; nothing was sent.
    """
    if sink is not None:
        settings = _only(settings, sink)
    trial = _trial()
    return {opened.name: attempt(opened, trial) for opened in open_sinks(settings)}


def _only(settings: AlertSettings, sink: str) -> AlertSettings:
    if sink not in settings.sinks:
        known = ", ".join(settings.sinks) or "none"
        raise NotFound(f"There is no sink {sink!r}; the settings have: {known}.")
    return replace(settings, sinks={sink: settings.sinks[sink]})


def _trial() -> Message:
    now = datetime.now(UTC)
    return Message(
        message_id=0,
        fingerprint=f"test:{uuid4()}",
        alert=None,
        kind="test",
        account=None,
        group=None,
        subject=None,
        first_day=now.date(),
        trading_day=now.date(),
        severity="info",
        title="Test message from the time-series engine",
        body="This is a test: no account misbehaved. Alerts will arrive here.",
        raised_at=now,
        made_at=now,
    )
