"""Which p-values are worth a person's time."""

import numpy as np

from timeseries.anomaly._types import BoolArray, FloatArray

__all__ = ["discoveries"]


def discoveries(pvalue: FloatArray, *, fdr: float = 0.05) -> BoolArray:
    """Benjamini & Hochberg (1995) within each day, across accounts.

    On every day the expected share of false alarms among that day's discoveries is at most ``fdr``.
    Nothing is promised across days yet: the online procedure over days follows later behind the same call.

    Args:
        pvalue: [series, days]; NaN is never a discovery and does not count as a test.
        fdr: between 0 and 1.

    Returns:
        [series, days].

    Raises:
        ValueError: a p-value array that is not [series, days], or ``fdr`` outside (0, 1).
    """
    if pvalue.ndim != 2:
        raise ValueError(f"pvalue must be [series, days], not {pvalue.shape}")
    if not 0 < fdr < 1:
        raise ValueError(f"fdr must lie between 0 and 1, not {fdr}")
    ordered = np.sort(pvalue, axis=0)
    tests = np.isfinite(pvalue).sum(axis=0)
    rank = np.arange(1, len(pvalue) + 1)[:, None]
    passing = ordered <= fdr * rank / np.maximum(tests, 1)
    limit = np.where(passing, ordered, 0.0).max(axis=0, initial=0.0)
    found: BoolArray = (pvalue <= limit) & passing.any(axis=0)
    return found
