"""What an alert is, what is said of it, and what became of that."""

from dataclasses import dataclass
from datetime import date, datetime

__all__ = ["LABELS", "SEVERITIES", "Alert", "Delivery", "Message"]

SEVERITIES = ("info", "warning", "critical")
LABELS = ("true", "expected", "false", "new_normal")


@dataclass(frozen=True)
class Delivery:
    """One message on its way to one sink.

    Attributes:
        message: what the message was: ``raised``, ``escalated``, ``corrected`` or ``resolved``.
        sink: the sink's name in the settings; its address is never stored.
        state: ``pending``, ``delivered``, ``dead`` (given up) or ``cancelled`` (overtaken unsent).
        attempts: how often it was tried.
        next_attempt: when it is due again, UTC; of interest while pending.
        error: why the last attempt failed, free of addresses and secrets.
        delivered_at: UTC.
    """

    message: str
    sink: str
    state: str
    attempts: int
    next_attempt: datetime
    error: str | None
    delivered_at: datetime | None


@dataclass(frozen=True)
class Message:
    """What a sink is told, in plain English.

    Attributes:
        message_id: 0 for trial messages, which are not stored.
        fingerprint: what makes two messages the same one; the idempotency key of its deliveries.
        alert: the fingerprint of the alert it is about, the same in all its messages; None for a digest.
        kind: ``raised``, ``escalated``, ``corrected``, ``resolved``, ``digest`` or ``test``.
        account: None for a cohort's alert and for a digest.
        group: the account's group, or the cohort that moved.
        subject: the metric or rule of the gravest finding, or ``forecast_breach``; None for a digest.
        first_day: the first trading day it is about.
        trading_day: the last.
        severity: ``info``, ``warning`` or ``critical``.
        raised_at: when the alert was raised, UTC.
        made_at: when the message was written, UTC.
    """

    message_id: int
    fingerprint: str
    alert: str | None
    kind: str
    account: str | None
    group: str | None
    subject: str | None
    first_day: date
    trading_day: date
    severity: str
    title: str
    body: str
    raised_at: datetime
    made_at: datetime


@dataclass(frozen=True)
class Alert:
    """An incident a risk desk should know of: what was found of one account, or a cohort, on adjacent days.

    Attributes:
        fingerprint: what makes two alerts the same one.
        kind: ``incident``, ``forecast_breach``, or ``engine``: the engine's own trouble.
        account: None when it is about a cohort.
        cohort: an account group, ``firm`` or ``engine``; None when it is about an account.
        subject: the metric or rule of its gravest finding, or ``forecast_breach``.
        subjects: all metrics and rules in it.
        first_day: the first trading day it is about.
        trading_day: the last; of a forecast, the last day known when it was made.
        severity: ``info``, ``warning`` or ``critical``.
        at_stake: money in the account's currency, a number in ordinary units; None where unknown. Of a
            forecast what is lost in the worst of the outcomes it tells of, one in forty.
        currency: of the account; None when it is about a cohort.
        state: ``open``, ``acknowledged`` or ``resolved``.
        resolution: why it is resolved: ``ended``, ``withdrawn`` (corrected data took it back), ``muted`` or
            ``labelled``.
        label: ``true``, ``expected``, ``false`` or ``new_normal``, as a person judged it.
        raised_at, acknowledged_at, resolved_at: UTC.
    """

    alert_id: int
    fingerprint: str
    kind: str
    account: str | None
    cohort: str | None
    subject: str
    subjects: tuple[str, ...]
    first_day: date
    trading_day: date
    severity: str
    at_stake: float | None
    title: str
    body: str
    state: str
    resolution: str | None
    label: str | None
    note: str | None
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    currency: str | None = None
    deliveries: tuple[Delivery, ...] = ()
