"""``timeseries serve``: the pages and the HTTP interface."""

import ipaddress
import signal
import socket

import click
import uvicorn

from jobs.api import jobs_router
from jobs.web import host_and_port
from timeseries.commands import Session, pass_session
from timeseries.commands._session import login_name
from timeseries.config import Settings
from timeseries.database import Database, embedded
from timeseries.errors import ConfigurationError
from timeseries.terminal import say
from timeseries.web import create_app, tokens_exist

__all__ = ["serve"]

LEAVING_SECONDS = 5
MOST_CONNECTIONS = 2000


@click.command()
@click.option("--listen", metavar="HOST:PORT", help="Where to listen, in place of the settings'.")
@pass_session
def serve(session: Session, listen: str | None) -> None:
    """Serve the pages and the HTTP interface until SIGTERM or Ctrl-C.

    On the loopback interface everybody at this machine may use them. Elsewhere every call needs a token:
    `timeseries tokens create`.
    """
    settings = session.settings
    host, port = host_and_port(listen or settings.web.listen)
    with session.database() as database:
        open_access = _is_loopback(host) and not settings.web.require_tokens
        with _listening(host, port) as listener:
            _check_access(database, open_access=open_access)
            _serve(database, settings, listener, open_access=open_access)


def _serve(database: Database, settings: Settings, listener: socket.socket, *, open_access: bool) -> None:
    app = create_app(
        database,
        settings,
        routers=[jobs_router],
        open_access=open_access,
        name=login_name(),
        reopen=(lambda: embedded.start(settings.data_dir)) if database.embedded else None,
    )
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # else whoever comes from this machine says where he comes from
            limit_concurrency=MOST_CONNECTIONS,
            ws="none",
            timeout_graceful_shutdown=LEAVING_SECONDS,
        )
    )
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    say(f"Listening at http://{shown}:{port}/ (API: /api/v1/openapi.json); Ctrl-C stops.")
    # While it runs it sees to these itself; what comes before it runs must not be lost.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)
    server.run(sockets=[listener])


def _check_access(database: Database, *, open_access: bool) -> None:
    if not open_access and not tokens_exist(database):
        raise ConfigurationError(
            "Off the loopback interface every call needs a token, and there is none yet: "
            "make one with `timeseries tokens create NAME --scope read`."
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listening(host: str, port: int) -> socket.socket:
    try:
        listener = socket.create_server((host, port), family=_family(host, port), backlog=2048)
        # Else the rest of an answer waits 40 ms for the client's word that the beginning has arrived.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        raise ConfigurationError(
            f"Nobody can listen at {host}:{port} ({error.strerror or error}): choose another address or port."
        ) from error


def _family(host: str, port: int) -> socket.AddressFamily:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
