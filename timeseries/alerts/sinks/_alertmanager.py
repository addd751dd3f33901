"""Alertmanager's API, version 2: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml"""

import json
from datetime import UTC, datetime, timedelta

from timeseries.alerts._alert import SEVERITIES, Message
from timeseries.alerts.sinks._http import Mailslot

__all__ = ["AlertmanagerSink"]

# Without an end Alertmanager takes an alert that is not posted again within minutes for resolved.
FIRING = timedelta(days=30)


class AlertmanagerSink:
    """Posts the state of the alert that a message is about; the same labels are the same alert there.

    What may change during an alert's life (metric, group, days, text) stands in annotations. The severity is
    a label, since people route by it: each post also ends the alert under its other severities.
    """

    at_once = 8

    def __init__(self, name: str, url: str) -> None:
        """Raises ValueError when the URL is not one that can be posted to."""
        self.name = name
        scheme, _, rest = url.partition("://")
        transport = "https" if scheme.lower().endswith("s") else "http"
        self._mailslot = Mailslot(f"{transport}://{rest}", "/api/v2/alerts")

    def send(self, message: Message, *, over: bool) -> None:
        """Post the alert, firing or ended."""
        severities = [message.severity] if message.alert is None else SEVERITIES
        firing = None if over else message.severity
        alerts = [_alert(message, severity, fires=severity == firing) for severity in severities]
        self._mailslot.post(json.dumps(alerts).encode(), {})


def _alert(message: Message, severity: str, *, fires: bool) -> dict[str, object]:
    ends = message.made_at + FIRING if fires else max(message.made_at, message.raised_at)
    return {
        "startsAt": _moment(message.raised_at),
        "endsAt": _moment(ends),
        "labels": _without_gaps(_labels(message) | {"severity": severity}),
        "annotations": _without_gaps(_annotations(message)),
    }


def _labels(message: Message) -> dict[str, str | None]:
    return {
        "alertname": f"timeseries_{_kind(message)}",
        "account": message.account,
        "fingerprint": message.alert or message.fingerprint,
    }


def _kind(message: Message) -> str:
    if message.alert is None:
        return message.kind
    if message.alert.startswith("engine:"):
        return "engine"
    return "forecast_breach" if message.subject == "forecast_breach" else "incident"


def _annotations(message: Message) -> dict[str, str | None]:
    return {
        "summary": message.title,
        "description": message.body,
        "message": message.kind,
        "subject": message.subject,
        "group": message.group,
        "first_day": message.first_day.isoformat(),
        "trading_day": message.trading_day.isoformat(),
    }


def _without_gaps(texts: dict[str, str | None]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if text}


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
