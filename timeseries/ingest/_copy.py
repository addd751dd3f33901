"""COPY: fixed-width binary from NumPy, CSV from Arrow."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from timeseries.database import driver, statement

__all__ = ["as_timestamps", "copy_binary", "copy_text"]

# https://www.postgresql.org/docs/17/sql-copy.html#SQL-COPY-FILE-FORMATS
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
PIECE = 1 << 20
EPOCH = int(np.datetime64("2000-01-01", "s").astype(np.int64))


def as_timestamps(seconds: NDArray[np.int64]) -> NDArray[np.int64]:
    """UTC seconds as PostgreSQL keeps timestamps: microseconds since 2000."""
    return (seconds - EPOCH) * 1_000_000


def copy_binary(connection: Connection, name: str, columns: Mapping[str, NDArray[Any]]) -> None:
    """Run a COPY … FROM STDIN (FORMAT binary) of whole-number columns without nulls.

    The width of each array's type must be that of the column: int16, int32 or int64.
    """
    rows = len(next(iter(columns.values())))
    if not rows:
        return
    fields = [field for key, array in columns.items() for field in _field(key, array)]
    packed = np.empty(rows, np.dtype([("", ">i2"), *fields]))
    packed["f0"] = len(columns)
    for key, array in columns.items():
        packed[f"{key} bytes"] = array.dtype.itemsize
        packed[key] = array
    _send(connection, name, HEADER + packed.tobytes() + TRAILER)


def copy_text(connection: Connection, name: str, table: pa.Table) -> None:
    """Run a COPY … FROM STDIN (FORMAT csv); null is an empty field, an empty text is quoted."""
    if not table.num_rows:
        return
    sink = pa.BufferOutputStream()
    pacsv.write_csv(table, sink, pacsv.WriteOptions(include_header=False))
    _send(connection, name, sink.getvalue().to_pybytes())


def _field(key: str, array: NDArray[Any]) -> list[tuple[str, str]]:
    return [(f"{key} bytes", ">i4"), (key, f">i{array.dtype.itemsize}")]


def _send(connection: Connection, name: str, data: bytes) -> None:
    command = statement(name).text
    try:
        with driver(connection).cursor() as cursor, cursor.copy(command) as copy:
            for start in range(0, len(data), PIECE):
                copy.write(data[start : start + PIECE])
    except psycopg.Error as error:
        # As SQLAlchemy would raise it, so that COPY fails like every other statement.
        raise DBAPIError.instance(command, None, error, psycopg.Error) from error
