"""``/health`` and ``/freshness``."""

import asyncio
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from timeseries import __version__
from timeseries.database import run
from timeseries.errors import DatabaseError
from timeseries.reads import freshness
from timeseries.web._dependencies import Gatekeeper, ReadingDatabase
from timeseries.web._memory import remembered
from timeseries.web._parameters import AccountFilter
from timeseries.web._values import Day, Instant, Model

__all__ = ["router"]

router = APIRouter(tags=["health"])
PATIENCE_SECONDS = 4.0


class Health(Model):
    """Whether questions can be answered."""

    status: Literal["ok", "ill"]
    database: Literal["up", "down", "busy"] = Field(
        description="`busy`: it has not answered within four seconds, and has not refused either."
    )
    version: str = Field(description="Of the engine.")


class Pending(Model):
    """A stretch of an aggregate that waits for a refresh."""

    aggregate: str
    since: Instant
    until: Instant = Field(description="Exclusive.")


class Freshness(Model):
    """How far answers reach at this moment, and what of them is known to be out of date."""

    account: str | None = Field(description="Whose answers; null: those about all accounts.")
    newest_trade: Instant | None = Field(description="Start of the newest 5-minute bucket of trades, UTC.")
    newest_snapshot: Instant | None = Field(description="The same of equity.")
    complete_day: Day | None = Field(description="The last trading day that has ended on every calendar.")
    stale_days: int = Field(description="Account-days whose metrics wait to be computed again.")
    rescoring: int = Field(
        description="Accounts whose findings or forecasts rest on numbers that changed since."
    )
    pending: list[Pending]
    computed: bool = Field(description="Whether every number is up to date with what was loaded.")


@router.get(
    "/health",
    response_model=Health,
    summary="Whether the database answers",
    responses={503: {"model": Health, "description": "It does not."}},
)
async def health(request: Request, response: Response, gate: Gatekeeper) -> dict[str, str]:
    """For supervisors; needs no token."""
    gate.count_address(request)
    database = await _database_state(request, gate)
    response.status_code = 503 if database == "down" else 200
    return {"status": "ill" if database == "down" else "ok", "database": database, "version": __version__}


async def _database_state(request: Request, gate: Gatekeeper) -> str:
    """Asked by one at a time: those who come meanwhile wait for the same answer, and for so long at most."""
    state = request.app.state
    if not hasattr(state, "look") or state.look.done():
        state.look = asyncio.ensure_future(run_in_threadpool(_answers, gate))
    try:
        return "up" if await asyncio.wait_for(asyncio.shield(state.look), PATIENCE_SECONDS) else "down"
    except TimeoutError:
        return "busy"


def _answers(gate: Gatekeeper) -> bool:
    """Not by a connection of the pool, all of which may be waiting."""
    try:
        with gate.database.transaction() as connection:
            run(connection, "server.extension_version", {})
    except DatabaseError:
        return False
    return True


@router.get("/freshness", response_model=Freshness, summary="How fresh answers are")
@remembered(2)
def how_fresh(database: ReadingDatabase, account: AccountFilter = None) -> dict[str, Any]:
    """Of an account, or of all."""
    return freshness(database, account).as_dict()
