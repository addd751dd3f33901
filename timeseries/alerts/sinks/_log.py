"""The program's own log."""

import json
import logging

from timeseries.alerts._alert import Message
from timeseries.alerts.sinks._document import document

__all__ = ["LogSink"]

logger = logging.getLogger("timeseries.alerts")

LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "critical": logging.CRITICAL}


class LogSink:
    """Writes each message as one line of JSON to the logger ``timeseries.alerts``."""

    at_once = 50

    def __init__(self, name: str) -> None:
        self.name = name

    def send(self, message: Message, *, over: bool) -> None:
        """Log the message at the level of its severity; what is over is information."""
        level = logging.INFO if over else LEVELS[message.severity]
        logger.log(level, "alert %s", json.dumps(document(message)))
