"""Reading CSV as text columns, so that a bad value costs its row and not the file."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from timeseries.errors import InputError
from timeseries.ingest._header import match
from timeseries.ingest._kind import Kind
from timeseries.ingest._records import Block, blocks
from timeseries.ingest._rows import LONGEST_CONTENT, Malformed, Rows
from timeseries.ingest._source import Source, open_bytes

__all__ = ["Layout", "layout_of", "parse_block", "read_csv"]

BLOCK_BYTES = 2 << 20  # some 17,000 trades
LONGEST_HEADER = 1 << 16
LONGEST_PREAMBLE = 100  # blank lines before the header
DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Layout:
    """How the records of one file are written: the delimiter, and the known columns among all."""

    delimiter: str
    width: int
    known: dict[str, int]


def read_csv(source: Source, kind: Kind) -> Iterator[Rows]:
    """The rows of a CSV file, block by block; the header is checked before this returns.

    Raises:
        InputError: the columns are not those of the kind.
    """
    with open_bytes(source.path) as stream:
        layout, _ = _header(stream, source.path, kind)
    return _rows(source, kind, layout)


def _rows(source: Source, kind: Kind, layout: Layout) -> Iterator[Rows]:
    end = 0
    with open_bytes(source.path) as stream:
        _, line = _header(stream, source.path, kind)
        for block in blocks(stream, line, BLOCK_BYTES):
            rows = parse_block(block, layout, end)
            end = rows.end
            yield rows


def _header(stream: IO[bytes], path: Path, kind: Kind) -> tuple[Layout, int]:
    line, text = 1, _line(stream)
    while text and not text.strip() and line < LONGEST_PREAMBLE:
        line, text = line + 1, _line(stream)
    if not text.strip():
        raise InputError(f"{path} has no header line with column names.")
    return layout_of(text, str(path), kind), line + 1


def layout_of(text: str, name: str, kind: Kind) -> Layout:
    """How a file with this header line is written.

    Raises:
        InputError: the columns are not those of the kind.
    """
    delimiter = max(DELIMITERS, key=text.count)
    header = next(csv.reader([text], delimiter=delimiter))
    return Layout(delimiter, len(header), match(header, kind, name))


def _line(stream: IO[bytes]) -> str:
    return stream.readline(LONGEST_HEADER).decode("utf-8-sig", errors="replace")


def parse_block(block: Block, layout: Layout, first: int) -> Rows:
    """The rows of whole records; ``first`` records came before them."""
    table, refused = _table(block, layout)
    balanced = np.flatnonzero(~block.unbalanced)
    if table.num_rows + len(refused) != len(balanced):
        block = block.each_line_alone()
        table, refused = _table(block, layout)
        balanced = np.flatnonzero(~block.unbalanced)
    ill_sized = balanced[np.array([number - 1 for number, _ in refused], np.int64)]
    records = np.delete(balanced, [number - 1 for number, _ in refused])
    reasons = dict.fromkeys(np.flatnonzero(block.unbalanced).tolist(), "A quotation mark is not closed.")
    reasons |= {
        int(record): f"The line has {width} fields; the header has {layout.width}."
        for record, (_, width) in zip(ill_sized, refused, strict=True)
    }
    return Rows(
        start=first,
        end=first + len(block.lines),
        positions=first + records,
        lines=block.lines[records],
        columns={name: table.column(f"f{place}").combine_chunks() for name, place in layout.known.items()},
        raw=lambda chosen: _content(block, records[chosen]),
        malformed=_malformed(block, first, dict(sorted(reasons.items()))),
    )


def _table(block: Block, layout: Layout) -> tuple[pa.Table, list[tuple[int, int]]]:
    """All well-sized records, and the numbers (from 1) and field counts of the others."""
    refused: list[tuple[int, int]] = []

    def refuse(row: Any) -> str:
        refused.append((row.number, row.actual_columns))
        return "skip"

    data = block.balanced_bytes()
    columns = [f"f{place}" for place in range(layout.width)]
    if not data:
        return pa.table({column: pa.array([], pa.string()) for column in columns}), refused
    quoted = b'"' in data
    table = pacsv.read_csv(
        pa.py_buffer(data),
        pacsv.ReadOptions(column_names=columns, use_threads=False, block_size=len(data) + 1),
        pacsv.ParseOptions(
            delimiter=layout.delimiter,
            quote_char='"' if quoted else False,
            newlines_in_values=quoted,
            invalid_row_handler=refuse,
            ignore_empty_lines=False,
        ),
        pacsv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()),
            include_columns=[f"f{place}" for place in layout.known.values()],
            strings_can_be_null=False,
            check_utf8=False,
        ),
    )
    return table, refused


def _content(block: Block, records: NDArray[np.int64]) -> pa.Array:
    return pa.array([block.text(record)[:LONGEST_CONTENT] for record in records], pa.string())


def _malformed(block: Block, first: int, reasons: dict[int, str]) -> Malformed:
    records = np.fromiter(reasons, np.int64, len(reasons))
    return Malformed(
        first + records,
        block.lines[records],
        pa.array(list(reasons.values()), pa.string()),
        _content(block, records),
    )
