"""Fifty clients that ask one web server, from one process with one thread: never more than one core.

The client speaks just enough HTTP/1.1 to be cheap beside what it measures; what it costs is measured with it.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np

__all__ = ["Load", "Measured", "put_load"]

HEADERS = "Accept: application/json\r\nAccept-Encoding: gzip\r\nConnection: keep-alive\r\n"
WORST_SECONDS = 60.0


@dataclass(frozen=True)
class Load:
    """What to ask.

    Attributes:
        base: of the server, such as ``http://127.0.0.1:8080``.
        paths: asked in an order of chance, so that not every client wants the same.
        clients: at the same time, each on a connection of its own.
        seconds: for so long.
        every: seconds from one request of a client to its next; None: as soon as it is answered.
        token: sent along, where the server wants one.
    """

    base: str
    paths: Sequence[str]
    clients: int
    seconds: float
    every: float | None = None
    token: str | None = None


@dataclass(frozen=True)
class Measured:
    """What came of it; times in milliseconds, counted from when a request was due.

    Attributes:
        rate: answers a second.
        errors: answers that were none, or not 200.
        kilobytes: of the median answer, as sent.
        load_cores: processor time of the clients as a share of one core.
    """

    requests: int
    rate: float
    p50: float
    p95: float
    p99: float
    errors: int
    kilobytes: float
    load_cores: float


def put_load(load: Load) -> Measured:
    """Run it in this process."""
    begun, used = time.perf_counter(), time.process_time()
    times, sizes, errors = asyncio.run(_all(load))
    took = time.perf_counter() - begun
    cores = (time.process_time() - used) / took
    at = np.percentile(times, (50, 95, 99)) * 1000 if times else (np.nan,) * 3
    size = float(np.median(sizes)) / 1024 if sizes else 0.0
    count = len(times)
    return Measured(count, count / took, *(round(float(one), 2) for one in at), errors, size, cores)


async def _all(load: Load) -> tuple[list[float], list[int], int]:
    clients = [_Client(load, number) for number in range(load.clients)]
    await asyncio.gather(*(client.work() for client in clients))
    return (
        [one for client in clients for one in client.times],
        [one for client in clients for one in client.sizes],
        sum(client.errors for client in clients),
    )


class _Client:
    def __init__(self, load: Load, number: int) -> None:
        self.times: list[float] = []
        self.sizes: list[int] = []
        self.errors = 0
        self._load = load
        self._chance = random.Random(number)
        where = urlsplit(load.base)
        self._address = where.hostname, where.port
        token = f"Authorization: Bearer {load.token}\r\n" if load.token else ""
        self._headers = f"Host: {where.netloc}\r\n{HEADERS}{token}\r\n"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def work(self) -> None:
        begun = time.perf_counter()
        every = self._load.every
        due = begun if every is None else begun + self._chance.random() * every
        while due - begun < self._load.seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await self._note(due)
            due = time.perf_counter() if every is None else due + every
        await self._close()

    async def _note(self, due: float) -> None:
        try:
            status, size = await asyncio.wait_for(self._ask(), WORST_SECONDS)
        except (OSError, EOFError, TimeoutError, ValueError):
            await self._close()
            status, size = 0, 0
        self.times.append(time.perf_counter() - due)
        self.errors += status != 200
        if status == 200:
            self.sizes.append(size)

    async def _ask(self) -> tuple[int, int]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._address)
        reader, writer = self._streams
        path = self._chance.choice(self._load.paths)
        writer.write(f"GET {path} HTTP/1.1\r\n{self._headers}".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        return int(head[0].split()[1]), await _body(reader, fields)

    async def _close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _body(reader: asyncio.StreamReader, fields: dict[str, str]) -> int:
    if fields.get("transfer-encoding") != "chunked":
        return len(await reader.readexactly(int(fields.get("content-length", "0"))))
    total = 0
    while length := int(await reader.readline(), 16):
        total += len(await reader.readexactly(length))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return total
