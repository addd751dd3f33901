"""Loading trades that a request brings: one batch, one transaction, and a verdict for every row."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection

from timeseries.database import Database, run
from timeseries.ingest._commit import persist
from timeseries.ingest._json_lines import parse_json_lines
from timeseries.ingest._kind import Kind
from timeseries.ingest._ledger import Entry, advance, begin_parts, finish, lock
from timeseries.ingest._outcome import Origin, Outcome
from timeseries.ingest._reach import refuse_beyond
from timeseries.ingest._report import Counts
from timeseries.ingest._rows import Rows
from timeseries.ingest._trade_merge import merge_trades
from timeseries.ingest._trades import TradeBatch

__all__ = ["RowVerdict", "RowVerdicts", "load_rows"]

Verdict = Literal["new", "duplicate", "changed", "rejected"]


@dataclass(frozen=True)
class RowVerdict:
    """What became of a row.

    Attributes:
        row: its place in the batch, from 0.
        verdict: ``new``; ``duplicate``: there already, or older than what is there; ``changed``: it took the
            place of an earlier version, or cancelled it; ``rejected``.
        field: which field it was rejected for; None for a row that is no object.
        reason: why, in a sentence; None where it was not rejected.
    """

    row: int
    verdict: Verdict
    field: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class RowVerdicts:
    """What became of a batch: how many rows of each verdict, and the verdicts in the rows' order."""

    new: int
    duplicate: int
    changed: int
    rejected: int
    verdicts: tuple[RowVerdict, ...]


def load_rows(
    database: Database,
    rows: Sequence[Mapping[str, object]],
    *,
    source: str,
    groups: Sequence[str] | None = None,
) -> RowVerdicts:
    """Load trades as JSON gives them, all of them in one transaction.

    Rows are checked, compared and kept as those of a file or stream are: loading them twice changes nothing,
    a ticket that comes with other values is another version of it, bad rows go to the quarantine. Times need
    their zone. A row without ``updated_at`` holds from the moment of the call on.

    Args:
        rows: the fields named as the columns of a file of trades; numbers as numbers or as text.
        source: who sends them; the name in the ledger and the quarantine.
        groups: of the only accounts that may be loaded; then rows may neither bring new symbols nor lie
            more than a week before their account was opened. None: any account.

    Raises:
        DatabaseError: the database went away; nothing of the batch was kept.
    """
    if not rows:
        return RowVerdicts(0, 0, 0, 0, ())
    parsed = parse_json_lines(_lines(rows), Kind.TRADES, line=1, first=0)
    batch = TradeBatch.parse(parsed, None)

    def attempt(cautious: bool) -> Outcome:
        with database.transaction() as connection:
            some = batch.since(0)
            if groups is not None:
                refuse_beyond(connection, some, groups)
            return _merge(connection, some, source, cautious=cautious)

    return _verdicts(parsed, persist(attempt))


def _lines(rows: Sequence[Mapping[str, object]]) -> bytes:
    # As lines of text they are read by the very code that reads a stream's.
    text = "\n".join(json.dumps(row, default=str, ensure_ascii=False) for row in rows)
    return text.encode(errors="replace")


def _merge(connection: Connection, batch: TradeBatch, source: str, *, cautious: bool) -> Outcome:
    key = {"source": source, "key": f"rows:{source}:{datetime.now(UTC):%Y-%m-%d}"}
    run(connection, "rows.enter", key)
    found = run(connection, "rows.entry", key).one()
    entry = Entry(found.file_id, "loading", found.now, parts=1, position=0, counts=Counts())
    begin_parts(connection, entry.file_id, entry.parts)
    outcome = merge_trades(batch, connection, Origin(entry.file_id, found.now), cautious=cautious)
    advance(connection, entry, 0, _behind(batch.rows, lock(connection, entry, 0)), outcome)
    finish(connection, entry.file_id)
    return outcome


def _behind(rows: Rows, position: int) -> Rows:
    """The rows with their lines counted on from those that came before on this day."""
    malformed = replace(rows.malformed, lines=rows.malformed.lines + position)
    return replace(rows, end=rows.end + position, lines=rows.lines + position, malformed=malformed)


def _verdicts(rows: Rows, outcome: Outcome) -> RowVerdicts:
    verdicts = [RowVerdict(row, "duplicate") for row in range(rows.count)]
    for row in rows.positions[outcome.added].tolist():
        verdicts[row] = RowVerdict(row, "new")
    for row in rows.positions[outcome.changed].tolist():
        verdicts[row] = RowVerdict(row, "changed")
    bad = rows.positions[outcome.faults.bad_rows].tolist()
    fields, reasons = (column.to_pylist() for column in outcome.faults.columns_and_reasons())
    for row, field, reason in zip(bad, fields, reasons, strict=True):
        verdicts[row] = RowVerdict(row, "rejected", field, reason)
    malformed = zip(rows.malformed.positions.tolist(), rows.malformed.reasons.to_pylist(), strict=True)
    for row, reason in malformed:
        verdicts[row] = RowVerdict(row, "rejected", None, reason)
    new, changed = outcome.new, outcome.corrected + outcome.cancelled
    rejected = len(bad) + len(rows.malformed.lines)
    return RowVerdicts(new, rows.count - new - changed - rejected, changed, rejected, tuple(verdicts))
