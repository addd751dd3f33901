"""Refusing parameters that an endpoint does not have: a misspelt filter must not show everything."""

from functools import lru_cache

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError

__all__ = ["refuse_strangers"]


async def refuse_strangers(request: Request) -> None:
    """Let a request through whose query has known parameters only.

    Raises:
        RequestValidationError: it has another, or one twice.
    """
    known = _known(request.app)[request.scope["endpoint"].__name__]
    names = [name for name, _ in request.query_params.multi_items()]
    wrong = {name: "there is no such parameter" for name in names if name not in known}
    wrong |= {name: "give it once" for name in names if names.count(name) > 1 and name in known}
    if wrong:
        raise RequestValidationError([{"loc": ("query", name), "msg": said} for name, said in wrong.items()])


@lru_cache(maxsize=8)
def _known(app: FastAPI) -> dict[str, frozenset[str]]:
    """The parameters of each operation, as the OpenAPI document says."""
    return {
        operation["operationId"]: frozenset(
            one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"
        )
        for operations in app.openapi()["paths"].values()
        for operation in operations.values()
    }
