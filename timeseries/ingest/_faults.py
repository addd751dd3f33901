"""Which rows are bad, and why: the first fault found of each row."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["Faults"]


class Faults:
    """Faults of a batch of rows, added a whole column at a time."""

    def __init__(self, rows: int) -> None:
        self._code = np.zeros(rows, np.int16)
        self._found: list[tuple[str, str]] = []

    def add(self, bad: NDArray[np.bool_], column: str, reason: str) -> None:
        """Rows with ``bad`` set have this fault, unless they have one already."""
        if bad.any():
            self._found.append((column, reason))
            self._code[bad & (self._code == 0)] = len(self._found)

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
