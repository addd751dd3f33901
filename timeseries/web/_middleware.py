"""Every request and answer: who may send a body and how much, security headers, entity tags."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from hashlib import blake2b
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from timeseries.errors import TimeseriesError
from timeseries.web._problems import Refusal, answer_to, problem

__all__ = ["EntityTags", "Guard"]

Admit = Callable[[Request], Awaitable[object]]
# What people send is small; only batches of rows are large.
MOST_BYTES, MOST_BYTES_OF_ROWS = 64 * 1024, 8 * 1024 * 1024
PATIENCE_SECONDS = 30.0
TAGGED = ("application/json", "text/html")
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Guard:
    """Sets security headers; refuses foreign names, bodies of strangers, and endless ones."""

    def __init__(
        self, app: ASGIApp, *, hosts: Collection[str] | None, takes_rows: Collection[str], admit: Admit
    ) -> None:
        """Stand before an application.

        Args:
            hosts: the only names under which it is served, without ports; None: any.
            takes_rows: paths to which large bodies may be sent.
            admit: lets in who may send a body, or raises; asked before any of it is read.
        """
        self.app = app
        self._hosts = hosts
        self._takes_rows = takes_rows
        self._admit = admit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in {**HEADERS, **state.get("headers", {})}.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "private, no-cache")
            await send(message)

        most = MOST_BYTES_OF_ROWS if scope["path"] in self._takes_rows else MOST_BYTES
        refused = self._refusal(Headers(scope=scope), most) or await self._strangers(scope)
        await (refused or self.app)(scope, _measured(receive, most), send_guarded)

    async def _strangers(self, scope: Scope) -> Response | None:
        """The answer to those who may not send what they are about to send; None: they may."""
        request = Request(scope)
        try:
            await self._admit(request)
        except (Refusal, TimeseriesError) as error:
            return await answer_to(request, error)
        return None

    def _refusal(self, headers: Headers, most: int) -> Response | None:
        name = re.sub(r":\d*$", "", headers.get("Host", ""))
        if self._hosts is not None and name.lower() not in self._hosts:
            said = f"Nothing is served under the name {name!r}: use {', '.join(sorted(self._hosts))}."
            return problem(HTTPStatus.BAD_REQUEST, said)
        length = headers.get("Content-Length", "0")
        if not length.isascii() or not length.isdigit() or int(length[:20]) > most:
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{_too_large(most)}.")
        return None


def _too_large(most: int) -> str:
    return f"A request may have at most {most:,} bytes: send less at a time"


def _measured(receive: Receive, most: int) -> Receive:
    """The same, for bodies that do not say how long they are, or that never end."""
    seen, whole, deadline = 0, False, time.monotonic() + PATIENCE_SECONDS

    async def receive_measured() -> Message:
        nonlocal seen, whole
        if whole:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            said = f"The request did not arrive within {PATIENCE_SECONDS:.0f} s"
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, said) from None
        seen += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if seen > most:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large(most))
        return message

    return receive_measured


class EntityTags:
    """Tags answers by what is in them, and sends none that the client has."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        known = Headers(scope=scope).get("If-None-Match", "")
        await self.app(scope, receive, _Tagger(send, known))


class _Tagger:
    """Holds an answer back until all of it is there, if it is one to tag."""

    def __init__(self, send: Send, known: str) -> None:
        self._send = send
        self._known = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kind = Headers(raw=message["headers"]).get("Content-Type", "")
            if message["status"] == HTTPStatus.OK and kind.startswith(TAGGED):
                self._start = message
                return
        if self._start is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            await self._answer(self._start, bytes(self._body))

    async def _answer(self, start: Message, body: bytes) -> None:
        tag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
        headers = MutableHeaders(scope=start)
        # Weak: the same answer may travel compressed or not.
        headers["ETag"] = f"W/{tag}"
        if tag in self._known or "*" in self._known:
            start["status"] = HTTPStatus.NOT_MODIFIED
            for name in ("Content-Length", "Content-Type"):
                del headers[name]
            body = b""
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})
