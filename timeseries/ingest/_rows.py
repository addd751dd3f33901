"""A stretch of a file as columns, with all that the quarantine needs to name its rows."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["LONGEST_CONTENT", "Malformed", "Rows", "joined"]

LONGEST_CONTENT = 500


def _no_text() -> pa.Array:
    return pa.array([], pa.string())


@dataclass(frozen=True)
class Malformed:
    """Records that have no columns to speak of.

    Attributes:
        positions: number of each among all records of the file, from 0.
        lines: where each begins in the file.
    """

    positions: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    lines: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    reasons: pa.Array = field(default_factory=_no_text)
    content: pa.Array = field(default_factory=_no_text)


@dataclass(frozen=True)
class Rows:
    """Consecutive records of a file.

    Attributes:
        start, end: records of the file before these, and up to their end, malformed ones included.
        positions: number of each row among all records of the file, from 0.
        lines: line (CSV) or row (Parquet, HTML) of the file where each begins, from 1.
        columns: one array for each known column the file has, as long as ``lines``.
        raw: the text of chosen rows as they stand in the file, for the quarantine.
    """

    start: int
    end: int
    positions: NDArray[np.int64]
    lines: NDArray[np.int64]
    columns: dict[str, pa.Array]
    raw: Callable[[NDArray[np.int64]], pa.Array]
    malformed: Malformed = field(default_factory=Malformed)

    def since(self, position: int) -> "Rows":
        """Without the records before a position: those a run before this one has committed."""
        if position <= self.start:
            return self
        rows = np.flatnonzero(self.positions >= position)
        late = self.malformed.positions >= position
        return replace(
            self,
            start=position,
            positions=self.positions[rows],
            lines=self.lines[rows],
            columns={name: column.take(rows) for name, column in self.columns.items()},
            raw=lambda chosen: self.raw(rows[chosen]),
            malformed=Malformed(
                self.malformed.positions[late],
                self.malformed.lines[late],
                self.malformed.reasons.filter(late),
                self.malformed.content.filter(late),
            ),
        )


def joined(columns: list[pa.Array]) -> pa.Array:
    """Columns side by side as CSV text, cut to what the quarantine keeps."""
    text = [pc.fill_null(column.cast(pa.string()), "") for column in columns]
    return pc.utf8_slice_codeunits(pc.binary_join_element_wise(*text, ","), 0, LONGEST_CONTENT)
