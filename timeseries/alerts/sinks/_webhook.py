"""Any HTTP server that takes JSON."""

import hashlib
import hmac
import json
import time
from urllib.parse import quote

from timeseries.alerts._alert import Message
from timeseries.alerts.sinks._document import document
from timeseries.alerts.sinks._http import Mailslot

__all__ = ["WebhookSink"]


class WebhookSink:
    """Posts each message as a JSON object.

    The header ``Idempotency-Key`` carries the message's fingerprint (percent-encoded), the same at every
    attempt. With a secret the header ``X-Timeseries-Signature`` is ``t=SECONDS,v1=HEX``: the time of the
    attempt (Unix), and the HMAC-SHA256 (RFC 2104) of that time, a full stop and the body.
    """

    at_once = 8

    def __init__(self, name: str, url: str, secret: str | None = None) -> None:
        """Raises ValueError when the URL is not one that can be posted to."""
        self.name = name
        self._mailslot = Mailslot(url)
        self._secret = secret

    def send(self, message: Message, *, over: bool) -> None:
        """Post the message; ``over`` can be told from its kind and text."""
        body = json.dumps(document(message)).encode()
        headers = {"Idempotency-Key": quote(message.fingerprint, safe=":")}
        if self._secret is not None:
            headers["X-Timeseries-Signature"] = _signature(self._secret, int(time.time()), body)
        self._mailslot.post(body, headers)


def _signature(secret: str, moment: int, body: bytes) -> str:
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"
