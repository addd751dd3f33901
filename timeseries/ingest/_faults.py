"""Which rows are bad, and why: the first fault found of each row."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["Faults"]


class Faults:
    """Faults of a batch of rows, added a whole column at a time."""

    def __init__(self, rows: int) -> None:
        self._code = np.zeros(rows, np.int16)
        self._found: list[tuple[str, str]] = []
        self._asked: NDArray[np.bool_] | None = None

    def of(self, rows: NDArray[np.bool_]) -> "Faults":
        """The same list of faults, taking those of some rows only: the others are not asked for the value."""
        some = Faults(0)
        some._code, some._found, some._asked = self._code, self._found, rows
        return some

    def add(self, bad: NDArray[np.bool_], column: str, reason: str) -> None:
        """Rows with ``bad`` set have this fault, unless they have one already."""
        bad = bad if self._asked is None else bad & self._asked
        if bad.any():
            self._found.append((column, reason))
            self._code[bad & (self._code == 0)] = len(self._found)

    def copy(self) -> "Faults":
        """A list of its own."""
        return self.take(slice(None))

    def take(self, rows: NDArray[Any] | slice) -> "Faults":
        """A list of its own for a choice of rows."""
        some = Faults(0)
        some._code, some._found = self._code[rows].copy(), list(self._found)
        return some

    @staticmethod
    def join(parts: "Sequence[Faults]") -> "Faults":
        """One list for the rows of several, one after the other."""
        whole = Faults(0)
        codes = []
        for part in parts:
            codes.append(np.where(part._code > 0, part._code + len(whole._found), 0).astype(np.int16))
            whole._found += part._found
        whole._code = np.concatenate(codes)
        return whole

    @property
    def good(self) -> NDArray[np.bool_]:
        """Rows without a fault."""
        return np.equal(self._code, 0)

    @property
    def bad_rows(self) -> NDArray[np.int64]:
        """Positions of the rows with a fault."""
        return np.flatnonzero(self._code)

    def columns_and_reasons(self) -> tuple[pa.Array, pa.Array]:
        """Column name and reason of each bad row, in the order of ``bad_rows``."""
        which = pa.array(self._code[self.bad_rows] - 1)
        columns, reasons = zip(*self._found, strict=True) if self._found else ((), ())
        return pa.array(columns, pa.string()).take(which), pa.array(reasons, pa.string()).take(which)
