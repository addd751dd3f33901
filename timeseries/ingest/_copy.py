"""COPY: fixed-width binary from NumPy, CSV from Arrow."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from timeseries.database import driver, statement

__all__ = ["EPOCH", "as_timestamps", "copy_binary", "copy_text"]

# https://www.postgresql.org/docs/17/sql-copy.html#SQL-COPY-FILE-FORMATS
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
PIECE = 1 << 20
ROWS_AT_ONCE = 1 << 16  # the embedded server takes a COPY as one piece
EPOCH = int(np.datetime64("2000-01-01", "s").astype(np.int64))


def as_timestamps(seconds: NDArray[np.int64]) -> NDArray[np.int64]:
    """UTC seconds as PostgreSQL keeps timestamps: microseconds since 2000."""
    return (seconds - EPOCH) * 1_000_000


def copy_binary(
    connection: Connection,
    name: str,
    columns: Mapping[str, NDArray[Any]],
    rows: NDArray[np.int64] | None = None,
) -> None:
    """Run a COPY … FROM STDIN (FORMAT binary) of booleans and whole numbers without nulls.

    Args:
        connection: inside a transaction.
        name: of the statement.
        columns: each array's type must be as wide as the column: bool, int16, int32 or int64.
        rows: which rows, in this order; all by default.
    """
    count = len(next(iter(columns.values()))) if rows is None else len(rows)
    for start in range(0, count, ROWS_AT_ONCE):
        piece = slice(start, start + ROWS_AT_ONCE)
        chosen = piece if rows is None else rows[piece]
        _send(
            connection, name, (HEADER, _packed({k: array[chosen] for k, array in columns.items()}), TRAILER)
        )


def _packed(columns: Mapping[str, NDArray[Any]]) -> memoryview:
    fields = [field for key, array in columns.items() for field in _field(key, array)]
    packed = np.empty(len(next(iter(columns.values()))), np.dtype([("", ">i2"), *fields]))
    packed["f0"] = len(columns)
    for key, array in columns.items():
        packed[f"{key} bytes"] = array.dtype.itemsize
        packed[key] = array
    return packed.view(np.uint8).data


def copy_text(connection: Connection, name: str, table: pa.Table) -> None:
    """Run a COPY … FROM STDIN (FORMAT csv); null is an empty field, an empty text is quoted."""
    if not table.num_rows:
        return
    sink = pa.BufferOutputStream()
    pacsv.write_csv(table, sink, pacsv.WriteOptions(include_header=False))
    _send(connection, name, (memoryview(sink.getvalue()),))


def _field(key: str, array: NDArray[Any]) -> list[tuple[str, str]]:
    return [(f"{key} bytes", ">i4"), (key, f">i{array.dtype.itemsize}")]


def _send(connection: Connection, name: str, data: Sequence[bytes | memoryview]) -> None:
    command = statement(name).text
    try:
        with driver(connection).cursor() as cursor, cursor.copy(command) as copy:
            for part in data:
                for start in range(0, len(part), PIECE):
                    copy.write(part[start : start + PIECE])
    except psycopg.Error as error:
        # As SQLAlchemy would raise it, so that COPY fails like every other statement.
        raise DBAPIError.instance(command, None, error, psycopg.Error) from error
