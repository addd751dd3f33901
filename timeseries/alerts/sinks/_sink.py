"""What every sink can do."""

from typing import Protocol

from timeseries.alerts._alert import Message
from timeseries.errors import TimeseriesError

__all__ = ["DeliveryFailed", "Sink"]


class DeliveryFailed(TimeseriesError):  # noqa: N818 - reads as the sentence it stands for
    """A sink did not take a message; the reason is free of addresses and secrets."""


class Sink(Protocol):
    """A place that takes messages.

    Attributes:
        name: its name in the settings.
        at_once: how many messages may be sent to it at the same time. A crash repeats at most so many.
    """

    name: str
    at_once: int

    def send(self, message: Message, *, over: bool) -> None:
        """Hand over one message; returns when the sink has taken it.

        Args:
            message: what is told.
            over: with this message the alert is no longer a matter of concern: it ended or was withdrawn.

        Raises:
            DeliveryFailed: it has not, or did not say so in time.
        """
