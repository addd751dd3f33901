"""What every sink can do."""

from typing import Protocol

from timeseries.alerts._alert import Alert
from timeseries.errors import TimeseriesError

__all__ = ["DeliveryFailed", "Sink"]


class DeliveryFailed(TimeseriesError):  # noqa: N818 - reads as the sentence it stands for
    """A sink did not take a message; the reason is free of addresses and secrets."""


class Sink(Protocol):
    """A place that takes alerts.

    Attributes:
        name: its name in the settings.
        at_once: how many alerts may be sent to it at the same time. A crash repeats at most so many.
    """

    name: str
    at_once: int

    def send(self, alert: Alert) -> None:
        """Hand over one alert; returns when the sink has taken it.

        Raises:
            DeliveryFailed: it has not, or did not say so in time.
        """
