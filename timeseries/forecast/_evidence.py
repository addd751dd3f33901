"""What the active days of a series say about the size and the shape of its moves."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from timeseries.forecast._arrays import BoolArray, FloatArray, each_block, joined, ratio, weighted_quantiles
from timeseries.forecast._cohort import money_scale, pooled
from timeseries.forecast._filters import fading
from timeseries.forecast._history import History

__all__ = ["Evidence", "Sizing", "deviation_error", "gather_evidence", "pooled_shape", "standing"]

BLOCK = 1_000
COHORT_SHAPE_DAYS = 30.0
# Deviations below this share of the largest move are rounding: the series is constant.
ROUNDING = 1e-9
# How far the size of a coming day strays from the expected one, as a deviation of its logarithm.
WANDERING = 0.2
MOST_DOUBT = 1.0
# Standard over mean absolute deviation of moves with fat tails (1.25 for normal ones).
DEVIATION_OVER_SIZE = 1.4


class Sizing(Protocol):
    """Says how large a move was to be expected."""

    def __call__(
        self, deviations: FloatArray, active: BoolArray, long_run: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Expected size of each past day, knowing the days before, and of each coming one over the long run.

        Args:
            deviations: of each day's move from the mean, zero when idle, [series, days].
            active: which days moved, [series, days].
            long_run: mean absolute deviation of all active days, [series].

        Returns:
            [series, days] in the unit of the deviations, and [series, horizon].
        """


@dataclass(frozen=True)
class Evidence:
    """Summaries of every series' own past, sizes in its unit.

    Attributes:
        days: active days, recency-weighted, [series].
        long_run: mean absolute deviation of active days, recency-weighted, [series].
        course: size expected of each coming active day over the long run, [series, horizon].
        shape: quantiles of the deviations over the size expected that day, [series, len(LEVELS)].
    """

    days: FloatArray
    long_run: FloatArray
    course: FloatArray
    shape: FloatArray


def gather_evidence(history: History, mean: FloatArray, memory: float, sizing: Sizing) -> Evidence:
    """The evidence of a panel, gathered in blocks of series.

    Args:
        history: the past.
        mean: of an active day's move, in history units, [series].
        memory: factor by which an active day's weight fades with every later active day.
        sizing: how large moves were to be expected.
    """

    def of_rows(rows: slice) -> Evidence:
        return evidence_of_block(history.rows(rows), mean[rows], memory, sizing)

    return joined(each_block(of_rows, len(history), BLOCK) or [of_rows(slice(None))])


def evidence_of_block(history: History, mean: FloatArray, memory: float, sizing: Sizing) -> Evidence:
    """The evidence of a few series at once."""
    active = history.active
    weights = fading(active, memory)
    deviations = np.where(active, np.nan_to_num(history.moves) - mean[:, None], 0.0)
    days = weights.sum(axis=1)
    long_run = ratio((weights * np.abs(deviations)).sum(axis=1), days)
    long_run = np.where(long_run > ROUNDING, long_run, 0.0)
    expected, course = sizing(deviations, active, long_run)
    scaled = ratio(deviations, expected)
    return Evidence(days, long_run, course, weighted_quantiles(scaled, weights).astype(np.float32))


def standing(evidence: Evidence, history: History) -> tuple[FloatArray, FloatArray]:
    """Size of an active day's move in the long run, in money, and the doubt about it; both [series].

    The size is the series' own as far as its days go, else the cohort's; a constant series has none.
    """
    size, error = money_scale(evidence.long_run, evidence.days, history)
    constant = (evidence.days > 0) & (evidence.long_run == 0)
    return np.where(constant, 0.0, size), np.minimum(np.hypot(error, WANDERING), MOST_DOUBT)


def deviation_error(error: FloatArray) -> FloatArray:
    """An error over the deviation of a day's move as one over its size."""
    return error * DEVIATION_OVER_SIZE


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
