"""Rows of fixed width to and from binary COPY, so that no Python object a row is made.

A column is a NumPy array with one entry a row: integers are ``integer``, floats ``double precision``, and
arrays of more dimensions ``double precision[]``. Nothing is null.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import psycopg as dialect

from timeseries.database import driver, statement

__all__ = ["FLOAT", "INTEGER", "Kind", "copy_in", "copy_out"]

SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
FLOAT_TYPE = 701  # double precision's identifier, the same in every PostgreSQL
ITEM = np.dtype([("bytes", ">i4"), ("value", ">f8")])
INTEGER = np.dtype(">i4")
FLOAT = np.dtype(">f8")
Kind = np.dtype[Any] | tuple[int, ...]


def copy_in(connection: Connection, name: str, columns: Mapping[str, npt.NDArray[Any]]) -> None:
    """Send columns through the named ``COPY … FROM STDIN (FORMAT binary)``, in its order of columns."""
    rows = _as_rows(columns)
    with driver(connection).cursor() as cursor, cursor.copy(str(statement(name))) as copy:
        copy.write(SIGNATURE)
        copy.write(rows.tobytes())
        copy.write(TRAILER)


def copy_out(
    connection: Connection, name: str, values: Mapping[str, Any], fields: Mapping[str, Kind]
) -> dict[str, npt.NDArray[Any]]:
    """Read the named ``COPY … TO STDOUT (FORMAT binary)``.

    Args:
        values: the statement's parameters.
        fields: column → ``INTEGER``, ``FLOAT``, or the shape of its arrays; in the statement's order.

    Returns:
        column → array [rows], or [rows, *shape].
    """
    clause = statement(name)
    wanted = {key: values[key] for key in clause.compile().params}
    command = str(clause.compile(dialect=dialect.dialect()))  # type: ignore[no-untyped-call]
    with driver(connection).cursor() as cursor, cursor.copy(command, wanted) as copy:
        received = b"".join(copy)
    rows = np.frombuffer(received[len(SIGNATURE) : -len(TRAILER)], dtype=_row(fields))
    return {
        field: rows[field]["value"] if isinstance(kind, tuple) else rows[field]
        for field, kind in fields.items()
    }


def _as_rows(columns: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.void]:
    kinds = {name: _kind(values) for name, values in columns.items()}
    rows = np.zeros(len(next(iter(columns.values()))), _row(kinds))
    rows["fields"] = len(columns)
    for name, values in columns.items():
        kind = kinds[name]
        rows[f"{name} bytes"] = rows.dtype[name].itemsize
        if not isinstance(kind, tuple):
            rows[name] = values
            continue
        header = [len(kind), 0, FLOAT_TYPE, *(part for size in kind for part in (size, 1))]
        rows[f"{name} bytes"] += 4 * len(header)
        rows[f"{name} header"] = header
        rows[name]["bytes"] = FLOAT.itemsize
        rows[name]["value"] = values
    return rows


def _kind(values: npt.NDArray[Any]) -> Kind:
    if values.ndim > 1:
        return values.shape[1:]
    return INTEGER if values.dtype.kind == "i" else FLOAT


def _row(fields: Mapping[str, Kind]) -> np.dtype[np.void]:
    """A row as it is sent: the number of fields, then each with its length before it."""
    parts: list[Any] = [("fields", ">i2")]
    for name, kind in fields.items():
        parts.append((f"{name} bytes", ">i4"))
        if isinstance(kind, tuple):
            parts.append((f"{name} header", ">i4", (3 + 2 * len(kind),)))
            parts.append((name, ITEM, kind))
        else:
            parts.append((name, kind))
    return np.dtype(parts)
