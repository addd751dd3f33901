"""Combining p-values that depend on each other."""

import numpy as np

from timeseries.anomaly._types import FloatArray

__all__ = ["cauchy", "weighted_minimum"]

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


def weighted_minimum(pvalues: FloatArray, weights: FloatArray) -> FloatArray:
    """Weighted Bonferroni (Genovese, Roeder & Wasserman 2006) over the last axis, valid under dependence.

    Args:
        pvalues: [..., witnesses]; NaN is no opinion.
        weights: [witnesses], positive with sum 1: each one's part of the false alarms.

    Returns:
        [...], at most 1; NaN where no witness has an opinion.
    """
    known = np.isfinite(pvalues)
    smallest = np.where(known, pvalues / weights, 1.0).min(axis=-1)
    result: FloatArray = np.where(known.any(axis=-1), np.clip(smallest, SMALLEST, 1.0), np.nan)
    return result
