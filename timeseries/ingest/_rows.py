"""A stretch of a file as columns, with all that the quarantine needs to name its rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

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

    def where(self, kept: NDArray[np.bool_]) -> "Malformed":
        """A choice of them."""
        return Malformed(
            self.positions[kept], self.lines[kept], self.reasons.filter(kept), self.content.filter(kept)
        )

    @staticmethod
    def join(parts: "Sequence[Malformed]") -> "Malformed":
        """Several one after the other."""
        return Malformed(
            np.concatenate([part.positions for part in parts]),
            np.concatenate([part.lines for part in parts]),
            pa.concat_arrays([part.reasons for part in parts]),
            pa.concat_arrays([part.content for part in parts]),
        )


@dataclass(frozen=True)
class Rows:
    """Records of a file in their order; all of a stretch, or those of some accounts in it.

    Attributes:
        start, end: records of the file before the stretch, and up to its end, malformed ones included.
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

    @property
    def count(self) -> int:
        """How many records these are, malformed ones included."""
        return len(self.lines) + len(self.malformed.lines)

    def since(self, position: int) -> "Rows":
        """Without the records before a position: those a run before this one has committed."""
        late = self.malformed.positions >= position
        rows = self.take(np.flatnonzero(self.positions >= position), malformed=late)
        return replace(rows, start=max(position, self.start))

    def take(self, rows: NDArray[Any], *, malformed: NDArray[np.bool_]) -> "Rows":
        """Some rows, and some of the malformed records."""
        raw = self.raw  # and not the columns with it
        return replace(
            self,
            positions=self.positions[rows],
            lines=self.lines[rows],
            columns={name: column.take(pa.array(rows)) for name, column in self.columns.items()},
            raw=lambda chosen: raw(rows[chosen]),
            malformed=self.malformed.where(malformed),
        )

    def without_columns(self) -> "Rows":
        """What the quarantine needs once the columns have been read."""
        return replace(self, columns={})

    @staticmethod
    def join(parts: "Sequence[Rows]") -> "Rows":
        """Consecutive stretches as one, without their columns."""
        firsts = np.cumsum([0, *(len(part.lines) for part in parts)])

        def raw(chosen: NDArray[np.int64]) -> pa.Array:
            owner = np.searchsorted(firsts, chosen, side="right") - 1
            texts = [part.raw(chosen[owner == n] - firsts[n]) for n, part in enumerate(parts)]
            # The rows of a batch are asked for in their order, so the texts come out in it too.
            return pa.concat_arrays(texts)

        return Rows(
            start=parts[0].start,
            end=parts[-1].end,
            positions=np.concatenate([part.positions for part in parts]),
            lines=np.concatenate([part.lines for part in parts]),
            columns={},
            raw=raw,
            malformed=Malformed.join([part.malformed for part in parts]),
        )


def joined(columns: list[pa.Array]) -> pa.Array:
    """Columns side by side as CSV text, cut to what the quarantine keeps."""
    text = [pc.fill_null(column.cast(pa.string()), "") for column in columns]
    return pc.utf8_slice_codeunits(pc.binary_join_element_wise(*text, ","), 0, LONGEST_CONTENT)
