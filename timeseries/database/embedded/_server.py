"""Starting, finding and stopping the one server of a data directory.

The server process holds a lock on ``server.lock`` for as long as it lives: it inherits the locked
file from the command that starts it, and the kernel frees the lock when the process ends. So
"is it running?" has one true answer, after a ``kill -9`` as well, and two commands started
together cannot start two servers.
"""

import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from timeseries.database.embedded._runtime import (
    SERVER_SOURCE,
    exclusive,
    node,
    runtime_directory,
    say,
)
from timeseries.errors import EmbeddedDatabaseError

START_SECONDS = 90
STOP_SECONDS = 30
SSL_REQUEST = b"\0\0\0\x08\x04\xd2\x16\x2f"


@dataclass(frozen=True)
class ServerState:
    """A running embedded server."""

    pid: int
    port: int
    url: str
    data_dir: Path


@dataclass(frozen=True)
class _Files:
    """Where everything of one data directory lies."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "database"

    @property
    def lock(self) -> Path:
        return self.root / "server.lock"

    @property
    def state(self) -> Path:
        return self.root / "server.json"

    @property
    def password(self) -> Path:
        return self.root / "password"

    @property
    def log(self) -> Path:
        return self.root / "server.log"


def start(data_dir: Path) -> ServerState:
    """The running server of this directory, started if it was not.

    Raises:
        EmbeddedDatabaseError: it does not start; the message names the log.
    """
    files = _Files(data_dir.absolute())
    with ExitStack() as held:
        lock = _prepare(files, held)
        runtime = runtime_directory()
        deadline = time.monotonic() + START_SECONDS
        launched: subprocess.Popen[bytes] | None = None
        while time.monotonic() < deadline and (launched is None or launched.poll() is None):
            if launched is None and _try_lock(lock, fcntl.LOCK_EX):
                launched = _launch(files, lock, runtime)
            state = _read_state(files)
            if state is not None and _answers(state.port):
                if launched is not None:
                    launched.returncode = 0  # it outlives this process on purpose; Python would warn of it
                return state
            time.sleep(0.02)
    raise EmbeddedDatabaseError(
        f"The embedded database did not start; its log is {files.log}. "
        "Try `timeseries db stop`, or give a server with --database-url."
    )


def status(data_dir: Path) -> ServerState | None:
    """The running server of this directory, or None."""
    files = _Files(data_dir.absolute())
    return _read_state(files) if _is_running(files) else None


def stop(data_dir: Path) -> bool:
    """Stop the server of this directory; False when none runs. Open transactions are rolled back."""
    files = _Files(data_dir.absolute())
    if not _is_running(files):
        return False
    with suppress(ValueError):  # no number yet: it is being started at this moment
        pid = int(files.lock.read_text())
        _signal(pid, signal.SIGTERM)
        if not _wait_until_gone(files):
            _signal(pid, signal.SIGKILL)  # a statement that never ends; no committed row is lost
            _wait_until_gone(files)
    return not _is_running(files)


def _prepare(files: _Files, held: ExitStack) -> IO[str]:
    """Make the directory ready, hold the right to start its server, and open the server's lock."""
    try:
        files.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        held.enter_context(exclusive(files.root / "start.lock"))
        _make_password(files)
        return held.enter_context(files.lock.open("a"))
    except OSError as error:
        reason = "it is not a directory" if isinstance(error, FileExistsError) else error.strerror
        raise EmbeddedDatabaseError(
            f"Cannot use {files.root} as the data directory ({reason}): "
            "choose another with --data-dir, or give a server with --database-url."
        ) from error


def _make_password(files: _Files) -> None:
    if files.password.exists() and files.password.stat().st_size:
        return
    new = files.password.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(32))
    new.rename(files.password)  # whole or not at all, if the machine stops here


def _launch(files: _Files, lock: IO[str], runtime: Path) -> subprocess.Popen[bytes]:
    options = {
        "runtime": str(runtime),
        "dataDirectory": str(files.data),
        "stateFile": str(files.state),
        "passwordFile": str(files.password),
        "port": _last_port(files),
    }
    files.state.unlink(missing_ok=True)
    if not files.data.exists():
        say("Creating the embedded database …")
    with files.log.open("a") as log:
        process = subprocess.Popen(
            [node(), str(SERVER_SOURCE / "server.mjs"), json.dumps(options)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=[lock.fileno()],
            cwd=files.root,
            env={**os.environ, "NODE_OPTIONS": ""},
        )
    lock.truncate(0)
    lock.write(str(process.pid))
    lock.flush()
    return process


def _last_port(files: _Files) -> int:
    try:
        return int(json.loads(files.state.read_text())["port"])
    except (OSError, ValueError, KeyError):
        return 0


def _try_lock(lock: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_running(files: _Files) -> bool:
    if not files.lock.exists():
        return False
    with files.lock.open() as lock:  # shared: those who only ask must not look like a server to each other
        return not _try_lock(lock, fcntl.LOCK_SH)


def _read_state(files: _Files) -> ServerState | None:
    try:
        state = json.loads(files.state.read_text())
        password = files.password.read_text().strip()
    except (OSError, ValueError):
        return None
    url = f"postgresql://postgres:{password}@127.0.0.1:{state['port']}/postgres"
    return ServerState(int(state["pid"]), int(state["port"]), url, files.root)


def _answers(port: int) -> bool:
    """Whether PostgreSQL's protocol is spoken there: a process that is dying may still accept connections."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as probe:
            probe.sendall(SSL_REQUEST)
            return probe.recv(1) == b"N"
    except OSError:
        return False


def _wait_until_gone(files: _Files) -> bool:
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        if not _is_running(files):
            return True
        time.sleep(0.02)
    return False


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
