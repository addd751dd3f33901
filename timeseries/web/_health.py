"""``/health`` and ``/freshness``."""

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


class Health(Model):
    """Whether questions can be answered."""

    status: Literal["ok", "ill"]
    database: Literal["up", "down"]
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
    up = await run_in_threadpool(_answers, gate)
    response.status_code = 200 if up else 503
    return {"status": "ok" if up else "ill", "database": "up" if up else "down", "version": __version__}


def _answers(gate: Gatekeeper) -> bool:
    try:
        with gate.reader(None).transaction() as connection:
            run(connection, "server.extension_version", {})
    except DatabaseError:
        return False
    return True


@router.get("/freshness", response_model=Freshness, summary="How fresh answers are")
@remembered(2)
def how_fresh(database: ReadingDatabase, account: AccountFilter = None) -> dict[str, Any]:
    """Of an account, or of all."""
    return freshness(database, account).as_dict()
