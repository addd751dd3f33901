"""Errors as people and programs can read them: RFC 9457, ``application/problem+json``."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from timeseries.errors import DatabaseError, InputError, NotFound, TimeseriesError
from timeseries.web._values import Model

__all__ = ["RESPONSES", "FieldError", "Problem", "Refusal", "answer_to", "explain_errors", "problem"]

logger = logging.getLogger("timeseries.web")
MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5
PLACES = ("body", "query", "path", "header", "cookie")


class FieldError(Model):
    """What is wrong with one field of a request."""

    field: str = Field(description="Its path, such as `trades.3.lots`; empty: the request as a whole.")
    message: str


class Problem(Model):
    """An error."""

    type: str = Field(description="`about:blank`: the status says what kind of error it is.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="One sentence: what is wrong and what to do.")
    errors: list[FieldError] = Field(
        default=[], description="What is wrong with each field, where that is known."
    )


class Refusal(Exception):  # noqa: N818 - it is no failure of ours
    """A request that is not served, with what to say to that.

    Attributes:
        status: of HTTP.
        field: the one that is to blame; None: none.
    """

    def __init__(
        self, status: int, detail: str, *, field: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.field = field
        self.headers = dict(headers or {})


def _documented(status: HTTPStatus, description: str) -> dict[int | str, dict[str, Any]]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {int(status): {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}}


RESPONSES: dict[int | str, dict[str, Any]] = {
    **_documented(HTTPStatus.BAD_REQUEST, "The request cannot be read."),
    **_documented(HTTPStatus.UNAUTHORIZED, "No token, or one that is not valid (any more)."),
    **_documented(HTTPStatus.FORBIDDEN, "The token does not allow this, or the CSRF header is missing."),
    **_documented(HTTPStatus.NOT_FOUND, "What was asked for does not exist, or the token may not see it."),
    **_documented(
        HTTPStatus.UNPROCESSABLE_ENTITY, "A parameter or the body cannot be used; `errors` says which."
    ),
    **_documented(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests; `Retry-After` says how long to wait."),
    **_documented(HTTPStatus.SERVICE_UNAVAILABLE, "The database does not answer; try again later."),
}


def problem(
    status: int, detail: str, *, errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An error as an answer."""
    said = Problem(
        type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(errors)
    )
    return JSONResponse(said.model_dump(), status, dict(headers or {}), MEDIA_TYPE)


def explain_errors(app: FastAPI) -> None:
    """Make every error of an application an answer."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(TimeseriesError, _ours)
    app.add_exception_handler(Exception, _unexpected)


async def answer_to(request: Request, error: Refusal | TimeseriesError) -> JSONResponse:
    """The answer to an error that comes before the application."""
    return await (_refused if isinstance(error, Refusal) else _ours)(request, error)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [FieldError(field=_path(one["loc"]), message=str(one["msg"])) for one in error.errors()]
    named = ", ".join(dict.fromkeys(repr(one.field) if one.field else "the body" for one in errors))
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"Cannot be used: {named}.", errors=errors)


def _path(location: Sequence[int | str]) -> str:
    parts = location[1:] if location and location[0] in PLACES else location
    if location[:1] == ("body",) and len(location) == 2 and isinstance(location[1], int):
        return ""  # where the JSON breaks off, which is no field
    return ".".join(str(part) for part in parts)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    detail = f"{request.method} {request.url.path}: {error.detail}."
    return problem(error.status_code, detail, headers=error.headers)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refusal)
    errors = [] if error.field is None else [FieldError(field=error.field, message=str(error))]
    return problem(error.status, str(error), errors=errors, headers=error.headers)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, NotFound):
        return problem(HTTPStatus.NOT_FOUND, str(error))
    if isinstance(error, InputError):
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
    if isinstance(error, DatabaseError):
        logger.warning("%s %s: %s", request.method, request.url.path, error)
        request.app.state.revival.begin()
        # What a driver says may hold addresses and statements, which are nobody's business out there.
        detail = "The database does not answer this at the moment: try again in a few seconds."
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": str(RETRY_SECONDS)})
    return await _unexpected(request, error)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    detail = "The engine failed at this request; its log says why."
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)
