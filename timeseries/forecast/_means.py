"""What a series earns on average: its own mean as far as it can be trusted."""

from dataclasses import dataclass

import numpy as np

from timeseries.forecast._arrays import FloatArray, each_block, ratio
from timeseries.forecast._cohort import group_sums, pooled
from timeseries.forecast._filters import fading
from timeseries.forecast._history import History

__all__ = ["shrunk_means"]

BLOCK = 1_000
OF_SERIES, OF_COHORTS = ("mean", "deviation", "days"), ("standard_sums", "members")

# An active day's weight in the mean fades by this with every later one: a year and a half of memory.
MEMORY = 0.9975
# Typical deviation of true means between members, over a day's deviation, and how many members it counts for.
TYPICAL_MEAN = 0.05
TYPICAL_MEMBERS = 5.0
# Below so many days a series says little about the spread of means in its cohort.
TRUSTED_DAYS = 30.0
# A cohort's common mean counts as far as it exceeds so many squared standard errors.
NEEDED_SQUARES = 4.0


def shrunk_means(history: History) -> tuple[FloatArray, FloatArray]:
    """Posterior mean of an active day's move and its standard deviation, by empirical Bayes.

    Source: Efron & Morris (1973), "Stein's estimation rule and its competitors - an empirical Bayes
    approach", Journal of the American Statistical Association 68(341). In units of each series' daily
    deviation the true means of a cohort are normal; their centre is the cohort's mean move as far as days
    that all members share leave it certain, their variance what the members' means show beyond their own
    errors.

    Returns:
        The mean in history units, and the deviation of the true mean around it over the deviation of a day's
        move; both [series].
    """
    moments = Moments.of(history)
    mean, deviation, days = moments.mean, moments.deviation, moments.days
    constant = (days >= 2) & (deviation <= 1e-9 * np.abs(mean))
    usable = (days >= 2) & ~constant
    own = np.where(usable, ratio(mean, deviation), 0.0)
    noise = np.where(usable, 1 / np.maximum(days - 1, 0.5), np.inf)
    centre = common_mean(moments.standard_sums, moments.members)[history.cohort]
    spread = between_members(
        own - centre, noise, np.where(usable, days / (days + TRUSTED_DAYS), 0.0), history
    )
    trust = spread / (spread + noise)
    posterior = np.where(usable, centre + trust * (own - centre), 0.0)
    return np.where(constant, mean, posterior * deviation), np.where(
        constant, 0.0, np.sqrt(spread * (1 - trust))
    )


@dataclass(frozen=True)
class Moments:
    """What the means are made of.

    Attributes:
        mean: of active days, the recent weighing a little more, [series].
        deviation: of active days, [series].
        days: as many of equal weight, [series].
        standard_sums: of the moves over their deviation, [cohorts, days].
        members: active series, [cohorts, days].
    """

    mean: FloatArray
    deviation: FloatArray
    days: FloatArray
    standard_sums: FloatArray
    members: FloatArray

    @classmethod
    def of(cls, history: History) -> "Moments":
        """The moments of a history."""
        parts = each_block(lambda rows: cls.of_block(history.rows(rows)), len(history), BLOCK)
        parts = parts or [cls.of_block(history)]
        return cls(
            *(np.concatenate([getattr(part, name) for part in parts]) for name in OF_SERIES),
            *(np.sum([getattr(part, name) for part in parts], axis=0) for name in OF_COHORTS),
        )

    @classmethod
    def of_block(cls, history: History) -> "Moments":
        """The moments of a few series."""
        active = history.active
        weights = fading(active, MEMORY)
        moves = np.where(active, history.moves, 0.0)
        total = weights.sum(axis=1)
        mean = ratio((weights * moves).sum(axis=1), total)
        square = ratio((weights * moves**2).sum(axis=1), total)
        # Below the last digits of the squares there is only rounding.
        variance = np.where(square - mean**2 > 1e-13 * square, square - mean**2, 0.0)
        deviation = np.sqrt(variance)
        cohorts = len(history.cohorts)
        return cls(
            mean,
            deviation,
            ratio(total**2, (weights**2).sum(axis=1)),
            group_sums(ratio(moves, deviation[:, None]), history.cohort, cohorts),
            group_sums(active.astype(np.float64), history.cohort, cohorts),
        )


def common_mean(sums: FloatArray, members: FloatArray) -> FloatArray:
    """The mean of each cohort's standardised moves, shrunk by the error that shared days leave; [cohorts].

    Args:
        sums: of the standardised moves of a day, [cohorts, days].
        members: series that moved on that day, [cohorts, days].
    """
    total = members.sum(axis=1)
    mean = ratio(sums.sum(axis=1), total)
    # Moves of one day are not independent: the error comes from days, each weighing what it holds.
    error = ratio(((sums - mean[:, None] * members) ** 2).sum(axis=1), total**2)
    kept: FloatArray = np.maximum(0.0, 1 - NEEDED_SQUARES * ratio(error, mean**2, otherwise=1.0))
    return np.asarray(mean * kept)


def between_members(
    distance: FloatArray, noise: FloatArray, weight: FloatArray, history: History
) -> FloatArray:
    """Variance of the true means of a cohort, started from a typical one; [series]."""
    excess = pooled(weight * (distance**2 - np.where(weight > 0, noise, 0.0)), history.cohort)
    spread = (excess + TYPICAL_MEMBERS * TYPICAL_MEAN**2) / (pooled(weight, history.cohort) + TYPICAL_MEMBERS)
    return np.maximum(spread, (TYPICAL_MEAN / 4) ** 2)
