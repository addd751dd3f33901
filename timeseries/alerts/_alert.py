"""What an alert is, and what became of it."""

from dataclasses import dataclass
from datetime import date, datetime

__all__ = ["SEVERITIES", "Alert", "Delivery"]

SEVERITIES = ("info", "warning", "critical")


@dataclass(frozen=True)
class Delivery:
    """One alert on its way to one sink.

    Attributes:
        sink: the sink's name in the settings; its address is never stored.
        state: ``pending``, ``delivered`` or ``dead`` (given up).
        attempts: how often it was tried.
        next_attempt: when it is due again, UTC; of interest while pending.
        error: why the last attempt failed, free of addresses and secrets.
        delivered_at: UTC.
    """

    sink: str
    state: str
    attempts: int
    next_attempt: datetime
    error: str | None
    delivered_at: datetime | None


@dataclass(frozen=True)
class Alert:
    """Something a risk desk should know, in plain English.

    Attributes:
        fingerprint: what makes two alerts the same one; the idempotency key of its deliveries.
        kind: ``anomaly`` or ``forecast_breach``; ``test`` for trial messages, which are not stored.
        trading_day: the day it is about; for a forecast, the last day known when it was made.
        severity: ``info``, ``warning`` or ``critical``.
        raised_at: UTC.
    """

    alert_id: int
    fingerprint: str
    kind: str
    account: str
    trading_day: date
    severity: str
    title: str
    body: str
    raised_at: datetime
    deliveries: tuple[Delivery, ...] = ()
