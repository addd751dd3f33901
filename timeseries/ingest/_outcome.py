"""Telling new rows from those that are already there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timeseries.ingest._faults import Faults

__all__ = ["LookUp", "Origin", "Outcome", "Settled", "groups", "no_rows", "settle"]

# Given positions of suspects: those of them that the database has, and whether with the same values.
LookUp = Callable[[NDArray[np.int64]], tuple[NDArray[np.int64], NDArray[np.bool_]]]


def no_rows() -> NDArray[np.int64]:
    """Positions of no row at all."""
    return np.zeros(0, np.int64)


@dataclass(frozen=True)
class Origin:
    """Where rows come from: a file in the ledger, first met at a moment (UTC microseconds)."""

    file_id: int
    first_seen: int


@dataclass(frozen=True)
class Outcome:
    """What became of a batch: counts of rows, and the faults of the rejected ones.

    Attributes:
        duplicate: there already, or older than what is there.
        added, changed: of trades, positions of the new rows, and of the corrections and cancellations.
    """

    new: int
    duplicate: int
    faults: Faults
    corrected: int = 0
    cancelled: int = 0
    added: NDArray[np.int64] = field(default_factory=no_rows)
    changed: NDArray[np.int64] = field(default_factory=no_rows)


@dataclass(frozen=True)
class Settled:
    """Rows by what is to be done with them.

    Attributes:
        new: positions of rows to add, ordered by key.
        conflicting: positions of rows whose key is taken by other values.
    """

    new: NDArray[np.int64]
    conflicting: NDArray[np.int64]


def settle(
    columns: Mapping[str, NDArray[Any]],
    key: tuple[str, str],
    suspect: NDArray[np.bool_],
    look_up: LookUp,
) -> Settled:
    """Compare rows with those before them, in the database and in the batch; the first of a key counts.

    Args:
        columns: all columns of the rows.
        key: the two columns that no two rows may share.
        suspect: rows that the database may have; the others it cannot.
        look_up: asks the database.
    """
    order, first = _firsts(*(columns[name] for name in key))
    known, same = np.zeros(len(order), bool), np.ones(len(order), bool)
    repeated = first != np.arange(len(order))
    for column in columns.values():
        same[repeated] &= column[repeated] == column[first[repeated]]
    if suspect.any():
        found, found_same = look_up(np.flatnonzero(suspect))
        known[found], same[found] = True, found_same
    fresh = ~known & ~repeated
    return Settled(order[fresh[order]], np.flatnonzero(~same & ~fresh))


def groups(
    columns: Mapping[str, NDArray[Any]], key: tuple[str, str]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The first row of each row's key, and whether all rows of the key are alike in every other column.

    The column ``version_at`` counts only where ``stated`` is set: undated rows may repeat each other.
    """
    _, first = _firsts(*(columns[name] for name in key))
    same = np.ones(len(first), bool)
    repeated = np.flatnonzero(first != np.arange(len(first)))
    for name, column in columns.items():
        equal = column[repeated] == column[first[repeated]]
        same[repeated] &= equal | ~columns["stated"][repeated] if name == "version_at" else equal
    unlike = np.zeros(len(first), bool)
    unlike[first[~same]] = True
    return first, ~unlike[first]


def _firsts(*keys: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """An order by key that keeps equal keys as they came, and for each row the first row of its key."""
    order = np.lexsort(keys[::-1])
    fresh = np.ones(len(order), bool)
    fresh[1:] = np.logical_or.reduce([key[order][1:] != key[order][:-1] for key in keys])
    begins = np.maximum.accumulate(np.where(fresh, np.arange(len(order)), 0))
    first = np.empty(len(order), np.int64)
    first[order] = order[begins]
    return order, first
