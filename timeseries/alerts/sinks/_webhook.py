"""Any HTTP server that takes JSON."""

import base64
import json
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from timeseries.alerts._alert import Alert
from timeseries.alerts.sinks._sink import DeliveryFailed

__all__ = ["WebhookSink"]

TIMEOUT_SECONDS = 10.0
HEADERS = {"Content-Type": "application/json", "User-Agent": "timeseries-engine"}


class _NoRedirects(HTTPRedirectHandler):
    """A followed redirect turns the POST into a GET, whose success would mean nothing."""

    def redirect_request(self, *_args: Any, **_keywords: Any) -> None:
        return None


class WebhookSink:
    """Posts each alert as a JSON object; any 2xx answer counts as taken.

    The header ``Idempotency-Key`` carries the alert's fingerprint (percent-encoded), the same at every
    attempt. A user and password in the URL become Basic authentication.
    """

    at_once = 8

    def __init__(self, name: str, url: str) -> None:
        """Raises ValueError when the URL is not one that can be posted to."""
        parts = urlsplit(url)
        if not parts.hostname or not url.isascii() or not url.isprintable() or " " in url or parts.port == 0:
            raise ValueError("not a usable web address")
        self.name = name
        self._url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
        self._headers = {**HEADERS, **_login(parts)}
        self._opener = build_opener(_NoRedirects)

    def send(self, alert: Alert) -> None:
        """Post the alert and wait up to ten seconds for the answer."""
        headers = {**self._headers, "Idempotency-Key": quote(alert.fingerprint, safe=":")}
        request = Request(self._url, json.dumps(_document(alert)).encode(), headers, method="POST")
        try:
            self._opener.open(request, timeout=TIMEOUT_SECONDS).close()
        except HTTPError as answer:
            answer.close()
            raise DeliveryFailed(f"The server answered {answer.code}.") from None
        except (OSError, HTTPException) as error:
            raise DeliveryFailed(_reason(error)) from None


def _login(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


def _document(alert: Alert) -> dict[str, str]:
    return {
        "fingerprint": alert.fingerprint,
        "kind": alert.kind,
        "account": alert.account,
        "trading_day": alert.trading_day.isoformat(),
        "severity": alert.severity,
        "title": alert.title,
        "body": alert.body,
        "raised_at": alert.raised_at.isoformat(),
    }


def _reason(error: OSError | HTTPException) -> str:
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, TimeoutError):
        return f"The server did not answer within {TIMEOUT_SECONDS:g} seconds."
    if isinstance(cause, OSError) and cause.strerror:
        return f"The server cannot be reached: {cause.strerror}."
    return f"The server gave no valid answer ({type(cause).__name__})."
