"""Embedded servers and hostile clients, for the tests of this room."""

import os
import shutil
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from timeseries.database import embedded
from timeseries.database.embedded import ServerState

Connect = Callable[..., psycopg.Connection]


@pytest.fixture(scope="module")
def server(database_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerState]:
    """An embedded server with the schema, whichever database the other tests run on."""
    with running_copy(database_template, tmp_path_factory.mktemp("server") / "data") as state:
        yield state


@pytest.fixture
def data_dir(database_template: Path, tmp_path: Path) -> Iterator[Path]:
    """A data directory with the schema and no server yet; whatever server a test starts in it is stopped."""
    directory = tmp_path / "data"
    shutil.copytree(database_template, directory)
    try:
        yield directory
    finally:
        embedded.stop(directory)
        shutil.rmtree(directory)


@contextmanager
def running_copy(template: Path, directory: Path) -> Iterator[ServerState]:
    shutil.copytree(template, directory)
    try:
        yield embedded.start(directory)
    finally:
        embedded.stop(directory)
        shutil.rmtree(directory)


@pytest.fixture
def connect(server: ServerState) -> Iterator[Connect]:
    """Open autocommit connections to the server; those still open at the end are closed."""
    opened: list[psycopg.Connection] = []

    def connect_to_it(**options: object) -> psycopg.Connection:
        connection = psycopg.connect(server.url, **{"autocommit": True, **options})  # type: ignore[arg-type]
        opened.append(connection)
        return connection

    yield connect_to_it
    for connection in opened:
        connection.close()


@pytest.fixture
def raw(server: ServerState) -> Iterator[Callable[[], "RawClient"]]:
    """Open authenticated raw connections, to send exactly the bytes a test wants."""
    opened: list[RawClient] = []

    def open_one() -> RawClient:
        opened.append(RawClient(server.url))
        return opened[-1]

    yield open_one
    for client in opened:
        client.socket.close()


@pytest.fixture(scope="module")
def one_raw(server: ServerState) -> Iterator["RawClient"]:
    """One raw connection for all examples of a property."""
    client = RawClient(server.url)
    yield client
    client.socket.close()


class RawClient:
    """A PostgreSQL connection whose bytes are ours: psycopg signs in, then its socket is taken over."""

    def __init__(self, url: str) -> None:
        with closing(psycopg.connect(url, autocommit=True)) as connection, Path(os.devnull).open() as null:
            self.socket = socket.socket(fileno=os.dup(connection.fileno()))
            self.cancel = connection.pgconn.get_cancel().cancel
            # psycopg's goodbye goes to nowhere, and the server keeps the session.
            os.dup2(null.fileno(), connection.fileno())
        self.socket.setblocking(True)
        self.socket.settimeout(20)

    def send(self, *messages: bytes) -> None:
        self.socket.sendall(b"".join(messages))

    def read_message(self) -> tuple[str, bytes]:
        kind, length = struct.unpack("!cI", self._exactly(5))
        return kind.decode(), self._exactly(length - 4)

    def answer(self) -> list[tuple[str, bytes]]:
        """Everything up to and with the next ReadyForQuery."""
        messages = [self.read_message()]
        while messages[-1][0] != "Z":
            messages.append(self.read_message())
        return messages

    def kinds(self) -> str:
        return "".join(kind for kind, _ in self.answer())

    def ask(self, *messages: bytes) -> str:
        """Send, and give the kinds of messages that come back."""
        self.send(*messages)
        return self.kinds()

    def vanish(self) -> None:
        """Break the connection with a reset, as a killed machine would."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _exactly(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = self.socket.recv(size - len(parts))
            if not part:
                raise ConnectionError("the server hung up")
            parts += part
        return bytes(parts)

    # ---- messages

    @staticmethod
    def message(kind: str, *parts: bytes | str) -> bytes:
        body = b"".join(part.encode() + b"\0" if isinstance(part, str) else part for part in parts)
        return kind.encode() + struct.pack("!I", len(body) + 4) + body

    @classmethod
    def query(cls, text: str) -> bytes:
        return cls.message("Q", text)

    @classmethod
    def parse(cls, statement: str, name: str = "") -> bytes:
        return cls.message("P", name, statement, struct.pack("!H", 0))

    @classmethod
    def bind(cls, *values: str, name: str = "") -> bytes:
        packed = b"".join(struct.pack("!I", len(value.encode())) + value.encode() for value in values)
        return cls.message("B", "", name, struct.pack("!HH", 0, len(values)), packed, struct.pack("!H", 0))

    @classmethod
    def run(cls, statement: str, *values: str) -> bytes:
        """The messages of one unnamed statement, without Sync."""
        return cls.parse(statement) + cls.bind(*values) + cls.EXECUTE

    @classmethod
    def data(cls, rows: bytes) -> bytes:
        return cls.message("d", rows)

    EXECUTE = b"E\0\0\0\x09\0\0\0\0\0"
    SYNC = b"S\0\0\0\4"
    FLUSH = b"H\0\0\0\4"
    COPY_DONE = b"c\0\0\0\4"
