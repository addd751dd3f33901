"""``/session``: browsers log in with a token, which then comes as a cookie."""

from fastapi import APIRouter, Request, Response
from pydantic import Field

from timeseries.web._dependencies import Asking, Gatekeeper
from timeseries.web._gate import SESSION_COOKIE, Caller
from timeseries.web._pages import remember_csrf
from timeseries.web._problems import Refusal
from timeseries.web._values import Model

__all__ = ["PATH", "router"]

PATH = "/session"
router = APIRouter(prefix=PATH, tags=["session"])


class Login(Model):
    """What a browser shows once."""

    token: str = Field(max_length=200, description="A token of `timeseries tokens create`.")


class Session(Model):
    """Who asks, and what they may."""

    name: str = Field(description="The token's; on the loopback interface the login name of who serves.")
    scopes: list[str] = Field(description="Of `read`, `act` and `ingest`.")
    groups: list[str] | None = Field(description="The only account groups to be seen; null: all.")


def _said(caller: Caller) -> Session:
    groups = None if caller.groups is None else list(caller.groups)
    return Session(name=caller.name, scopes=sorted(caller.scopes), groups=groups)


@router.get("", response_model=Session, summary="Who asks")
async def who(caller: Asking, request: Request, response: Response) -> Session:
    """The name, the scopes and the groups of the token, cookie, or of the loopback interface."""
    remember_csrf(request, response)
    return _said(caller)


@router.post("", response_model=Session, summary="Log a browser in")
async def log_in(login: Login, gate: Gatekeeper, request: Request, response: Response) -> Session:
    """Sets the cookies `timeseries_session` and `timeseries_csrf`."""
    gate.count_address(request)
    token = await gate.token(login.token)
    if token is None:
        raise Refusal(
            401, "This token is not valid (any more).", field="token", headers={"WWW-Authenticate": "Bearer"}
        )
    response.set_cookie(
        SESSION_COOKIE,
        login.token,
        expires=token.expires_at,
        secure=request.app.state.secure_cookies,
        httponly=True,
        samesite="strict",
    )
    remember_csrf(request, response)
    return _said(Caller(token.name, token.scopes, token.groups))


@router.delete("", status_code=204, summary="Log a browser out")
async def log_out(request: Request, gate: Gatekeeper) -> Response:
    """Takes the cookie back; the token itself stays valid."""
    gate.count_address(request)
    response = Response(status_code=204)
    response.delete_cookie(
        SESSION_COOKIE, samesite="strict", secure=request.app.state.secure_cookies, httponly=True
    )
    return response
