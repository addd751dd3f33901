"""Reading newline-delimited JSON: one object a line, its fields named as the columns of a file."""

import json
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.json as pajson
from numpy.typing import NDArray

from timeseries.ingest._kind import COLUMNS, Kind
from timeseries.ingest._rows import LONGEST_CONTENT, Malformed, Rows

__all__ = ["parse_json_lines"]

NO_OBJECT = "The line is not a JSON object."
# Left to itself Arrow reads a time without its zone, and a name of digits as a number.
TEXTS = pa.schema(
    (name, pa.string())
    for name in (
        *("account", "symbol", "side", "open_time", "close_time", "updated_at", "time"),
        *("plan", "currency", "reset_time", "time_zone", "phase", "account_group", "status"),
        *("opened_at", "closed_at", "max_drawdown_basis", "max_drawdown_mode", "daily_loss_basis"),
    )
)


def parse_json_lines(data: bytes, kind: Kind, *, line: int, first: int) -> Rows:
    """The rows of whole lines.

    Args:
        data: the lines, in UTF-8; what is not is replaced.
        line: number of the first of them, from 1.
        first: records that came before them.
    """
    data = data.replace(b"\0", b"?").decode(errors="replace").encode()
    texts = data.split(b"\n")
    lines = np.flatnonzero([bool(text.strip()) for text in texts])
    columns = _columns(data, len(lines))
    if columns is not None:
        return _rows(columns, texts, lines, kind, line, first, Malformed())
    objects = [_object(texts[number]) for number in lines]
    bad = np.array([found is None for found in objects], bool)
    content = pa.array([_text(texts[number]) for number in lines[bad]], pa.string())
    reasons = pa.array([NO_OBJECT] * int(bad.sum()), pa.string())
    malformed = Malformed(first + np.flatnonzero(bad), line + lines[bad], reasons, content)
    good = [found for found in objects if found is not None]
    columns = {name: pa.array([found.get(name) for found in good], pa.string()) for name in COLUMNS[kind].all}
    return _rows(columns, texts, lines, kind, line, first, malformed, ~bad)


def _columns(data: bytes, rows: int) -> dict[str, pa.Array] | None:
    """All lines at once; None when some line is odd, or a value of another type than in other lines."""
    if not rows:
        return {}
    try:
        table = pajson.read_json(
            BytesIO(data),
            pajson.ReadOptions(use_threads=False, block_size=len(data) + 1),
            pajson.ParseOptions(explicit_schema=TEXTS),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != rows:
        return None
    return {name: table.column(name).combine_chunks() for name in dict.fromkeys(table.column_names)}


def _object(text: bytes) -> dict[str, str | None] | None:
    try:
        found = json.loads(text, parse_float=str, parse_int=str)
    except ValueError:
        return None
    return {name: _value(value) for name, value in found.items()} if isinstance(found, dict) else None


def _value(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _rows(
    columns: dict[str, pa.Array],
    texts: list[bytes],
    lines: NDArray[np.int64],
    kind: Kind,
    line: int,
    first: int,
    malformed: Malformed,
    good: NDArray[np.bool_] | None = None,
) -> Rows:
    kept = np.arange(len(lines)) if good is None else np.flatnonzero(good)
    nothing = pa.nulls(len(kept), pa.string())
    return Rows(
        start=first,
        end=first + len(lines),
        positions=first + kept,
        lines=line + lines[kept],
        columns={name: columns.get(name, nothing) for name in COLUMNS[kind].all},
        raw=lambda chosen: pa.array([_text(texts[n]) for n in lines[kept[chosen]]], pa.string()),
        malformed=malformed,
    )


def _text(line: bytes) -> str:
    return line.decode().strip()[:LONGEST_CONTENT]
