"""The application: pages, interface, and what stands before them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.middleware.gzip import GZipMiddleware

from timeseries import __version__
from timeseries.config import Settings
from timeseries.database import Database
from timeseries.web import (
    _accounts,
    _alerts,
    _findings,
    _health,
    _ingest,
    _outlook,
    _session,
    _stream,
    _summaries,
)
from timeseries.web._gate import HARMLESS, Gate
from timeseries.web._middleware import EntityTags, Guard
from timeseries.web._pages import pages_router
from timeseries.web._problems import RESPONSES, FieldError, Problem, explain_errors
from timeseries.web._revival import Revival
from timeseries.web._strangers import refuse_strangers

__all__ = ["API", "create_app"]

API = "/api/v1"
LOOPBACK_NAMES = frozenset(("localhost", "127.0.0.1", "[::1]"))
ROUTERS = (
    _health.router,
    _accounts.router,
    _outlook.router,
    _findings.router,
    _stream.router,  # before the one that takes any word for an alert's number
    _alerts.router,
    _alerts.mutes_router,
    _summaries.router,
    _ingest.router,
    _session.router,
)
DESCRIPTION = """\
Accounts, metrics, anomalies, forecasts and alerts of a proprietary-trading firm.

* **Access**: `Authorization: Bearer <token>` with a token of `timeseries tokens create`.
* **Money** is a decimal string in the account's currency; series for charts are arrays of plain numbers.
* **Times** are ISO 8601 in UTC, **trading days** `YYYY-MM-DD`.
* **Lists** have `items` and `next`, which is handed back as `cursor`; null ends them.
* **Errors** are `application/problem+json` (RFC 9457), with `errors` for each field that cannot be used.
* Every `GET` has an `ETag`; `If-None-Match` answers 304.
"""


def create_app(
    database: Database,
    settings: Settings,
    *,
    routers: Iterable[APIRouter] = (),
    open_access: bool,
    name: str = "local",
    reopen: Callable[[], object] | None = None,
) -> FastAPI:
    """Make the application of pages and interface.

    Args:
        database: with the schema of this program; reads go through connections of their own to the same
            place, or to ``settings.web.read_url``.
        settings: of the engine; ``settings.web`` is about this.
        routers: more endpoints, below ``/api/v1``.
        open_access: whether those without a token may do everything, as on the loopback interface. Then
            only names of that interface are served, against rebinding of names.
        name: of those without a token, in what they do.
        reopen: brings the database back to the same address when it went away; None: it comes by itself.
    """
    reading = _reading(database, settings)
    gate = Gate(
        database,
        reading,
        open_to=name if open_access else None,
        requests_per_minute=settings.web.requests_per_minute,
    )
    app = FastAPI(
        title="timeseries",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        lifespan=_lifespan(gate),
    )
    app.state.gate, app.state.settings, app.state.secure_cookies = gate, settings, not open_access
    app.state.revival = Revival(reopen)
    for router in (*ROUTERS, *routers):
        app.include_router(router, prefix=API, responses=RESPONSES, dependencies=[Depends(refuse_strangers)])
    app.include_router(pages_router())
    explain_errors(app)
    app.add_middleware(EntityTags)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=4)
    app.add_middleware(
        Guard,
        hosts=LOOPBACK_NAMES if open_access else None,
        takes_rows=(f"{API}{_ingest.PATH}",),
        admit=_admission(gate),
    )
    app.openapi = _documented(app)  # type: ignore[method-assign]
    return app


def _admission(gate: Gate) -> Callable[[Request], Awaitable[None]]:
    """Who may send a body: nobody's is read whose token does not allow it."""
    needed = {f"{API}{_ingest.PATH}": "ingest"}

    async def admit(request: Request) -> None:
        path = request.url.path
        if request.method not in HARMLESS and path.startswith(API) and path != f"{API}{_session.PATH}":
            await gate.admit(request, needed.get(path))

    return admit


def _reading(database: Database, settings: Settings) -> Database:
    return Database(
        settings.web.read_url or database.url,
        embedded=database.embedded,
        application="timeseries web",
        pool=settings.web.pool,
    )


def _lifespan(gate: Gate) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        gate.close()

    return lifespan


def _documented(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The OpenAPI document, with the errors as they are sent."""
    original = app.openapi

    def openapi() -> dict[str, Any]:
        document = original()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for model in (Problem, FieldError):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schema.pop("$defs", None)
            schemas[model.__name__] = schema
        for path in document["paths"].values():
            if "get" in path:
                path["get"]["responses"]["304"] = {
                    "description": "Nothing has changed since `If-None-Match`."
                }
        return document

    return openapi
