"""Borrowing strength: sums over cohorts, and shrinkage of each series' size towards its cohort's."""

import numpy as np
from scipy.sparse import csr_array

from timeseries.forecast._arrays import FloatArray, IntArray, ratio
from timeseries.forecast._history import History

__all__ = ["group_sums", "money_scale", "pooled"]

# Sampling variance of a log scale times the number of active days, for fat-tailed moves.
LOG_SCALE_NOISE = 1.0
# Bounds and starting value of the standard deviation between the log scales of a cohort's members.
LEAST_SPREAD = 0.05
MOST_SPREAD = 4.0
TYPICAL_SPREAD = 0.75
TYPICAL_MEMBERS = 2.0
LARGEST_LOG = 700.0


def group_sums(values: FloatArray, group: IntArray, groups: int) -> FloatArray:
    """The sum of the rows of each group, [groups, ...]; values [series] or [series, days]."""
    places = np.arange(len(group))
    member = csr_array((np.ones(len(group)), (group, places)), shape=(groups, len(group)))
    return np.asarray(member @ values)


def pooled(values: FloatArray, cohort: IntArray) -> FloatArray:
    """The sum over each series' cohort, given back to every series; [series, ...] in and out."""
    return group_sums(values, cohort, int(cohort.max(initial=-1)) + 1)[cohort]


def money_scale(size: FloatArray, days: FloatArray, history: History) -> tuple[FloatArray, FloatArray]:
    """Empirical-Bayes shrinkage of the sizes of moves to the cohort's, in logarithms.

    A cohort of like series pulls its short members hard, a mixed one hardly.

    Args:
        size: size of a move in history units, [series]; zero where unknown.
        days: active days behind each size, [series].
        history: where cohorts and units come from.

    Returns:
        The size in money, zero if nothing is known of any series, and the standard deviation of the error
        that remains in its logarithm; both [series].
    """
    known = size > 0
    days = np.where(known, days, 0.0)
    own_log = np.where(known, np.log(np.where(known, size, 1.0)) + np.log(history.unit), 0.0)
    noise = ratio(np.full(len(days), LOG_SCALE_NOISE), days, otherwise=np.inf)
    # The logarithm of a noisy mean lies half its noise too low, on average.
    own_log = own_log + np.where(known, noise / 2, 0.0)
    centre, spread = cohort_normal(
        own_log, np.where(known, noise, 0.0), days / (days + LOG_SCALE_NOISE), history.cohort
    )
    own = spread / (spread + noise)
    log_scale = np.clip(own * own_log + (1 - own) * centre, -LARGEST_LOG, LARGEST_LOG)
    return np.exp(log_scale) * known.any(), np.sqrt(spread * (1 - own))


def cohort_normal(
    values: FloatArray, noise: FloatArray, weight: FloatArray, cohort: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Mean and variance between the members of a cohort, given back to every series.

    A cohort that knows nothing takes those of the whole panel.
    """
    centre, spread, total = group_normal(values, noise, weight, cohort)
    panel_centre, panel_spread, _ = group_normal(values, noise, weight, np.zeros_like(cohort))
    return np.where(total > 0, centre, panel_centre), np.where(total > 0, spread, panel_spread)


def group_normal(
    values: FloatArray, noise: FloatArray, weight: FloatArray, group: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weighted mean, variance and weight of each series' group; the variance starts from a typical one."""
    total = pooled(weight, group)
    centre = ratio(pooled(weight * values, group), total)
    square = np.maximum(pooled(weight * ((values - centre) ** 2 - noise), group), 0.0)
    spread = (square + TYPICAL_MEMBERS * TYPICAL_SPREAD**2) / (total + TYPICAL_MEMBERS)
    return centre, np.clip(spread, LEAST_SPREAD**2, MOST_SPREAD**2), total
