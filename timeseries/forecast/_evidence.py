"""What the active days of a series say about the size and the shape of its moves."""

from dataclasses import dataclass, fields

import numpy as np

from timeseries.forecast._arrays import BoolArray, FloatArray, each_block, ratio, weighted_quantiles
from timeseries.forecast._cohort import money_scale, pooled
from timeseries.forecast._history import History

__all__ = ["Evidence", "gather_evidence", "pooled_shape", "standing"]

BLOCK = 1_000
# A day moves the filter by at most this many times the present size, so that one jump does not blind it.
LARGEST_STEP = 6.0
COHORT_SHAPE_DAYS = 30.0
# Deviations below this share of the largest move are rounding: the series is constant.
ROUNDING = 1e-9
# How far the size of a coming day strays from the expected one, as a deviation of its logarithm.
WANDERING = 0.2
MOST_DOUBT = 1.0
NEEDED_ERRORS = 2.0
FEW_DAYS = 10.0


@dataclass(frozen=True)
class Evidence:
    """Summaries of every series' own past, sizes in its unit.

    Attributes:
        days: active days, recency-weighted, [series].
        mean: mean move of an active day, already shrunk to zero unless it is significant, [series].
        long_run: mean absolute deviation of active days, recency-weighted, [series].
        recent: EWMA of the same, living on active days only, [series].
        shape: quantiles of the deviations over the size expected that day, [series, len(LEVELS)].
    """

    days: FloatArray
    mean: FloatArray
    long_run: FloatArray
    recent: FloatArray
    shape: FloatArray


def gather_evidence(history: History, decay: float, memory: float, pull: float) -> Evidence:
    """The evidence of a panel, gathered in blocks of series.

    Args:
        history: the past.
        decay: EWMA factor of the recent size, per active day.
        memory: factor by which an active day's weight fades with every later active day.
        pull: weight of the long run in the size expected of a day, between 0 and 1.
    """

    def of_rows(rows: slice) -> Evidence:
        return evidence_of_block(history.rows(rows), decay, memory, pull)

    parts = each_block(of_rows, len(history), BLOCK) or [of_rows(slice(None))]
    joined = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Evidence)}
    return Evidence(**joined)


def evidence_of_block(history: History, decay: float, memory: float, pull: float) -> Evidence:
    """The evidence of a few series at once."""
    active = history.observed & (history.moves != 0)
    later = np.cumsum(active[:, ::-1], axis=1)[:, ::-1] - active
    weights = np.where(active, memory**later, 0.0)
    moves = np.where(active, history.moves, 0.0)
    days = weights.sum(axis=1)
    mean = shrunk_mean(moves, weights, days)
    deviations = np.where(active, moves - mean[:, None], 0.0)
    long_run = ratio((weights * np.abs(deviations)).sum(axis=1), days)
    long_run = np.where(long_run > ROUNDING, long_run, 0.0)
    expected, recent = filtered(deviations, active, long_run, decay)
    size = long_run[:, None] ** pull * expected ** (1 - pull)
    scaled = ratio(deviations, size)
    return Evidence(days, mean, long_run, recent, weighted_quantiles(scaled, weights).astype(np.float32))


def shrunk_mean(moves: FloatArray, weights: FloatArray, days: FloatArray) -> FloatArray:
    """The weighted mean, shrunk to zero by the positive part of James & Stein (1961).

    A mean less than two standard errors from zero counts as none, more of them for a few days, whose error is
    hardly known; that of a constant series stays whole.
    """
    mean = ratio((weights * moves).sum(axis=1), days)
    variance = ratio((weights * (moves - mean[:, None]) ** 2).sum(axis=1), days)
    error = ratio(variance * (weights**2).sum(axis=1), days**2)
    alone = (weights > 0).sum(axis=1) < 2
    needed = NEEDED_ERRORS**2 * (1 + ratio(np.full(len(days), FEW_DAYS), days) ** 2)
    kept = np.maximum(0.0, 1 - needed * ratio(error, mean**2, otherwise=1.0))
    return np.where(alone, 0.0, mean * kept)


def filtered(
    deviations: FloatArray, active: BoolArray, start: FloatArray, decay: float
) -> tuple[FloatArray, FloatArray]:
    """EWMA of absolute deviations over active days: before each day [series, days], at the end [series]."""
    size = start
    expected = np.empty_like(deviations)
    for day, (deviation, moved) in enumerate(zip(deviations.T, active.T, strict=True)):
        expected[:, day] = size
        step = np.minimum(np.abs(deviation), LARGEST_STEP * size)
        size = np.where(moved, decay * size + (1 - decay) * step, size)
    return expected, size


def standing(evidence: Evidence, history: History) -> tuple[FloatArray, FloatArray]:
    """Size of an active day's move in the long run, in money, and the doubt about it; both [series].

    The size is the series' own as far as its days go, else the cohort's; a constant series has none.
    """
    size, error = money_scale(evidence.long_run, evidence.days, history)
    constant = (evidence.days > 0) & (evidence.long_run == 0)
    return np.where(constant, 0.0, size), np.minimum(np.hypot(error, WANDERING), MOST_DOUBT)


def pooled_shape(evidence: Evidence, history: History) -> FloatArray:
    """Each series' shape, averaged with its cohort's quantile by quantile, and centred; [series, LEVELS].

    The cohort counts like ``COHORT_SHAPE_DAYS`` days of the series' own.
    """
    days = evidence.days[:, None]
    everyone = np.zeros_like(history.cohort)
    weighted = days * evidence.shape
    overall = ratio(pooled(weighted, everyone), pooled(days, everyone))
    prior = (pooled(weighted, history.cohort) + overall) / (pooled(days, history.cohort) + 1.0)
    shape = (weighted + COHORT_SHAPE_DAYS * prior) / (days + COHORT_SHAPE_DAYS)
    return np.asarray(shape - shape.mean(axis=1, keepdims=True))
