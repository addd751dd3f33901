"""Who asks, whether they may, and how often: tokens, the login cookie, CSRF, rates, scopes."""

import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.concurrency import run_in_threadpool

from timeseries.access import SCOPES, Token, find_token, list_tokens, reader
from timeseries.database import Database
from timeseries.web._problems import Refusal

__all__ = [
    "CSRF_COOKIE",
    "CSRF_HEADER",
    "HARMLESS",
    "SESSION_COOKIE",
    "Caller",
    "Gate",
    "client_address",
    "tokens_exist",
]

SESSION_COOKIE, CSRF_COOKIE, CSRF_HEADER = "timeseries_session", "timeseries_csrf", "X-CSRF-Token"
HARMLESS = ("GET", "HEAD", "OPTIONS")
# A revoked token is served for so long at most; asking the database each time would double its work.
REMEMBERED_SECONDS = 3.0


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        name: the token's, or the login name of who serves on the loopback interface.
        scopes: of ``read``, ``act`` and ``ingest``.
        groups: the only account groups that exist for them; None: all.
    """

    name: str
    scopes: frozenset[str]
    groups: tuple[str, ...] | None


class Gate:
    """Decides on each request; one for an application."""

    def __init__(
        self, database: Database, reading: Database, *, open_to: str | None, requests_per_minute: int
    ) -> None:
        """Args:
        database: with the tokens.
        reading: what is read from, by whoever has come in.
        open_to: the name of those who come without a token; None: nobody may.
        requests_per_minute: of one token or address; 0: without limit.
        """
        self.database = database
        self._reading = reading
        self._open = None if open_to is None else Caller(open_to, frozenset(SCOPES), None)
        self._limit = RateLimitItemPerMinute(requests_per_minute) if requests_per_minute else None
        self._rates = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._known: dict[bytes, tuple[float, Token]] = {}
        self._readers: dict[tuple[str, ...] | None, Database] = {}

    async def admit(self, request: Request, scope: str | None) -> Caller:
        """Let a request in; asked about the same request again, only the scope is looked at.

        Args:
            scope: what its caller must be allowed to; None: anything.

        Raises:
            Refusal: it is refused.
        """
        caller: Caller | None = getattr(request.state, "caller", None)
        if caller is None:
            caller = request.state.caller = await self._identify(request)
        if scope is not None and scope not in caller.scopes:
            raise Refusal(HTTPStatus.FORBIDDEN, f"The token {caller.name!r} lacks the scope {scope!r}.")
        return caller

    async def _identify(self, request: Request) -> Caller:
        self._refuse_guessing(request)
        secret, by_cookie, token = await self._shown(request)
        self._count(request, token)
        caller = self._caller(secret, token)
        if secret is None or by_cookie:
            check_csrf(request)
        return caller

    async def _shown(self, request: Request) -> tuple[str | None, bool, Token | None]:
        """The secret that counts of a request, whether it came as a cookie, and the token it is of."""
        secret, by_cookie = _secret_of(request)
        token = None if secret is None else await self.token(secret)
        if token is None and by_cookie and self._open is not None:
            secret = None  # cookies know no ports: it may be another engine's, and here it opens nothing more
        return secret, by_cookie, token

    async def token(self, secret: str) -> Token | None:
        """The token that a secret is of, as it was at most three seconds ago; None: none that is valid."""
        key, now = _key_of(secret), time.monotonic()
        asked_at, token = self._known.get(key, (-REMEMBERED_SECONDS, None))
        if now - asked_at >= REMEMBERED_SECONDS:
            token = await run_in_threadpool(find_token, self.database, secret)
            self._remember(key, now, token)
        return None if token is None or _expired(token) else token

    def _remember(self, key: bytes, now: float, token: Token | None) -> None:
        """Keep a token; what was guessed is not kept, so that guessing takes no memory."""
        self._known.pop(key, None)
        if token is not None:
            self._known[key] = (now, token)

    async def still_admits(self, request: Request) -> bool:
        """Whether a request that was let in would be again."""
        secret, _, token = await self._shown(request)
        return secret is None or token is not None

    def count_address(self, request: Request) -> None:
        """Count a request of somebody who has not shown a token yet.

        Raises:
            Refusal: there were too many.
        """
        self._count(request, None)

    def reader(self, groups: Sequence[str] | None) -> Database:
        """The database as those may read it who see these groups only; None: all."""
        key = None if groups is None else tuple(groups)
        if key not in self._readers:
            self._readers[key] = reader(self._reading, key)
        return self._readers[key]

    def close(self) -> None:
        """Close the connections that are kept open for reading."""
        self._reading.close()

    def _caller(self, secret: str | None, token: Token | None) -> Caller:
        if token is not None:
            return Caller(token.name, token.scopes, token.groups)
        if secret is None and self._open is not None:
            return self._open
        said = "This token is not valid (any more)" if secret else "This needs a token"
        raise Refusal(
            HTTPStatus.UNAUTHORIZED,
            f"{said}: make one with `timeseries tokens create`, and send it as `Authorization: Bearer …`.",
            headers={"WWW-Authenticate": "Bearer"},
        )

    def _count(self, request: Request, token: Token | None) -> None:
        if self._limit is None:
            return
        key = f"address {client_address(request)}" if token is None else f"token {token.token_id}"
        served = self._rates.hit(self._limit, key)
        remaining, wait = self._left(key, self._limit)
        request.state.headers = {
            "RateLimit-Policy": f'"default";q={self._limit.amount};w=60',
            "RateLimit": f'"default";r={remaining};t={wait}',
        }
        if not served:
            raise _too_many(self._limit, wait)

    def _refuse_guessing(self, request: Request) -> None:
        """Refuse an unknown secret of an address beyond its limit, before it is looked up."""
        secret, _ = _secret_of(request)
        if self._limit is None or secret is None or _key_of(secret) in self._known:
            return
        key = f"address {client_address(request)}"
        if not self._rates.test(self._limit, key):
            raise _too_many(self._limit, self._left(key, self._limit)[1])

    def _left(self, key: str, limit: RateLimitItemPerMinute) -> tuple[int, int]:
        """How many requests are left, and the seconds until there are more."""
        window = self._rates.get_window_stats(limit, key)
        return max(window.remaining, 0), max(1, round(window.reset_time - time.time()))


def tokens_exist(database: Database) -> bool:
    """Whether there is a token that anybody could use."""
    return any(one.state in ("in force", "replaced") for one in list_tokens(database))


def client_address(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else "unknown"


def check_csrf(request: Request) -> None:
    """Refuse an action that a foreign page may have sent with the browser's cookies.

    Raises:
        Refusal: it lacks the header that only pages of ours can set.
    """
    if request.method in HARMLESS:
        return
    cookie, header = request.cookies.get(CSRF_COOKIE, ""), request.headers.get(CSRF_HEADER, "")
    if not cookie or not hmac.compare_digest(cookie.encode(), header.encode()):
        raise Refusal(
            HTTPStatus.FORBIDDEN,
            f"Without a token in the header `Authorization` an action needs the header {CSRF_HEADER} with "
            f"the value of the cookie {CSRF_COOKIE}.",
        )


def _too_many(limit: RateLimitItemPerMinute, wait: int) -> Refusal:
    said = f"At most {limit.amount} requests a minute: try again in {wait} s."
    return Refusal(HTTPStatus.TOO_MANY_REQUESTS, said, headers={"Retry-After": str(wait)})


def _key_of(secret: str) -> bytes:
    return sha256(secret.encode(errors="replace")).digest()


def _secret_of(request: Request) -> tuple[str | None, bool]:
    """The secret that a request shows, and whether it came as a cookie."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind:
        return (secret.strip() if kind.lower() == "bearer" else ""), False
    cookie = request.cookies.get(SESSION_COOKIE)
    return (None, False) if cookie is None else (cookie, True)


def _expired(token: Token) -> bool:
    return token.expires_at is not None and token.expires_at <= datetime.now(UTC)
