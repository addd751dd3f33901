"""Where alerts go: the log, webhooks, Alertmanager, and through apprise mail, chats and pagers."""

from timeseries.alerts.sinks._open import check_sinks, hears_the_end, open_sinks, usable_sinks
from timeseries.alerts.sinks._sink import DeliveryFailed, Sink

__all__ = ["DeliveryFailed", "Sink", "check_sinks", "hears_the_end", "open_sinks", "usable_sinks"]
