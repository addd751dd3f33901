"""Alerts: findings become alerts, one for each thing, and reach the sinks of the settings.

``raise_alerts`` writes alerts and their deliveries in one transaction; ``deliver`` works the deliveries
off. An alert is raised exactly once. A delivery is made *at least* once: when a process dies between
sending and writing that down, the message goes out again after the lease. Webhooks get the alert's
fingerprint as ``Idempotency-Key``, so a receiver that honours it acts once; mail and chat services
have no such key, and there a crash can repeat the one message that was under way.
"""

from timeseries.alerts._alert import Alert, Delivery
from timeseries.alerts._deliver import DeliveryReport, deliver
from timeseries.alerts._raise import raise_alerts
from timeseries.alerts._reads import list_alerts, show_alert
from timeseries.alerts._trial import send_test
from timeseries.alerts.sinks import check_sinks

__all__ = [
    "Alert",
    "Delivery",
    "DeliveryReport",
    "check_sinks",
    "deliver",
    "list_alerts",
    "raise_alerts",
    "send_test",
    "show_alert",
]
