"""Array types and the segment arithmetic used all over the generator."""

from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Dates: TypeAlias = NDArray[np.datetime64]

# Epoch seconds stay below 2**32 until the year 2106.
_TIME_BITS = 32


def account_time_key(account: Ints, time: Ints | int) -> Ints:
    """One sortable integer for (account, UTC epoch second)."""
    return cast(Ints, (account << _TIME_BITS) + time)


def key_account(key: Ints) -> Ints:
    """The account of a key."""
    return key >> _TIME_BITS


def key_time(key: Ints) -> Ints:
    """The epoch second of a key."""
    return key & ((1 << _TIME_BITS) - 1)


def within_groups(counts: Ints) -> Ints:
    """0, 1, 2 … inside each of consecutive groups of the given sizes."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if ends.size else 0) - np.repeat(ends - counts, counts)


def starts(group: Ints) -> Bools:
    """True where a new group begins in a sorted group column."""
    change = np.ones(group.size, np.bool_)
    change[1:] = group[1:] != group[:-1]
    return change


def running_maximum(group: Ints, value: Ints) -> Ints:
    """The running maximum of ``value`` inside each group of a sorted, non-negative group column."""
    if not value.size:
        return value
    span = int(value.max() - value.min()) + 1
    # Each group is lifted above all earlier ones, so one pass over the column serves them all.
    lifted = value + group * span
    return np.maximum.accumulate(lifted) - group * span
