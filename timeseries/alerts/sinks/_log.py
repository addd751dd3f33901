"""The program's own log."""

import json
import logging

from timeseries.alerts._alert import Alert

__all__ = ["LogSink"]

logger = logging.getLogger("timeseries.alerts")

LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "critical": logging.CRITICAL}


class LogSink:
    """Writes each alert as one line of JSON to the logger ``timeseries.alerts``."""

    at_once = 50

    def __init__(self, name: str) -> None:
        self.name = name

    def send(self, alert: Alert) -> None:
        """Log the alert at the level of its severity."""
        line = {
            "fingerprint": alert.fingerprint,
            "account": alert.account,
            "trading_day": alert.trading_day.isoformat(),
            "severity": alert.severity,
            "title": alert.title,
            "body": alert.body,
        }
        logger.log(LEVELS[alert.severity], "alert %s", json.dumps(line))
