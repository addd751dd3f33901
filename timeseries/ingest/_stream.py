"""Loading what arrives through a pipe or a request: micro-batches, each committed and acknowledged."""

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, Any
from uuid import uuid4

import numpy as np

from timeseries.database import Database
from timeseries.errors import InputError
from timeseries.ingest._commit import WAYS, commit
from timeseries.ingest._csv import Layout, layout_of, parse_block
from timeseries.ingest._json_lines import parse_json_lines
from timeseries.ingest._kind import Kind
from timeseries.ingest._ledger import claim, finish
from timeseries.ingest._options import LoadOptions
from timeseries.ingest._outcome import Outcome
from timeseries.ingest._records import cut, last_safe_end
from timeseries.ingest._report import Counts
from timeseries.ingest._rows import Rows
from timeseries.ingest._source import Format, Source
from timeseries.ingest._times import to_utc

__all__ = ["Acknowledgement", "arriving", "load_stream"]

PIECE = 1 << 16
HEARTBEAT = 0.1  # seconds of silence after which a waiting batch is looked at
PIECES_WAITING = 64
LONGEST_LINE = 1 << 20


@dataclass(frozen=True)
class Acknowledgement:
    """A batch that is committed: what came up to here need not be sent again.

    Attributes:
        position: records of the stream that are done with.
        counts: what became of the batch's records.
        account: that of the batch's last record that was not rejected; None when it has none.
        ticket: of that record, for trades.
        time: of that record, for equity; UTC.
    """

    position: int
    counts: Counts
    account: str | None
    ticket: int | None = None
    time: datetime | None = None


def load_stream(
    database: Database,
    kind: Kind | str,
    pieces: Iterable[bytes],
    *,
    name: str = "standard input",
    options: LoadOptions | None = None,
    most_rows: int = 5_000,
    most_seconds: float = 1.0,
) -> Iterator[Acknowledgement]:
    """Load newline-delimited JSON, or CSV with its header, as it arrives.

    Records are committed together when there are enough of them or the first has waited long enough.
    A sender that repeats everything after the last acknowledgement loses and doubles nothing: what
    had been committed is found to be there. Bad records go to the quarantine, under the stream's name.

    Args:
        database: where to.
        kind: what arrives.
        pieces: bytes, cut anywhere; an empty piece says that time has passed. See ``arriving``.
        name: of the stream, in the ledger and the quarantine.
        options: how to read times without a zone.
        most_rows, most_seconds: bounds of a batch.

    Raises:
        InputError: what arrives is neither, or the CSV header lacks columns.
        DatabaseError: the database went away; what was acknowledged is kept.
    """
    kind, options = Kind(kind), options or LoadOptions()
    naive = to_utc(options.time_zone) if options.time_zone else None
    source = Source(Path(name), Format.CSV, f"stream:{uuid4().hex}", 0)
    entry, began = None, 0.0
    for rows in _batches(pieces, kind, name, most_rows, most_seconds):
        batch = WAYS[kind].parse(rows, naive)
        if entry is None:
            with database.transaction() as connection:
                entry, began = claim(connection, source, kind), time.monotonic()
        # Undated rows hold from now on, however long ago the stream began.
        now = entry.first_seen + int((time.monotonic() - began) * 1_000_000) - rows.start
        outcome = commit(database, WAYS[kind], replace(entry, first_seen=now), 0, batch)
        yield _acknowledgement(batch, outcome, kind)
    if entry is not None:
        with database.transaction() as connection:
            finish(connection, entry.file_id)


def arriving(stream: IO[bytes]) -> Iterator[bytes]:
    """What comes through a pipe, as it comes; an empty piece after every moment of silence."""
    pieces: Queue[bytes | BaseException] = Queue(PIECES_WAITING)

    def read() -> None:
        try:
            # Not through the buffer: a thread that waits in there cannot be left behind at the end.
            while piece := os.read(stream.fileno(), PIECE):
                pieces.put(piece)
            pieces.put(b"")
        except (OSError, ValueError) as error:
            pieces.put(error)

    Thread(target=read, daemon=True).start()
    while True:
        try:
            piece = pieces.get(timeout=HEARTBEAT)
        except Empty:
            yield b""
            continue
        if isinstance(piece, BaseException):
            raise InputError(f"The input cannot be read any further: {piece}.") from piece
        if not piece:
            return
        yield piece


