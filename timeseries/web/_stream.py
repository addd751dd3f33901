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
MOST_EVENTS = 500


class _Pulse:
    """How far the history reaches, asked once a second for all who listen."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = asyncio.Lock()
        self._asked_at = float("-inf")
        self._newest = 0

    async def newest(self) -> int:
        """The newest position; what comes later has a higher one, as positions are given in order of commits.

        Raises:
            DatabaseError: the database does not answer.
        """
        async with self._lock:
            if time.monotonic() - self._asked_at >= LOOK_SECONDS:
                self._newest = await run_in_threadpool(self._read)
                self._asked_at = time.monotonic()
            return self._newest

    def _read(self) -> int:
        with self._database.transaction() as connection:
            return int(run(connection, "web.newest_event", {}).scalar_one())


def _news(database: Database, position: int) -> list[dict[str, Any]]:
    """What was done to alerts that this reader may see after a position, the oldest first; at most 500."""
    with database.transaction() as connection:
        rows = run(connection, "web.events", {"after": position, "limit": MOST_EVENTS}).mappings()
        return [dict(row) for row in rows]


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
    newest = await state.pulse.newest()
    position = newest if last_event_id is None else min(last_event_id, newest)
    leaving = anyio.Event()
    told = _told(request, gate, state.pulse, database, position, leaving)
    return EventSourceResponse(
        told, ping=PING_SECONDS, shutdown_event=leaving, shutdown_grace_period=LEAVING_SECONDS
    )


async def _told(
    request: Request,
    gate: Gate,
    pulse: _Pulse,
    database: Database,
    position: int,
    leaving: anyio.Event,
) -> AsyncIterator[ServerSentEvent]:
    while not leaving.is_set():
        try:
            newest = await pulse.newest()
            while newest > position:
                if not await gate.still_admits(request):
                    return
                rows = await run_in_threadpool(_news, database, position)
                for row in rows:
                    yield _event(row)
                told = rows[-1]["position"] if rows else position
                position = told if len(rows) == MOST_EVENTS else max(told, newest)
        except DatabaseError:
            pass  # the pings go on, and so does this when the database is back
        with anyio.move_on_after(LOOK_SECONDS):
            await leaving.wait()


def _event(row: dict[str, Any]) -> ServerSentEvent:
    names = ("alert_id", "event", "severity", "title", "account", "at")
    at = row["at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    said = {name: row[name] for name in names} | {"at": at}
    return ServerSentEvent(json.dumps(said), event="alert", id=str(row["position"]))
