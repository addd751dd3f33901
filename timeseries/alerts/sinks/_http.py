"""Posting JSON."""

import base64
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from timeseries.alerts.sinks._sink import DeliveryFailed

__all__ = ["Mailslot"]

TIMEOUT_SECONDS = 10.0
HEADERS = {"Content-Type": "application/json", "User-Agent": "timeseries-engine"}


class _NoRedirects(HTTPRedirectHandler):
    """A followed redirect turns the POST into a GET, whose success would mean nothing."""

    def redirect_request(self, *_args: Any, **_keywords: Any) -> None:
        return None


class Mailslot:
    """A web address that takes JSON; a user and password in it become Basic authentication."""

    def __init__(self, url: str, path: str = "") -> None:
        """Raises ValueError when the URL is not one that can be posted to; ``path`` is put behind its own."""
        parts = urlsplit(url)
        if not parts.hostname or not url.isascii() or not url.isprintable() or " " in url or parts.port == 0:
            raise ValueError("not a usable web address")
        place = parts.path.rstrip("/") + path if path else parts.path
        netloc = parts.netloc.rpartition("@")[2]
        self._url = urlunsplit(parts._replace(netloc=netloc, path=place, fragment=""))
        self._headers = {**HEADERS, **_login(parts)}
        self._opener = build_opener(_NoRedirects)

    def post(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Post and wait up to ten seconds for the answer; any 2xx counts as taken.

        Raises:
            DeliveryFailed: what the server said, or that it cannot be reached; never its words or address.
        """
        request = Request(self._url, body, {**self._headers, **headers}, method="POST")
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


def _reason(error: OSError | HTTPException) -> str:
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, TimeoutError):
        return f"The server did not answer within {TIMEOUT_SECONDS:g} seconds."
    if isinstance(cause, OSError) and cause.strerror:
        return f"The server cannot be reached: {cause.strerror}."
    return f"The server gave no valid answer ({type(cause).__name__})."