def _batches(
    pieces: Iterable[bytes], kind: Kind, name: str, most_rows: int, most_seconds: float
) -> Iterator[Rows]:
    """Rows in micro-batches; the last record of all may lack its line end."""
    reader, rest, since = _Reader(kind, name), b"", 0.0
    for piece in pieces:
        since = since if rest else time.monotonic()
        rest += piece
        full = rest.count(b"\n") >= most_rows
        if rest and (full or time.monotonic() - since >= most_seconds):
            rows, rest = reader.read(rest)
            since = time.monotonic()
            if rows is not None:
                yield rows
        if len(rest) > LONGEST_LINE and b"\n" not in rest:
            raise InputError(f"{name} has a line of more than {LONGEST_LINE >> 20} MB: this is no text.")
    if rest.strip():
        rows, _ = reader.read(rest if rest.endswith(b"\n") else rest + b"\n")
        if rows is not None:
            yield rows


class _Reader:
    """Knows how the stream is written from its first line on, and how far it has been read."""

    def __init__(self, kind: Kind, name: str) -> None:
        self._kind, self._name = kind, name
        self._layout: Layout | None = None
        self._is_json: bool | None = None
        self._line, self._position = 1, 0

    def read(self, data: bytes) -> tuple[Rows | None, bytes]:
        """The rows of all whole records, and what is left over."""
        if self._is_json is None:
            data = self._begin(data)
        end = data.rfind(b"\n") + 1 if self._is_json else last_safe_end(data)
        if self._is_json is None or not data[:end].strip():
            return None, data
        rows = self._rows(data[:end])
        self._line += data.count(b"\n", 0, end)
        self._position = rows.end
        return rows, data[end:]

    def _begin(self, data: bytes) -> bytes:
        """Find out what the stream is; the header is taken off."""
        data = data.removeprefix(b"\xef\xbb\xbf")
        while data and b"\n" in data and not data[: data.index(b"\n")].strip():
            data, self._line = data[data.index(b"\n") + 1 :], self._line + 1
        if b"\n" not in data:
            return data
        first = data[: data.index(b"\n")].strip()
        if first.startswith(b"{"):
            self._is_json = True
            return data
        if first.startswith((b"<", b"PAR1", b"PK", b"\x1f\x8b", b"[")):
            raise InputError(
                f"{self._name} must be newline-delimited JSON or CSV; load files by their names."
            )
        self._layout = layout_of(first.decode(errors="replace"), self._name, self._kind)
        self._is_json, self._line = False, self._line + 1
        return data[data.index(b"\n") + 1 :]

    def _rows(self, data: bytes) -> Rows:
        if self._layout is None:
            return parse_json_lines(data, self._kind, line=self._line, first=self._position)
        text = data.decode(errors="replace").encode()
        return parse_block(cut(text, self._line), self._layout, self._position)


def _acknowledgement(batch: Any, outcome: Outcome | None, kind: Kind) -> Acknowledgement:
    assert outcome is not None  # nobody else loads this stream
    rejected = len(outcome.faults.bad_rows) + len(batch.rows.malformed.lines)
    counts = Counts(
        rows_read=batch.rows.count,
        rows_new=outcome.new,
        rows_duplicate=outcome.duplicate,
        rows_corrected=outcome.corrected,
        rows_cancelled=outcome.cancelled,
        rows_rejected=rejected,
    )
    good = np.flatnonzero(outcome.faults.good)
    if not len(good) or kind not in (Kind.TRADES, Kind.EQUITY):
        return Acknowledgement(batch.rows.end, counts, None)
    last = good[-1]
    return Acknowledgement(
        position=batch.rows.end,
        counts=counts,
        account=batch.account.distinct[batch.account.codes[last]],
        ticket=int(batch.fixed["ticket"][last]) if kind is Kind.TRADES else None,
        time=datetime.fromtimestamp(int(batch.time[last]), UTC) if kind is Kind.EQUITY else None,
    )
