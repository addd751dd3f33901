"""Where alerts go: the log, webhooks, and through apprise mail, chats and pagers."""

from timeseries.alerts.sinks._open import check_sinks, open_sinks
from timeseries.alerts.sinks._sink import DeliveryFailed, Sink

__all__ = ["DeliveryFailed", "Sink", "check_sinks", "open_sinks"]
