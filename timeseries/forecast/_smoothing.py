"""Exponential smoothing of all series at once: the recursions, and the choice of their parameters."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from timeseries.forecast._arrays import FloatArray, each_block, ratio
from timeseries.forecast._history import History

__all__ = ["Parameters", "Smoothed", "smoothed", "smoothing_values"]

BLOCK = 500
# What all series together prefer counts like this many days of a series' own.
SHARED_DAYS = 30.0
# A day's error counts up to this many times the typical move: one jump does not choose the parameters.
LARGEST_ERROR = 5.0

# Smoothing of the level (alpha), of the trend (beta), and damping of the trend (phi).
Parameters = Sequence[tuple[float, float, float]]


@dataclass(frozen=True)
class Smoothed:
    """Every series smoothed with its best parameters.

    Attributes:
        course: expected value of each coming day, [series, horizon].
        surprises: value less its one-day forecast; NaN on days without one, [series, days].
        alpha: smoothing of the level, [series].
    """

    course: FloatArray
    surprises: FloatArray
    alpha: FloatArray


def smoothing_values(history: History) -> FloatArray:
    """What is smoothed: the levels, or the moves of a flow, [series, days]."""
    return history.moves if history.levels is None else history.levels


def smoothed(values: FloatArray, parameters: Parameters, horizon: int) -> Smoothed:
    """Additive smoothing with a damped trend.

    Source: Gardner & McKenzie (1985), "Forecasting trends in time series", Management Science 31(10). The
    parameters of each series have the least squared one-day errors, its own and those of all series.

    Args:
        values: [series, days], NaN where not observed; the state then moves on with the trend.
        parameters: the candidates.
        horizon: coming days.
    """
    losses = np.concatenate(
        each_block(lambda rows: squared_errors(values[rows], parameters), len(values), BLOCK)
        or [np.zeros((0, len(parameters)))]
    )
    best = np.argmin(losses, axis=1)
    alpha, beta, phi = (np.array(column)[best] for column in zip(*parameters, strict=True))
    level, trend, surprises = recursion(values, alpha, beta, phi)
    days = np.arange(1, horizon + 1)
    carried = np.cumsum(phi[:, None] ** days, axis=1)
    return Smoothed(level[:, None] + trend[:, None] * carried, surprises, alpha)


def squared_errors(values: FloatArray, parameters: Parameters) -> FloatArray:
    """Loss of every candidate, in days of the log-likelihood, [series, parameters]."""
    columns = [np.array(column)[:, None] for column in zip(*parameters, strict=True)]
    typical = typical_move(values)
    _, _, surprises = recursion(np.broadcast_to(values, (len(parameters), *values.shape)), *columns)
    relative = np.minimum(np.abs(ratio(np.nan_to_num(surprises), typical[:, None])), LARGEST_ERROR)
    seen = np.maximum((~np.isnan(surprises[0])).sum(axis=1), 1)
    mean_square = (relative**2).sum(axis=2) / seen + 1e-6
    logs = np.log(mean_square).T
    return np.asarray(seen[:, None] * logs + SHARED_DAYS * logs.mean(axis=0))


def typical_move(values: FloatArray) -> FloatArray:
    """Mean absolute change from day to day, [series]."""
    changes = np.abs(np.diff(values, axis=1))
    seen = ~np.isnan(changes)
    return ratio(np.where(seen, changes, 0.0).sum(axis=1), seen.sum(axis=1).astype(np.float64))


def recursion(
    values: FloatArray, alpha: FloatArray, beta: FloatArray, phi: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Final level and trend [..., series], and the one-day surprises [..., series, days].

    The parameters broadcast against [..., series]. The first value is the first level, and no surprise.
    """
    level = np.zeros(values.shape[:-1])
    trend = np.zeros_like(level)
    begun = np.zeros(level.shape, dtype=np.bool_)
    surprises = np.full(values.shape, np.nan)
    for day in range(values.shape[-1]):
        value = values[..., day]
        seen = ~np.isnan(value)
        expected = level + phi * trend
        surprise = np.where(seen & begun, value - expected, 0.0)
        surprises[..., day] = np.where(seen & begun, surprise, np.nan)
        level = np.where(begun, expected + alpha * surprise, np.where(seen, value, level))
        trend = np.where(begun, phi * trend + alpha * beta * surprise, trend)
        begun |= seen
    return level, trend, surprises
