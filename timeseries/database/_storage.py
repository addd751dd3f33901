"""Compression and retention of the hypertables, and what they weigh."""

from collections.abc import Callable
from dataclasses import dataclass

from timeseries.database._database import Database
from timeseries.database._statements import statement

__all__ = ["TableSize", "compress", "retain", "table_sizes"]


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


def compress(database: Database, *, progress: Callable[[str, int, int], None] | None = None) -> int:
    """Move every chunk that its table's policy finds due to the columnstore; returns how many.

    A compressed chunk that late rows were added to is compressed again. On the embedded database, which
    has no autovacuum, dead rows are cleared away as well.
    """
    with database.autocommit() as connection:
        if database.embedded:
            connection.execute(statement("storage.vacuum"))
        due = connection.execute(statement("storage.due_chunks")).scalars().all()
        for done, chunk in enumerate(due):
            if progress is not None:
                progress("compressing", done, len(due))
            connection.execute(statement("storage.compress_chunk"), {"chunk": chunk})
        if progress is not None and due:
            progress("compressing", len(due), len(due))
    return len(due)


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
