"""``/alerts/stream``: what happens to alerts, as it happens."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Header, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from timeseries.database import Database, run
from timeseries.errors import DatabaseError
from timeseries.web._dependencies import Gatekeeper, ReadingDatabase
from timeseries.web._gate import Gate

__all__ = ["router"]

router = APIRouter(prefix="/alerts", tags=["alerts"])
LOOK_SECONDS = 1.0
PING_SECONDS = 15
LEAVING_SECONDS = 2
# Numbers are drawn before their rows can be seen, so a lower one may appear after a higher.
LATE_EVENTS = 1000
MOST_EVENTS = 500


class _Pulse:
    """How far the history reaches, asked once a second for all who listen."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = asyncio.Lock()
        self._asked_at = float("-inf")
        self._newest: tuple[int, int] = (0, 0)

    async def newest(self) -> tuple[int, int]:
        """The newest position, and a number that changes with everything that can be seen.

        Raises:
            DatabaseError: the database does not answer.
        """
        async with self._lock:
            if time.monotonic() - self._asked_at >= LOOK_SECONDS:
                self._newest = await run_in_threadpool(self._read)
                self._asked_at = time.monotonic()
            return self._newest

    def _read(self) -> tuple[int, int]:
        with self._database.transaction() as connection:
            row = run(connection, "web.newest_events", {}).one()
        return row.newest, row.seen


class _Listener:
    """What one listener has been told."""

    def __init__(self, database: Database, position: int) -> None:
        self._database = database
        self._position = position
        self._known: set[int] | None = None

    def news(self) -> list[dict[str, Any]]:
        """What it has not been told yet, the oldest first; at most 500."""
        after = self._position - LATE_EVENTS
        with self._database.transaction() as connection:
            if self._known is None:
                values = {"after": after, "until": self._position}
                self._known = set(run(connection, "web.known_events", values).scalars())
            told = {"after": after, "known": sorted(self._known)}
            rows = [dict(row) for row in run(connection, "web.events", told).mappings()]
        self._known.update(row["position"] for row in rows)
        self._position = max([self._position, *(row["position"] for row in rows)])
        self._known = {one for one in self._known if one > self._position - LATE_EVENTS}
        return rows


LastEventId = Annotated[
    int | None,
    Header(ge=0, le=2**63 - 1, description="The id of the last event seen: those after it are sent."),
]


@router.get(
    "/stream",
    summary="Alerts as they happen",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream(
    request: Request, gate: Gatekeeper, database: ReadingDatabase, last_event_id: LastEventId = None
) -> EventSourceResponse:
    """Server-sent events `alert` with `{alert_id, event, severity, title, account, at}`.

    An event's `id` is its place in the history of alerts; with `Last-Event-ID` the stream goes on after it.
    """
    state = request.app.state
    if not hasattr(state, "pulse"):
        state.pulse = _Pulse(gate.reader(None))
    newest, _ = await state.pulse.newest()
    position = newest if last_event_id is None else min(last_event_id, newest)
    leaving = anyio.Event()
    told = _told(request, gate, state.pulse, _Listener(database, position), leaving)
    return EventSourceResponse(
        told, ping=PING_SECONDS, shutdown_event=leaving, shutdown_grace_period=LEAVING_SECONDS
    )


async def _told(
    request: Request, gate: Gate, pulse: _Pulse, listener: _Listener, leaving: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    seen = None
    while not leaving.is_set():
        try:
            now = await pulse.newest()
            if now != seen:
                if not await gate.still_admits(request):
                    return
                rows = await run_in_threadpool(listener.news)
                for row in rows:
                    yield _event(row)
                seen = now if len(rows) < MOST_EVENTS else None
        except DatabaseError:
            seen = None  # the pings go on, and so does this when the database is back
        with anyio.move_on_after(LOOK_SECONDS):
            await leaving.wait()


def _event(row: dict[str, Any]) -> ServerSentEvent:
    names = ("alert_id", "event", "severity", "title", "account", "at")
    at = row["at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    said = {name: row[name] for name in names} | {"at": at}
    return ServerSentEvent(json.dumps(said), event="alert", id=str(row["position"]))
