"""The ledger of files and the quarantine of rows."""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from timeseries.database import Database, statement
from timeseries.ingest._copy import copy_text
from timeseries.ingest._kind import Kind
from timeseries.ingest._outcome import Outcome
from timeseries.ingest._report import Counts
from timeseries.ingest._rows import LONGEST_CONTENT, Rows
from timeseries.ingest._source import Source

__all__ = [
    "Entry",
    "IngestedFile",
    "RejectedRow",
    "advance",
    "begin_parts",
    "claim",
    "claim_again",
    "finish",
    "ingested_files",
    "lock",
    "rejected_rows",
    "standing",
]


@dataclass(frozen=True)
class IngestedFile:
    """A file in the ledger, with the counts of its last load."""

    name: str
    kind: Kind
    state: str
    rows_read: int
    rows_new: int
    rows_duplicate: int
    rows_corrected: int
    rows_cancelled: int
    rows_rejected: int
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class RejectedRow:
    """A row in the quarantine: ``content`` is its text in the file (500 characters at most)."""

    file: str
    kind: Kind
    line: int
    column_name: str
    reason: str
    content: str
    rejected_at: datetime


@dataclass(frozen=True)
class Entry:
    """Where the load of a file stands.

    Attributes:
        first_seen: when its content was first met, in UTC microseconds; it dates undated rows.
        parts: into how many parts its rows are divided by account.
        position: records of the file that every part is done with.
        counts: what became of the rows.
    """

    file_id: int
    state: str
    first_seen: int
    parts: int
    position: int
    counts: Counts


def claim(connection: Connection, source: Source, kind: Kind, *, parts: int = 1) -> Entry:
    """Find or enter a file; one that was loaded with rejections begins again.

    Args:
        parts: how to divide it, unless a load that was broken off has divided it already.
    """
    entry = _entered(connection, source, kind, parts)
    if entry.state == "loading" or not entry.counts.rows_rejected:
        return entry
    return _restart(connection, source, entry, parts)


def claim_again(connection: Connection, source: Source, kind: Kind) -> tuple[Entry, bool]:
    """Find or enter a file that begins again in any case, and whether it was loaded before.

    Whoever loads it again may mean it otherwise, so its undated rows count as of now.
    """
    entry = _entered(connection, source, kind, 1)
    now = connection.execute(statement("files.lock_file"), _key(source, kind)).one().now
    return replace(_restart(connection, source, entry, 1), first_seen=now), entry.state == "loaded"


def _entered(connection: Connection, source: Source, kind: Kind, parts: int) -> Entry:
    connection.execute(statement("files.claim_file"), {**_key(source, kind), "name": source.name})
    found = connection.execute(statement("files.lock_file"), _key(source, kind)).one()
    begin_parts(connection, found.file_id, parts)
    return _entry(connection, found.file_id, found.state, found.first_seen)


def begin_parts(connection: Connection, file_id: int, parts: int) -> None:
    """Enter the parts that a file is loaded in, if it has none yet."""
    connection.execute(statement("files.begin_parts"), {"file_id": file_id, "parts": parts})


def _key(source: Source, kind: Kind) -> dict[str, str]:
    return {"kind": kind.value, "sha256": source.sha256}


def _entry(connection: Connection, file_id: int, state: str, first_seen: int) -> Entry:
    row = connection.execute(statement("files.file_parts"), {"file_id": file_id}).one()
    counts = Counts(**{name: int(value) for name, value in row._mapping.items() if name.startswith("rows_")})
    return Entry(file_id, state, first_seen, int(row.parts), int(row.position), counts)


def _restart(connection: Connection, source: Source, entry: Entry, parts: int) -> Entry:
    key = {"file_id": entry.file_id}
    connection.execute(statement("files.restart_file"), {**key, "name": source.name})
    connection.execute(statement("files.forget_rejected_rows"), key)
    connection.execute(statement("files.forget_parts"), key)
    begin_parts(connection, entry.file_id, parts)
    return _entry(connection, entry.file_id, "loading", entry.first_seen)


def standing(connection: Connection, entry: Entry) -> Entry:
    """The same entry as it stands now."""
    return _entry(connection, entry.file_id, entry.state, entry.first_seen)


def lock(connection: Connection, entry: Entry, part: int) -> int:
    """The position of one part; another load of the same part waits until this transaction ends."""
    position = connection.scalar(statement("files.lock_part"), {"file_id": entry.file_id, "part": part})
    # Without the row another command has begun the file again, and divided it otherwise.
    return -1 if position is None else int(position)


def advance(connection: Connection, entry: Entry, part: int, rows: Rows, outcome: Outcome) -> None:
    """Count a batch and put its rejected rows into the quarantine."""
    rejected = _rejected(entry.file_id, rows, outcome)
    copy_text(connection, "files.copy_rejected_rows", rejected)
    counts = {
        "file_id": entry.file_id,
        "part": part,
        "position": rows.end,
        "rows_read": rows.count,
        "rows_new": outcome.new,
        "rows_duplicate": outcome.duplicate,
        "rows_corrected": outcome.corrected,
        "rows_cancelled": outcome.cancelled,
        "rows_rejected": rejected.num_rows,
    }
    connection.execute(statement("files.advance_part"), counts)


def finish(connection: Connection, file_id: int) -> None:
    """Enter that all of the file is in."""
    connection.execute(statement("files.finish_file"), {"file_id": file_id})


def rejected_rows(database: Database, *, file: str | None = None, limit: int = 50) -> list[RejectedRow]:
    """Rows in the quarantine, newest file first.

    Args:
        database: where to look.
        file: only those of files with this name.
        limit: how many at most.
    """
    with database.transaction() as connection:
        found = connection.execute(statement("files.rejected_rows"), {"file": file, "limit": limit})
        return [RejectedRow(row.file, Kind(row.kind), *row[2:]) for row in found]


def ingested_files(database: Database) -> list[IngestedFile]:
    """Files that were loaded, wholly or in part, newest first."""
    with database.transaction() as connection:
        found = connection.execute(statement("files.ingested_files"))
        return [IngestedFile(row.name, Kind(row.kind), *row[2:]) for row in found]


def _rejected(file_id: int, rows: Rows, outcome: Outcome) -> pa.Table:
    bad, malformed = outcome.faults.bad_rows, rows.malformed
    columns, reasons = outcome.faults.columns_and_reasons()
    lines = np.concatenate([rows.lines[bad], malformed.lines])
    return pa.table(
        {
            "file_id": np.full(len(lines), file_id),
            "line": lines,
            "column_name": _both(columns, pa.array([""] * len(malformed.lines), pa.string())),
            "reason": _both(reasons, malformed.reasons),
            "content": _both(_storable(rows.raw(bad)), malformed.content),
        }
    )


def _both(first: pa.Array, second: pa.Array) -> pa.Array:
    return pa.concat_arrays([first, second])


def _storable(content: pa.Array) -> pa.Array:
    """The database's text has no NUL, which Parquet may hold."""
    text = pa.compute.replace_substring(content, "\0", "?")
    return pa.compute.utf8_slice_codeunits(text, 0, LONGEST_CONTENT)
