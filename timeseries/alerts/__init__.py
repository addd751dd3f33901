"""Alerts: findings become incidents, one for each thing, live until they are over, and reach the sinks once.

``raise_alerts`` brings the alerts up to date with what was found and writes what is to be told, with its
outbox rows, in one transaction; ``deliver`` works the outbox off. An alert is raised exactly once. A
delivery is made *at least* once: when a process dies between sending and writing that down, the message
goes out again after the lease. Webhooks get the message's fingerprint as ``Idempotency-Key``, and
Alertmanager knows an alert by its labels, so these act once; mail and chat services have no such key, and
there a crash can repeat the one message that was under way.
"""

from timeseries.alerts._act import Mute, acknowledge, label, list_mutes, mute, unmute
from timeseries.alerts._alert import LABELS, SEVERITIES, Alert, Delivery, Message
from timeseries.alerts._deliver import DeliveryReport, deliver, requeue
from timeseries.alerts._digest import make_digest
from timeseries.alerts._engine import Trouble, TroubleReport, settle_troubles
from timeseries.alerts._raise import RaiseReport, raise_alerts
from timeseries.alerts._reads import AlertList, AlertPage, Event, Proof, find_alerts, list_alerts, show_alert
from timeseries.alerts._trial import send_test
from timeseries.alerts.sinks import check_sinks

__all__ = [
    "LABELS",
    "SEVERITIES",
    "Alert",
    "AlertList",
    "AlertPage",
    "Delivery",
    "DeliveryReport",
    "Event",
    "Message",
    "Mute",
    "Proof",
    "RaiseReport",
    "Trouble",
    "TroubleReport",
    "acknowledge",
    "check_sinks",
    "deliver",
    "find_alerts",
    "label",
    "list_alerts",
    "list_mutes",
    "make_digest",
    "mute",
    "raise_alerts",
    "requeue",
    "send_test",
    "settle_troubles",
    "show_alert",
    "unmute",
]
