"""Mail, Slack, Teams, Telegram, PagerDuty … through apprise."""

import hashlib
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from apprise import Apprise, NotifyType

from timeseries.alerts._alert import Message
from timeseries.alerts.sinks._sink import DeliveryFailed

__all__ = ["AppriseSink"]

TYPES = {"info": NotifyType.INFO, "warning": NotifyType.WARNING, "critical": NotifyType.FAILURE}
# These write addresses, tokens included, to the log.
TALKATIVE = ("apprise", "urllib3.connectionpool", "urllib3.util.retry")
SHORTEST_SECRET = 3


class AppriseSink:
    """Sends each message through one of apprise's services, one after the other, at the service's own pace.

    Services that know a deduplication key (PagerDuty, GoAlert, ilert, incident.io, FireHydrant) get one for
    each alert, unless the URL has one: a repeated message then changes the incident there is.
    """

    at_once = 1

    def __init__(self, name: str, url: str) -> None:
        """Raises ValueError when apprise does not know the URL or finds a part of it missing."""
        with _overheard(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # apprise imports all its services at the first URL
            service = Apprise.instantiate(url)
        if service is None:
            raise ValueError("not an address apprise can use")
        self.name = name
        self._secrets = _parts(url)
        self._service: Any = service
        self._takes_key = getattr(service, "dedup", "") is None
        self._services = Apprise()
        self._services.add(service)

    def send(self, message: Message, *, over: bool) -> None:
        """Send the message; returns when the service has taken it. What is over counts as a success."""
        kind = NotifyType.SUCCESS if over else TYPES[message.severity]
        if self._takes_key:
            self._service.dedup = _key(message)
        with _overheard() as said:
            taken = self._services.notify(title=message.title, body=message.body, notify_type=kind)
        if not taken:
            raise DeliveryFailed(self._reason(said))

    def _reason(self, said: list[str]) -> str:
        reason = " ".join(" ".join(said).split()) or "The service did not take the message."
        for secret in self._secrets:
            reason = reason.replace(secret, "***")
        return reason[:500]


def _key(message: Message) -> str:
    return hashlib.sha256((message.alert or message.fingerprint).encode()).hexdigest()


def _parts(url: str) -> list[str]:
    """Everything in an address that may be a secret, longest first."""
    found = re.split(r"[/:@?&=+,;#]+", url.partition("://")[2])
    parts = {part for raw in found for part in (raw, unquote(raw)) if len(part) >= SHORTEST_SECRET}
    return sorted(parts, key=len, reverse=True)


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """Keep the libraries' log records from all handlers, and collect their warnings instead."""
    said: list[str] = []

    def keep(record: logging.LogRecord) -> bool:
        if record.levelno >= logging.WARNING:
            said.append(record.getMessage())
        return False

    loggers = [logging.getLogger(name) for name in TALKATIVE]
    for logger in loggers:
        logger.addFilter(keep)
    try:
        yield said
    finally:
        for logger in loggers:
            logger.removeFilter(keep)
