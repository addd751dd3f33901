"""Array types and small row-wise helpers shared by the forecasting room."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = [
    "LEVELS",
    "BoolArray",
    "FloatArray",
    "IntArray",
    "each_block",
    "joined",
    "ratio",
    "weighted_quantiles",
]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.integer]
BoolArray = npt.NDArray[np.bool_]

Result = TypeVar("Result")
# A dataclass of arrays.
Parts = TypeVar("Parts", bound=Any)

MOST_THREADS = 8
SHAPE_POINTS = 200
# Mid-points of equal strata: a quantile at each stands for the stratum around it.
LEVELS: FloatArray = (np.arange(SHAPE_POINTS) + 0.5) / SHAPE_POINTS


def each_block(work: Callable[[slice], Result], series: int, size: int) -> list[Result]:
    """Do the work on blocks of at most ``size`` series, a few at a time, and give the results in order.

    NumPy leaves the interpreter free while it computes, so threads use all cores; memory is bounded by the
    blocks under way.
    """
    parts = [slice(start, min(start + size, series)) for start in range(0, series, size)]
    with ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, MOST_THREADS)) as pool:
        return list(pool.map(work, parts))


def joined(parts: Sequence[Parts], axis: int = 0) -> Parts:
    """Dataclasses of arrays as one: every field the concatenation of theirs."""
    kind: type[Parts] = type(parts[0])
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts], axis=axis)
        for field in fields(kind)
    }
    whole: Parts = kind(**columns)
    return whole


def ratio(numerator: FloatArray, denominator: FloatArray, otherwise: float = 0.0) -> FloatArray:
    """``numerator / denominator``, and ``otherwise`` where the denominator is zero."""
    answer = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), otherwise)
    np.divide(numerator, denominator, out=answer, where=denominator > 0)
    return answer


def weighted_quantiles(values: FloatArray, weights: FloatArray, levels: FloatArray = LEVELS) -> FloatArray:
    """Quantiles of every row under its own weights.

    Args:
        values: [series, n]; an entry of weight zero is ignored, whatever its value.
        weights: [series, n], not negative.
        levels: ascending probabilities.

    Returns:
        [series, len(levels)], the smallest value whose cumulative share reaches the level; zeros for a row
        without weight.
    """
    if not values.size:
        return np.zeros((len(values), len(levels)))
    order = np.argsort(np.where(weights > 0, values, np.inf), axis=1)
    ordered = np.take_along_axis(np.where(weights > 0, values, 0.0), order, axis=1)
    total = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    share = ratio(total, total[:, -1:])
    rows = np.arange(len(values))[:, None]
    # Adding the row number makes all rows one ascending line, searched in a single call.
    found = np.searchsorted((share + 2 * rows).ravel(), (levels + 2 * rows).ravel())
    column = found.reshape(len(values), len(levels)) - rows * values.shape[1]
    last = np.maximum((weights > 0).sum(axis=1, keepdims=True) - 1, 0)
    return np.take_along_axis(ordered, np.minimum(column, last), axis=1)
