"""What endpoints are given: who asks, and the database as they may use it."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from timeseries.config import Settings
from timeseries.database import Database
from timeseries.web._gate import Caller, Gate
from timeseries.web._problems import Refusal

__all__ = [
    "Acting",
    "Asking",
    "EngineSettings",
    "Gatekeeper",
    "Ingesting",
    "OrdinaryDatabase",
    "ReadingDatabase",
    "WholeDatabase",
]

# Only for the OpenAPI document: the gate itself reads header and cookie.
bearer = HTTPBearer(auto_error=False, description="A token of `timeseries tokens create`.")


async def _gate(request: Request) -> Gate:
    found = request.app.state.gate
    assert isinstance(found, Gate)
    return found


Gatekeeper = Annotated[Gate, Depends(_gate)]


async def _asking(request: Request, gate: Gatekeeper, _: Annotated[object, Security(bearer)]) -> Caller:
    return await gate.admit(request, None)


async def _reading(request: Request, gate: Gatekeeper, _: Annotated[object, Security(bearer)]) -> Database:
    caller = await gate.admit(request, "read")
    return gate.reader(caller.groups)


async def _whole(request: Request, gate: Gatekeeper, _: Annotated[object, Security(bearer)]) -> Database:
    caller = await gate.admit(request, "read")
    if caller.groups is not None:
        groups = ", ".join(caller.groups)
        raise Refusal(
            HTTPStatus.FORBIDDEN, f"This is about the whole firm; {caller.name!r} sees only: {groups}."
        )
    return gate.reader(None)


async def _acting(request: Request, gate: Gatekeeper, _: Annotated[object, Security(bearer)]) -> Caller:
    return await gate.admit(request, "act")


async def _ingesting(request: Request, gate: Gatekeeper, _: Annotated[object, Security(bearer)]) -> Caller:
    return await gate.admit(request, "ingest")


async def _database(gate: Gatekeeper) -> Database:
    return gate.database


async def _settings(request: Request) -> Settings:
    found = request.app.state.settings
    assert isinstance(found, Settings)
    return found


Asking = Annotated[Caller, Depends(_asking)]
ReadingDatabase = Annotated[Database, Depends(_reading)]
# For what is no account's, such as the jobs: their errors may name any.
WholeDatabase = Annotated[Database, Depends(_whole)]
Acting = Annotated[Caller, Depends(_acting)]
Ingesting = Annotated[Caller, Depends(_ingesting)]
OrdinaryDatabase = Annotated[Database, Depends(_database)]
EngineSettings = Annotated[Settings, Depends(_settings)]
