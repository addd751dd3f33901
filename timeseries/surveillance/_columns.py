"""Rows of whole numbers by binary COPY, so that no Python object a row is made."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import psycopg as dialect

from timeseries.database import driver, statement

__all__ = ["Ints", "copy_columns"]

Ints = npt.NDArray[np.int64]
HEADER_BYTES = 19
TRAILER_BYTES = 2


def copy_columns(
    connection: Connection, name: str, values: Mapping[str, Any], columns: Sequence[str]
) -> dict[str, Ints]:
    """Read the named ``COPY … TO STDOUT (FORMAT binary)``; every column is a ``bigint`` and never null."""
    clause = statement(name)
    wanted = {key: values[key] for key in clause.compile().params}
    command = str(clause.compile(dialect=dialect.dialect()))  # type: ignore[no-untyped-call]
    with driver(connection).cursor() as cursor, cursor.copy(command, wanted) as copy:
        received = b"".join(copy)
    rows = np.frombuffer(received[HEADER_BYTES : len(received) - TRAILER_BYTES], dtype=_row(columns))
    return {column: rows[column].astype(np.int64) for column in columns}


def _row(columns: Sequence[str]) -> np.dtype[np.void]:
    """A row as it is sent: the number of fields, then each with its length before it."""
    parts = [part for name in columns for part in ((f"{name} bytes", ">i4"), (name, ">i8"))]
    return np.dtype([("fields", ">i2"), *parts])
