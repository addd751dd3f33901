"""Frames of NumPy columns."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from ._arrays import Bools, Ints


@dataclass(frozen=True, slots=True)
class Columns:
    """A dataclass whose every field is a column of the same length."""

    def take(self, rows: Ints | Bools | slice) -> Self:
        """The rows of an index, a mask or a slice."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """All rows of several frames, in their order."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
