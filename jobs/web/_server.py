"""The server: three addresses, read only."""

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder

from jobs.engine import Scheduler, diagnose
from jobs.web._metrics import SchedulerCollector
from jobs.web._patience import PatientReader
from jobs.web._reading import Reading, RunCounter, read
from timeseries.errors import ConfigurationError

__all__ = ["Server", "host_and_port", "serve_in_background"]

logger = logging.getLogger("timeseries.jobs")
LOOPBACK = "127.0.0.1"
HIGHEST_PORT = 65535
FEWEST_SECONDS, FEWEST_LOOKS = 60.0, 10
SOCKET_SECONDS = 10.0
MOST_BYTES = 1_000_000
WELCOME = b"timeseries scheduler: /metrics for Prometheus, /health for supervisors\n"


@dataclass(frozen=True)
class _Answer:
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    status: HTTPStatus = HTTPStatus.OK


class _Pages:
    """What is answered at each address."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._settings = settings = scheduler.settings
        self._began = time.monotonic()
        counter = RunCounter()
        self._reader: PatientReader[Reading] = PatientReader(
            lambda: read(scheduler.database, settings, scheduler, counter)
        )
        self._reader.begin()  # the runs that end from now on are counted
        self._registry = CollectorRegistry()
        self._registry.register(SchedulerCollector(self._reader.newest, self._look_age, settings))
        ProcessCollector(registry=self._registry)
        self.by_path: Mapping[str, Callable[[str], _Answer]] = {
            "/": lambda _: _Answer(WELCOME),
            "/metrics": self._metrics,
            "/health": self._health,
        }

    def _look_age(self) -> float:
        looked = self._scheduler.looked_at
        return time.monotonic() - (self._began if looked is None else looked)

    def _metrics(self, accepted: str) -> _Answer:
        encode, content_type = choose_encoder(accepted)
        return _Answer(encode(self._registry), content_type)

    def _health(self, _: str) -> _Answer:
        reading = self._reader.newest()
        patience = max(FEWEST_SECONDS, FEWEST_LOOKS * self._settings.jobs.poll_seconds)
        age, database = self._look_age(), self._database(reading, patience)
        healthy = age <= patience and database != "down"
        ill = [] if reading is None else [one for one in diagnose(reading.look, self._settings) if one.ill]
        said = {
            "status": "ok" if healthy else "ill",
            "database": database,
            "last_look_age_seconds": round(age, 1),
            "ill_jobs": [{name: asdict(one)[name] for name in ("job", "what", "why")} for one in ill],
        }
        status = HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE
        return _Answer(f"{json.dumps(said)}\n".encode(), "application/json", status)

    def _database(self, reading: Reading | None, patience: float) -> str:
        if reading is not None:
            return "up"
        answered = self._reader.answered_at
        recently = answered is not None and time.monotonic() - answered <= patience
        # The embedded database serves one transaction at a time; who waits for its turn is not ill.
        return "busy" if recently and self._reader.is_waiting else "down"


class _Listener(ThreadingHTTPServer):
    """Listens on one address, of IPv4 or IPv6."""

    daemon_threads = True

    def __init__(self, host: str, port: int, pages: _Pages) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.pages = pages
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking the name service who we are, which can take long."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that left early is not worth a traceback."""
        logger.debug("a request from %s failed", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server_version, sys_version = "timeseries", ""
    timeout = SOCKET_SECONDS

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """All other methods."""
        if not name.startswith("do_"):
            raise AttributeError(name)
        return self._refuse

    def _refuse(self) -> None:
        # What is left unread when the connection closes would take our answer with it.
        sent = self.headers.get("Content-Length", "")
        self.rfile.read(min(int(sent), MOST_BYTES) if sent.isdecimal() else 0)
        allowed = {"Allow": "GET, HEAD"}
        self._send(_Answer(b"only GET and HEAD\n", status=HTTPStatus.METHOD_NOT_ALLOWED), allowed)

    def _answer(self, *, with_body: bool) -> None:
        assert isinstance(self.server, _Listener)
        page = self.server.pages.by_path.get(self.path.partition("?")[0])
        if page is None:
            answer = _Answer(b"nothing here; try /metrics or /health\n", status=HTTPStatus.NOT_FOUND)
        else:
            answer = page(self.headers.get("Accept", ""))
        self._send(answer, with_body=with_body)

    def _send(
        self, answer: _Answer, headers: Mapping[str, str] | None = None, *, with_body: bool = True
    ) -> None:
        self.send_response(answer.status)
        fixed = {"Content-Type": answer.content_type, "Content-Length": str(len(answer.body))}
        for name, value in {**fixed, "Cache-Control": "no-store", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        logger.debug("%s %s", self.address_string(), format % args)


class Server:
    """A server in the background, until it is closed."""

    def __init__(self, listener: _Listener) -> None:
        self._listener = listener
        self._thread = threading.Thread(target=listener.serve_forever, daemon=True, name="web")
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._listener.server_port

    def close(self) -> None:
        """Listen no more; answers under way are not waited for."""
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()


def serve_in_background(scheduler: Scheduler, address: str) -> Server:
    """Serve ``/metrics``, ``/health`` and ``/`` from threads of this process.

    There is no log-in and no encryption: listen on the loopback interface or a private network.

    Args:
        scheduler: whose looks the health is about; its database is read once now, then when somebody asks, at
            most every five seconds.
        address: such as ``127.0.0.1:9464``, ``[::1]:9464``, ``0.0.0.0:9464`` for all interfaces, or ``:0``
            for any free port of the loopback interface.

    Raises:
        ConfigurationError: the address cannot be read, or nobody can listen there.
    """
    host, port = host_and_port(address)
    try:
        return Server(_Listener(host, port, _Pages(scheduler)))
    except OSError as error:
        raise ConfigurationError(
            f"Nobody can listen at {address} ({error.strerror or error}): choose another address or port."
        ) from error


def host_and_port(address: str) -> tuple[str, int]:
    """An address to listen at in its parts; without a host it is the loopback interface's.

    Raises:
        ConfigurationError: the address cannot be read.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > HIGHEST_PORT:
        raise ConfigurationError(
            f"{address!r} is no address to listen at: give HOST:PORT, such as {LOOPBACK}:8080, "
            "or :8080 for this machine alone."
        )
    return host.removeprefix("[").removesuffix("]") or LOOPBACK, int(port)
