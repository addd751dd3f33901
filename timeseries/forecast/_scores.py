"""Scoring probabilistic forecasts against what came."""

import numpy as np

from timeseries.forecast._arrays import FloatArray

__all__ = ["coverage", "crps_from_ordered", "crps_from_quantiles", "crps_from_samples", "pinball"]


def pinball(quantiles: FloatArray, levels: FloatArray, actual: FloatArray) -> FloatArray:
    """Pinball (quantile) loss, smallest in expectation at the true quantile.

    Source: Koenker & Bassett (1978), "Regression quantiles", Econometrica 46(1).

    Args:
        quantiles: [..., levels].
        levels: probabilities, [levels].
        actual: [...]; NaN gives NaN.

    Returns:
        [..., levels], in the unit of ``actual``.
    """
    error = np.asarray(actual)[..., None] - quantiles
    return np.maximum(levels * error, (np.asarray(levels) - 1) * error)


def crps_from_quantiles(quantiles: FloatArray, levels: FloatArray, actual: FloatArray) -> FloatArray:
    """Continuous ranked probability score as twice the pinball loss averaged over the levels.

    Source: Gneiting & Raftery (2007), "Strictly proper scoring rules, prediction, and estimation", Journal
    of the American Statistical Association 102(477). Every level stands for the probabilities nearest to it,
    so the score is near the exact one for many evenly spread levels, and only comparable between
    forecasts given at the same levels.

    Args:
        quantiles: [..., levels].
        levels: ascending probabilities, [levels].
        actual: [...]; NaN gives NaN.

    Returns:
        [...], in the unit of ``actual``; smaller is better.
    """
    levels = np.asarray(levels, dtype=np.float64)
    edges = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2, [1.0]])
    return np.asarray(2 * (pinball(quantiles, levels, actual) @ np.diff(edges)))


def crps_from_samples(samples: FloatArray, actual: FloatArray) -> FloatArray:
    """Continuous ranked probability score of an ensemble: E|X - y| - E|X - X'| / 2.

    Source: Gneiting & Raftery (2007), equation 21.

    Args:
        samples: [..., draws], in any order.
        actual: [...]; NaN gives NaN.

    Returns:
        [...], in the unit of ``actual``; smaller is better.
    """
    return crps_from_ordered(np.sort(samples, axis=-1), actual)


def crps_from_ordered(ordered: FloatArray, actual: FloatArray) -> FloatArray:
    """The same of an ensemble in ascending order."""
    count = ordered.shape[-1]
    miss = np.abs(ordered - np.asarray(actual)[..., None]).mean(axis=-1)
    rank = (2 * np.arange(1, count + 1) - count - 1) / count**2
    return np.asarray(miss - ordered @ rank)


def coverage(lower: FloatArray, upper: FloatArray, actual: FloatArray) -> float:
    """Share of actual values within the prediction interval, bounds included; NaN values do not count.

    Args:
        lower: lower bounds, any shape.
        upper: upper bounds, same shape.
        actual: same shape.

    Returns:
        A share between 0 and 1; NaN when there is nothing to count.
    """
    seen = ~np.isnan(actual)
    inside = (actual >= lower) & (actual <= upper)
    return float(inside[seen].mean()) if seen.any() else float("nan")
