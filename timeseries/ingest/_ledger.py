"""The ledger of files and the quarantine of rows."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from timeseries.database import Database, statement
from timeseries.ingest._copy import copy_text
from timeseries.ingest._kind import Kind
from timeseries.ingest._outcome import Outcome
from timeseries.ingest._rows import LONGEST_CONTENT, Rows
from timeseries.ingest._source import Source

__all__ = [
    "Entry",
    "IngestedFile",
    "RejectedRow",
    "advance",
    "claim",
    "claim_again",
    "finish",
    "ingested_files",
    "lock",
    "rejected_rows",
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
    """Where the load of a file stands; ``rows_read`` records are committed."""

    file_id: int
    state: str
    rows_read: int
    rows_new: int
    rows_duplicate: int
    rows_rejected: int


def claim(connection: Connection, source: Source, kind: Kind) -> Entry:
    """Find or enter a file; one that was loaded with rejections begins again."""
    entry = _entered(connection, source, kind)
    if entry.state == "loading" or not entry.rows_rejected:
        return entry
    return _restart(connection, source, entry)


def claim_again(connection: Connection, source: Source, kind: Kind) -> tuple[Entry, bool]:
    """Find or enter a file that begins again in any case, and whether it was loaded before."""
    entry = _entered(connection, source, kind)
    return _restart(connection, source, entry), entry.state == "loaded"


def _entered(connection: Connection, source: Source, kind: Kind) -> Entry:
    key = {"kind": kind.value, "sha256": source.sha256}
    connection.execute(statement("ingest.claim_file"), {**key, "name": source.name})
    return lock(connection, source, kind)


def _restart(connection: Connection, source: Source, entry: Entry) -> Entry:
    connection.execute(statement("ingest.restart_file"), {"file_id": entry.file_id, "name": source.name})
    connection.execute(statement("ingest.forget_rejected_rows"), {"file_id": entry.file_id})
    return Entry(entry.file_id, "loading", 0, 0, 0, 0)


def lock(connection: Connection, source: Source, kind: Kind) -> Entry:
    """Where the load stands now; another load of the same file waits until this transaction ends."""
    key = {"kind": kind.value, "sha256": source.sha256}
    row = connection.execute(statement("ingest.lock_file"), key).one()
    return Entry(*row)


def advance(connection: Connection, file_id: int, rows: Rows, outcome: Outcome) -> None:
    """Count a batch and put its rejected rows into the quarantine."""
    rejected = _rejected(file_id, rows, outcome)
    copy_text(connection, "ingest.copy_rejected_rows", rejected)
    counts = {
        "rows_read": rows.end,
        "rows_new": outcome.new,
        "rows_duplicate": outcome.duplicate,
        "rows_rejected": rejected.num_rows,
    }
    connection.execute(statement("ingest.advance_file"), {"file_id": file_id, **counts})


def finish(connection: Connection, file_id: int) -> None:
    """Enter that all of the file is in."""
    connection.execute(statement("ingest.finish_file"), {"file_id": file_id})


def rejected_rows(database: Database, *, file: str | None = None, limit: int = 50) -> list[RejectedRow]:
    """Rows in the quarantine, newest file first.

    Args:
        database: where to look.
        file: only those of files with this name.
        limit: how many at most.
    """
    with database.transaction() as connection:
        found = connection.execute(statement("ingest.rejected_rows"), {"file": file, "limit": limit})
        return [RejectedRow(row.file, Kind(row.kind), *row[2:]) for row in found]


def ingested_files(database: Database) -> list[IngestedFile]:
    """Files that were loaded, wholly or in part, newest first."""
    with database.transaction() as connection:
        found = connection.execute(statement("ingest.ingested_files"))
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
