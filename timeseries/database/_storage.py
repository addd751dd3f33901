"""Compression and retention of the hypertables, and what they weigh."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from timeseries.database._columnstore import Progress, convert_due_chunks
from timeseries.database._database import Database
from timeseries.database._policies import policies
from timeseries.database._statements import statement

__all__ = ["TableSize", "compress", "retain", "table_sizes"]

COLUMNSTORE_TABLES = ("trades", "equity")

logger = logging.getLogger("timeseries.database")


@dataclass(frozen=True)
class TableSize:
    """What a hypertable weighs, indexes included; bytes.

    Attributes:
        rows: of compressed chunks as many as they first were compressed with, estimated for the others.
        before: what the compressed chunks weighed before; None when none is compressed.
        after: what they weigh now.
        total: all chunks together, as they are now.
    """

    table: str
    chunks: int
    compressed_chunks: int
    rows: int
    before: int | None
    after: int | None
    total: int


def compress(database: Database, *, progress: Progress | None = None) -> int:
    """Move every chunk that is old enough to the columnstore; returns how many.

    A compressed chunk that late rows were added to is compressed again. On the embedded database, which
    has no autovacuum, dead rows are cleared away as well. A server's own policies are left to do their
    work; only where one is missing, switched off, failing or overdue its table is compressed here.
    """
    if database.embedded:
        with database.autocommit() as connection:
            connection.execute(statement("storage.vacuum"))
    return convert_due_chunks(database, _tables_to_compress(database), progress=progress)


def _tables_to_compress(database: Database) -> list[str]:
    if database.embedded:
        return list(COLUMNSTORE_TABLES)
    # The server's policy compresses late rows too; two at work on a chunk would only wait for each other.
    now = datetime.now(UTC)
    known = {policy.what: policy for policy in policies(database, now=now) if policy.kind == "columnstore"}
    found = []
    for table in COLUMNSTORE_TABLES:
        trouble = known[table].trouble(now) if table in known else "is missing"
        if trouble is None:
            logger.info("Compressing %s is left to the server's columnstore policy.", table)
        else:
            logger.warning("Compressing %s here: the server's columnstore policy %s.", table, trouble)
            found.append(table)
    return found


def retain(database: Database, days: int | None) -> int:
    """Drop chunks of raw trades and equity older than so many days; returns how many. None keeps all."""
    if days is None:
        return 0
    with database.transaction() as connection:
        connection.execute(statement("storage.note_retention"), {"days": days})
        return len(connection.execute(statement("storage.drop_old_chunks"), {"days": days}).all())


def table_sizes(database: Database) -> list[TableSize]:
    """What trades, equity and daily metrics weigh."""
    with database.transaction() as connection:
        rows = connection.execute(statement("storage.table_sizes")).mappings().all()
    return [TableSize(**row) for row in rows]
