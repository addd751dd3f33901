"""Combining p-values that depend on each other."""

import numpy as np

from timeseries.anomaly._types import FloatArray

__all__ = ["cauchy"]

SMALLEST = 1e-300
# A p-value near one would send the sum to minus infinity and silence every other witness.
LARGEST = 0.95


def cauchy(pvalues: FloatArray) -> FloatArray:
    """Cauchy combination over the last axis (Liu & Xie 2020), valid under dependence in the tail.

    Args:
        pvalues: [..., witnesses]; NaN is no opinion.

    Returns:
        [...]; NaN where no witness has an opinion.
    """
    known = np.isfinite(pvalues)
    p = np.clip(np.where(known, pvalues, 0.5), SMALLEST, LARGEST) * np.pi
    scores = 1 / np.tan(p)
    count = known.sum(axis=-1)
    mean = np.where(known, scores, 0.0).sum(axis=-1) / np.maximum(count, 1)
    # arctan2 keeps the digits that 0.5 - arctan(mean) loses for small p-values.
    combined: FloatArray = np.arctan2(1.0, mean) / np.pi
    return np.where(count > 0, combined, np.nan)
