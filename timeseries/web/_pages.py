"""The pages and what they are made of: put together once, compressed once, served from memory."""

import gzip
import mimetypes
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.responses import Response

from timeseries.errors import ConfigurationError
from timeseries.web._gate import CSRF_COOKIE

__all__ = ["pages_router", "remember_csrf"]

PAGES = Path(__file__).parent / "pages"
ADDRESSES = {
    "/": "today",
    "/today": "today",
    "/account": "account",
    "/accounts": "account",
    "/firm": "firm",
    "/symbols": "symbols",
    "/jobs": "jobs",
    "/login": "login",
}
IMPORTED = re.compile(r"""\bfrom\s*["']\./([^"']+)["']""")
IN_HTML = re.compile(r'((?:src|href)="/assets/[^"?#]+)"')
IN_MODULES = re.compile(r"""(\b(?:from|import)\s*\(?\s*["'](?:\.{1,2}/|/assets/)[^"'?]+\.js)(["'])""")
FOR_EVER = "public, max-age=31536000, immutable"
TEXTS = ("text/", "application/javascript", "application/json", "image/svg+xml")


@dataclass(frozen=True)
class _Asset:
    body: bytes
    zipped: bytes | None
    media_type: str


class _Assets:
    """All files; names of files in pages and modules carry a hash of all, so that browsers may keep them."""

    def __init__(self) -> None:
        files = {path.relative_to(PAGES).as_posix(): path.read_bytes() for path in sorted(_files())}
        plotly = _plotly().read_bytes()
        digest = blake2b(digest_size=8)
        for name, body in files.items():
            digest.update(name.encode() + body)
        digest.update(plotly)
        self.version = digest.hexdigest()
        self.html = {name: self._with_version(page) for name, page in _rendered(files).items()}
        self.others = {
            name: self._asset(name, body) for name, body in files.items() if not name.endswith(".html")
        }
        self.others["plotly.min.js"] = _packed(plotly, "text/javascript")

    def _with_version(self, html: str) -> bytes:
        return IN_HTML.sub(rf'\1?v={self.version}"', html).encode()

    def _asset(self, name: str, body: bytes) -> _Asset:
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        if name.endswith(".js"):
            media_type = "text/javascript"
            body = IN_MODULES.sub(rf"\1?v={self.version}\2", body.decode()).encode()
        return _packed(body, media_type)


def _files() -> list[Path]:
    return [path for path in PAGES.rglob("*") if path.is_file() and not path.name.startswith(".")]


def _rendered(files: dict[str, bytes]) -> dict[str, str]:
    """The pages by their files' names; those that begin with an underscore are parts of them."""
    templates = Environment(
        loader=FileSystemLoader(PAGES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    templates.globals["modules"] = lambda script: _modules(script, files)
    names = [name for name in files if name.endswith(".html") and not name.startswith("_")]
    return {name: templates.get_template(name).render() for name in names}


def _modules(script: str, files: dict[str, bytes]) -> list[str]:
    """A script and all that it imports, the deepest first, so that browsers need not find out one by one."""
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        for other in IMPORTED.findall(files[f"js/{name}"].decode()):
            if other not in found:
                visit(other)
        found[name] = None

    visit(script)
    return list(found)


def _plotly() -> Path:
    found = find_spec("plotly")
    if found is None or found.origin is None:
        raise ConfigurationError("The charts need plotly: install the package `plotly`.")
    return Path(found.origin).parent / "package_data" / "plotly.min.js"


def _packed(body: bytes, media_type: str) -> _Asset:
    zipped = gzip.compress(body, 6, mtime=0) if media_type.startswith(TEXTS) else None
    kind = f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type
    return _Asset(body, zipped, kind)


def pages_router() -> APIRouter:
    """The pages at their addresses, and their assets."""
    router = APIRouter(include_in_schema=False)
    assets = _Assets()
    for address, name in ADDRESSES.items():
        if f"{name}.html" in assets.html:
            router.add_api_route(address, _page(assets.html[f"{name}.html"]), methods=["GET", "HEAD"])

    @router.api_route("/assets/{name:path}", methods=["GET", "HEAD"])
    async def asset(request: Request, name: str) -> Response:
        found = assets.others.get(name)
        if found is None:
            raise HTTPException(404, "there is no such file")
        return _answer(request, found, assets.version)

    return router


def _page(html: bytes) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        response = Response(html, media_type="text/html; charset=utf-8")
        remember_csrf(request, response)
        return response

    return page


def remember_csrf(request: Request, response: Response) -> None:
    """Give a browser the value that its actions must repeat in a header, if it has none yet."""
    if not request.cookies.get(CSRF_COOKIE):
        response.set_cookie(
            CSRF_COOKIE,
            secrets.token_urlsafe(32),
            secure=request.app.state.secure_cookies,
            samesite="strict",
        )


def _answer(request: Request, asset: _Asset, version: str) -> Response:
    fresh = request.query_params.get("v") == version
    tag = f'W/"{version}"'
    headers = {"Cache-Control": FOR_EVER if fresh else "no-cache", "ETag": tag, "Vary": "Accept-Encoding"}
    if tag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    if asset.zipped is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.zipped, media_type=asset.media_type, headers=headers)
    return Response(asset.body, media_type=asset.media_type, headers=headers)
