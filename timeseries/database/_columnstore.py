"""Moving due chunks to the columnstore one by one."""

from collections.abc import Callable, Sequence

from timeseries.database._database import Database
from timeseries.database._statements import run, statement

__all__ = ["Progress", "convert_due_chunks"]

Progress = Callable[[str, int, int], None]


def convert_due_chunks(database: Database, tables: Sequence[str], *, progress: Progress | None = None) -> int:
    """Compress the chunks of some hypertables that are old enough; returns how many.

    Old enough is what their columnstore policy says, without one 14 days. Between two chunks others get
    their turn on the embedded database, where a policy would hold its only session for all of them.

    Raises:
        DatabaseError: a chunk cannot be compressed; those before it are.
    """
    with database.autocommit() as connection:
        due = run(connection, "storage.due_chunks", {"tables": list(tables)}).scalars().all()
        for done, chunk in enumerate(due):
            if progress is not None:
                progress("compressing", done, len(due))
            connection.execute(statement("storage.compress_chunk"), {"chunk": chunk})
        if progress is not None and due:
            progress("compressing", len(due), len(due))
    return len(due)
