"""One batch, one transaction: its rows, the days they touch, its rejects, and its place in the ledger."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

from psycopg.errors import DeadlockDetected, UniqueViolation
from sqlalchemy import Connection

from timeseries.database import Database
from timeseries.errors import DatabaseError, InputError
from timeseries.ingest._accounts import AccountBatch
from timeseries.ingest._equity import EquityBatch
from timeseries.ingest._kind import Kind
from timeseries.ingest._ledger import Entry, advance, lock
from timeseries.ingest._outcome import Origin, Outcome
from timeseries.ingest._plans import PlanBatch
from timeseries.ingest._rows import Rows
from timeseries.ingest._times import ToUtc
from timeseries.ingest._trade_merge import merge_trades
from timeseries.ingest._trades import TradeBatch

__all__ = ["WAYS", "Batch", "Way", "commit", "persist"]

ATTEMPTS = 3
Done = TypeVar("Done")


class Batch(Protocol):
    """Rows of one kind, read as far as possible without the database."""

    @property
    def rows(self) -> Rows:
        """Where they stand in the file."""

    def since(self, position: int) -> Self:
        """Without the rows before a position in the file, and with faults of its own."""


class Merge(Protocol):
    """Brings a batch into its table, inside the caller's transaction."""

    def __call__(self, batch: Any, /, connection: Connection, origin: Origin, *, cautious: bool) -> Outcome:
        """``cautious``: rely on no mark of what has been loaded."""


@dataclass(frozen=True)
class Way:
    """The way of one kind of rows: checked and converted, joined with their neighbours, merged."""

    parse: Callable[[Rows, ToUtc | None], Any]
    join: Callable[[Sequence[Any]], Any]
    merge: Merge


WAYS = {
    Kind.PLANS: Way(PlanBatch.parse, PlanBatch.join, PlanBatch.merge),
    Kind.ACCOUNTS: Way(AccountBatch.parse, AccountBatch.join, AccountBatch.merge),
    Kind.TRADES: Way(TradeBatch.parse, TradeBatch.join, merge_trades),
    Kind.EQUITY: Way(EquityBatch.parse, EquityBatch.join, EquityBatch.merge),
}


def commit(database: Database, way: Way, entry: Entry, part: int, batch: Batch) -> Outcome | None:
    """Merge a batch in one transaction; None when all of it had been committed before.

    Raises:
        InputError: another command has begun the file again meanwhile.
    """
    return persist(lambda cautious: _commit(database, way, entry, part, batch, cautious=cautious))


def persist(attempt: Callable[[bool], Done]) -> Done:
    """Do a transaction again that another one came in the way of; told True it is to rely on no mark."""
    cautious = False
    for _ in range(ATTEMPTS):
        try:
            return attempt(cautious)
        except DatabaseError as error:
            reason = getattr(error.__cause__, "orig", None)
            if not isinstance(reason, UniqueViolation | DeadlockDetected):
                raise
            # Somebody else wrote rows beyond the marks; with every row looked up that is no matter.
            cautious |= isinstance(reason, UniqueViolation)
    return attempt(True)


def _commit(
    database: Database, way: Way, entry: Entry, part: int, batch: Batch, *, cautious: bool
) -> Outcome | None:
    with database.transaction() as connection:
        position = lock(connection, entry, part)
        if position >= batch.rows.end:
            return None
        if position < batch.rows.start:
            raise InputError(
                "Another command began to load the same file again; run this one again after it."
            )
        left = batch.since(position)
        outcome = way.merge(left, connection, Origin(entry.file_id, entry.first_seen), cautious=cautious)
        advance(connection, entry, part, left.rows, outcome)
        return outcome
