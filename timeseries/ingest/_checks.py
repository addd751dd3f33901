"""Checks that columns of several kinds share."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from timeseries.ingest._decimals import LIMIT, Decimals, decimals
from timeseries.ingest._faults import Faults

__all__ = ["LARGEST_MONEY", "choice", "money", "number"]

LARGEST_MONEY = 10**15  # minor units; thousands of them still sum up in 64 bits


def number(column: pa.Array | None, rows: int, name: str, faults: Faults, *, required: bool) -> Decimals:
    """A column of numbers; zero where an optional one is missing."""
    if column is None:
        return Decimals(
            np.zeros(rows, np.int64), np.zeros(rows, np.int64), np.zeros(rows, bool), np.ones(rows, bool)
        )
    found = decimals(column)
    if required:
        faults.add(found.missing, name, "The number is missing.")
    faults.add(~found.valid & ~found.missing, name, f"This is not a number below {LIMIT:.0e}.")
    return found


def money(amounts: Decimals, digits: NDArray[np.int64] | int, name: str, faults: Faults) -> NDArray[np.int64]:
    """Amounts in minor units of a currency with so many decimals; noise of doubles is rounded away."""
    scaled = amounts.at_scale(digits)
    faults.add(~scaled.exact, name, "The amount has more decimals than the currency keeps.")
    large = ~scaled.fits | (np.abs(scaled.values) > LARGEST_MONEY)
    faults.add(large, name, "The amount is larger than the engine keeps.")
    return scaled.values


def choice(
    codes: NDArray[np.int64], choices: tuple[str, ...], name: str, faults: Faults, *, required: bool
) -> None:
    """Complain of texts that are none of the choices (-1) or missing (-2)."""
    either = f"{', '.join(choices[:-1])} or {choices[-1]}"
    faults.add((codes == -1) | ((codes == -2) & required), name, f"It must be {either}.")
