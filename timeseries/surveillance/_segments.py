"""Arithmetic on columns that are sorted by group and time."""

import numpy as np
import numpy.typing as npt

from timeseries.surveillance._columns import Ints

__all__ = ["TIME_BITS", "distinct_moments", "group_of", "time_key"]

Floats = npt.NDArray[np.float64]
# Seconds since 1970 stay below 2**33 until the year 2242.
TIME_BITS = 33


def time_key(group: Ints, time: Ints | int) -> Ints:
    """One sortable number for a group and an epoch second."""
    key: Ints = (group << TIME_BITS) + time
    return key


def group_of(*columns: Ints) -> Ints:
    """One number for each combination of values; a combination has one number, and they are small."""
    combined: Ints = np.zeros(columns[0].size, np.int64)
    for column in columns:
        values, number = np.unique(column, return_inverse=True)
        combined = combined * max(values.size, 1) + number
    return combined


def distinct_moments(times: Ints, seconds: int) -> Ints:
    """Places of sorted times that begin a new moment, more than so many seconds after the one before."""
    if not times.size:
        return np.zeros(0, np.int64)
    fresh = np.append(True, np.diff(times) > seconds)
    return np.flatnonzero(fresh)
