"""Columns of a file as clean text, and text as bytes in NumPy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["Names", "as_text", "character_columns", "coded", "mask", "names"]


@dataclass(frozen=True)
class Names:
    """A text column by its distinct values: ``distinct[codes[i]]`` is the text of row i."""

    codes: NDArray[np.int32]
    distinct: list[str]

    def where(self, test: Any) -> NDArray[np.bool_]:
        """Rows whose text passes a test, asked once for each distinct text."""
        return np.array([bool(test(text)) for text in self.distinct], bool)[self.codes]

    def lookup(self, found: dict[str, int], missing: int) -> NDArray[np.int64]:
        """A number for each row by its text."""
        return np.array([found.get(text, missing) for text in self.distinct], np.int64)[self.codes]

    def take(self, rows: NDArray[Any]) -> "Names":
        """The same for a choice of rows, keeping only the texts that occur in them."""
        used, codes = np.unique(self.codes[rows], return_inverse=True)
        return Names(codes.astype(np.int32), [self.distinct[code] for code in used])

    @staticmethod
    def join(parts: Sequence["Names"]) -> "Names":
        """The columns one after the other."""
        numbers: dict[str, int] = {}
        codes = [
            np.array([numbers.setdefault(text, len(numbers)) for text in part.distinct], np.int32)[part.codes]
            for part in parts
        ]
        return Names(np.concatenate(codes), list(numbers))


def as_text(array: pa.Array) -> pa.Array:
    """A column as trimmed text; null becomes empty."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_nested(array.type):
        array = pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.string())
    text = pc.fill_null(array.cast(pa.string()), "")
    return pc.utf8_trim_whitespace(text)


def mask(array: pa.Array) -> NDArray[np.bool_]:
    """A boolean column as a NumPy array; null is False."""
    filled: NDArray[np.bool_] = pc.fill_null(array, False).to_numpy(zero_copy_only=False)
    return filled


def names(array: pa.Array) -> Names:
    """A text column by its distinct values."""
    encoded = as_text(array).dictionary_encode()
    # No text in the database holds NUL, which Parquet may.
    distinct = [text.replace("\0", "?") for text in encoded.dictionary.to_pylist()]
    return Names(encoded.indices.to_numpy().astype(np.int32), distinct)


def coded(array: pa.Array, choices: tuple[str, ...]) -> NDArray[np.int64]:
    """Position of each text among the choices, in any case of letters; -1 for another text, -2 for none."""
    found = names(array)
    numbers = {"": -2, **{choice: number for number, choice in enumerate(choices)}}
    return Names(found.codes, [text.lower() for text in found.distinct]).lookup(numbers, -1)


def character_columns(text: pa.Array, widest: int) -> tuple[list[NDArray[np.uint8]], NDArray[np.int64]]:
    """The bytes of a text column, one array for each position, and the length of each text.

    Positions past the end of a text, and past ``widest``, hold zero or are left out.
    """
    _, offset_buffer, data_buffer = text.buffers()
    offsets = np.frombuffer(offset_buffer, np.int32)[text.offset : text.offset + len(text) + 1].astype(
        np.int64
    )
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.zeros(0, np.uint8)
    data = data[: offsets[-1]] if len(offsets) else data
    starts, lengths = offsets[:-1], np.diff(offsets)
    width = min(widest, int(lengths.max(initial=0)))
    padded = np.concatenate([data, np.zeros(width, np.uint8)])
    columns = [np.where(lengths > place, padded[starts + place], np.uint8(0)) for place in range(width)]
    return columns, lengths
