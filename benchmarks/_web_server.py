"""`timeseries serve` as people start it, in a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

import psutil

__all__ = ["Served", "serve"]

PATIENCE = 60.0


@dataclass(frozen=True)
class Served:
    """A server that runs: its address and its process."""

    base: str
    process: psutil.Process

    def processor_seconds(self) -> float:
        """Used so far by the server and what it started; the database's are not among them."""
        mine = [self.process, *self.process.children(recursive=True)]
        return sum(sum(one.cpu_times()[:2]) for one in mine)


@contextmanager
def serve(*, database_url: str | None, data_dir: Path | None, pool: int) -> Iterator[Served]:
    """Serve a database at a free port of the loopback interface, without a limit of requests."""
    with TemporaryDirectory() as directory:
        settings = Path(directory) / "timeseries.toml"
        settings.write_text(f"[web]\nrequests_per_minute = 0\npool = {pool}\n")
        given = {"TIMESERIES_DATABASE_URL": database_url, "TIMESERIES_DATA_DIR": data_dir}
        environment = os.environ | {name: str(value) for name, value in given.items() if value is not None}
        environment["TIMESERIES_CONFIG"] = str(settings)
        address = f"127.0.0.1:{_free_port()}"
        program = Path(sys.executable).with_name("timeseries")
        with (Path(directory) / "log").open("w+") as log:
            command = [str(program), "serve", "--listen", address]
            running = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
            try:
                _wait(f"http://{address}", running, Path(log.name))
                yield Served(f"http://{address}", psutil.Process(running.pid))
            finally:
                running.terminate()
                running.wait(PATIENCE)


def _wait(base: str, running: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and running.poll() is None:
        with suppress(URLError, TimeoutError), urlopen(f"{base}/api/v1/health", timeout=PATIENCE):
            return
        time.sleep(0.1)
    raise RuntimeError(f"the server does not answer: {log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
