"""What the database does for a call: every statement it runs, and every chunk in each one's plan."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, event, text

from timeseries.database import Database

CHUNKS = text(
    """
    SELECT c.table_name AS chunk, coalesce(v.user_view_name, h.table_name) AS hypertable, false AS compressed
    FROM _timescaledb_catalog.chunk c
    JOIN _timescaledb_catalog.hypertable h ON h.id = c.hypertable_id
    LEFT JOIN _timescaledb_catalog.continuous_agg v ON v.mat_hypertable_id = h.id
    UNION ALL
    SELECT k.table_name, coalesce(v.user_view_name, h.table_name), true
    FROM _timescaledb_catalog.chunk c
    JOIN _timescaledb_catalog.chunk k ON k.id = c.compressed_chunk_id
    JOIN _timescaledb_catalog.hypertable h ON h.id = c.hypertable_id
    LEFT JOIN _timescaledb_catalog.continuous_agg v ON v.mat_hypertable_id = h.id
    """
)
CONDITIONS = ("Index Cond", "Recheck Cond", "Filter", "Vectorized Filter")
INDEX_SCANS = ("Index Scan", "Index Only Scan", "Bitmap Heap Scan")


@dataclass(frozen=True)
class Scan:
    """A chunk, or the compressed part of one, as a plan reads it; opened: it came to that when it ran."""

    hypertable: str
    chunk: str
    compressed: bool
    node: str
    condition: str
    opened: bool

    @property
    def by_index(self) -> bool:
        return self.node in INDEX_SCANS

    @property
    def by_batch_limits(self) -> bool:
        """Whether compressed batches are left out by what they say of their content."""
        return self.compressed and "_ts_meta_" in self.condition


def scans_of(database: Database, call: Callable[[], object]) -> list[Scan]:
    """The chunks in the plans of a call's statements, as planned with its own parameters."""
    with _statements_of(database) as statements:
        call()
    with database.transaction() as connection:
        chunks = {row.chunk: (row.hypertable, row.compressed) for row in connection.execute(CHUNKS)}
        return [scan for one in statements for scan in _scans(_plan(connection, *one), chunks)]


@contextmanager
def _statements_of(database: Database) -> Iterator[list[tuple[str, Any]]]:
    found: list[tuple[str, Any]] = []

    def note(connection, cursor, statement, parameters, context, executemany) -> None:
        found.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def _plan(connection: Connection, statement: str, parameters: Any) -> dict[str, Any]:
    return connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()[
        0
    ]["Plan"]


def _scans(plan: dict[str, Any], chunks: dict[str, tuple[str, bool]]) -> Iterator[Scan]:
    for node in _nodes(plan):
        relation = node.get("Relation Name")
        if relation in chunks and node["Node Type"] != "Custom Scan":
            hypertable, compressed = chunks[relation]
            condition = " ".join(str(node[name]) for name in CONDITIONS if name in node)
            yield Scan(
                hypertable, relation, compressed, node["Node Type"], condition, node["Actual Loops"] > 0
            )


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)
