"""Cutting CSV bytes into records, so that every row knows its line in the file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

__all__ = ["Block", "blocks", "cut", "last_safe_end"]

# A quoted value may hold line ends, but one forgotten quotation mark must not swallow the file.
LONGEST_RECORD_LINES = 20
# The return at the very end may have its newline in the bytes still to come.
LONE_RETURN = re.compile(rb"\r(?!\n|\Z)")


@dataclass(frozen=True)
class Block:
    """Whole records of a CSV file.

    Attributes:
        data: their bytes.
        starts, ends: where each record lies in ``data``; the line end is included. Blank lines have none.
        lines: line of the file where each begins, from 1.
        unbalanced: records with a quotation mark too many.
        spans_lines: some record holds a line end inside quotation marks.
    """

    data: bytes
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    lines: NDArray[np.int64]
    unbalanced: NDArray[np.bool_]
    spans_lines: bool

    def text(self, record: int) -> str:
        """One record without its line end."""
        return self.data[self.starts[record] : self.ends[record]].decode().rstrip("\r\n")

    def each_line_alone(self) -> "Block":
        """The same, taking every odd quotation mark for a mistake."""
        return _block(self.data, int(self.lines[0]), pair=False)

    def balanced_bytes(self) -> bytes:
        """The bytes of the records that are not unbalanced, and of no blank line."""
        starts, ends = self.starts[~self.unbalanced], self.ends[~self.unbalanced]
        if not len(starts):
            return b""
        gap = np.flatnonzero(starts[1:] != ends[:-1])
        runs = zip(starts[np.r_[0, gap + 1]], ends[np.r_[gap, len(ends) - 1]], strict=True)
        return b"".join(self.data[start:end] for start, end in runs)


def blocks(stream: IO[bytes], line: int, size: int) -> Iterator[Block]:
    """The rest of a CSV file in blocks of about ``size`` bytes.

    Args:
        stream: behind the header.
        line: number of the line that the stream stands at.
        size: in bytes.
    """
    rest = b""
    while chunk := stream.read(size):
        data = _clean(rest + chunk)
        cut = last_safe_end(data)
        if cut:
            yield _block(data[:cut], line)
            line += data.count(b"\n", 0, cut)
        rest = data[cut:]
    if rest.strip():
        yield _block(rest if rest.endswith(b"\n") else rest + b"\n", line)


def cut(data: bytes, line: int) -> Block:
    """Whole records that arrived by themselves; ``line`` is the number of the first line."""
    return _block(_clean(data), line)


def _clean(chunk: bytes) -> bytes:
    """No text column of a database can hold NUL; a return that ends no line would end a row."""
    chunk = chunk.replace(b"\0", b"?")
    return LONE_RETURN.sub(b" ", chunk) if b"\r" in chunk else chunk


def last_safe_end(data: bytes) -> int:
    """Where the last whole record ends."""
    end = data.rfind(b"\n") + 1
    if b'"' not in data:
        return end
    for _ in range(LONGEST_RECORD_LINES):
        if data.count(b'"', 0, end) % 2 == 0 or not end:
            return end
        end = data.rfind(b"\n", 0, end - 1) + 1
    return data.rfind(b"\n") + 1


def _block(data: bytes, line: int, *, pair: bool = True) -> Block:
    raw = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(raw == ord("\n")) + 1
    starts = np.r_[0, ends[:-1]]
    lines = line + np.arange(len(ends))
    if b'"' not in data:
        return _without_blanks(data, starts, ends, lines, np.zeros(len(ends), bool), False)
    quotes = np.searchsorted(np.flatnonzero(raw == ord('"')), np.r_[0, ends])
    odd = np.flatnonzero(np.diff(quotes) % 2)
    pairs = _pairs(odd) if pair else []
    unbalanced = np.zeros(len(ends), bool)
    unbalanced[odd] = True
    inner = np.zeros(len(ends), bool)
    for first, last in pairs:
        unbalanced[[first, last]] = False
        inner[first + 1 : last + 1] = True
        ends[first] = ends[last]
    return _without_blanks(data, starts[~inner], ends[~inner], lines[~inner], unbalanced[~inner], bool(pairs))


def _pairs(odd: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Lines with an odd number of quotation marks, where the one opens a value that the other closes."""
    pairs, at = [], 0
    while at + 1 < len(odd):
        near = odd[at + 1] - odd[at] < LONGEST_RECORD_LINES
        if near:
            pairs.append((int(odd[at]), int(odd[at + 1])))
        at += 2 if near else 1
    return pairs


def _without_blanks(
    data: bytes,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    lines: NDArray[np.int64],
    unbalanced: NDArray[np.bool_],
    spans_lines: bool,
) -> Block:
    raw = np.frombuffer(data, np.uint8)
    length = ends - starts
    kept = (length > 2) | ((length == 2) & (raw[starts] != ord("\r")))
    return Block(data, starts[kept], ends[kept], lines[kept], unbalanced[kept], spans_lines)
