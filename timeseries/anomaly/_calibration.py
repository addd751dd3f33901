"""From a detector's statistic to a p-value, by the ranks of the fleet's past."""

import numpy as np
import numpy.typing as npt

from timeseries.anomaly._types import BoolArray, FloatArray, IntArray

__all__ = ["Calibration"]

HIGHEST = 40.0
BINS = 800
WIDTH = HIGHEST / BINS
EDGES: FloatArray = np.linspace(0.0, HIGHEST, BINS + 1)
# The bins' probabilities before anything was seen: the statistic is a nominal -log p, so exponential.
NOMINAL: FloatArray = np.exp(-EDGES[:-1]) - np.append(np.exp(-EDGES[1:-1]), 0.0)
PRIOR_COUNT = 50.0
# Long enough for thin tails, short enough to follow a fleet whose plans and traders change.
MEMORY_DAYS = 120.0
# Beyond its thirty largest members a sample says little; a fitted exponential goes on from there.
TAIL_COUNT = 30.0
TAIL_SHARE = 0.1
TAIL_PRIOR = 10.0
FINEST = 0.01
# A pool with fewer days behind it knows its own prior better than the fleet, so the day itself is counted in.
YOUNG_DAYS = 10


class Calibration:
    """Histograms of past statistics, one a group, with exponential forgetting over 120 days.

    A group's prior is the whole fleet's histogram, so a small cohort starts from what the fleet knows. The
    tail is an exponential fitted to the excesses over the thirtieth largest member (Hill 1975 on the log
    scale the statistics have). Ties and atoms get randomised p-values; the randomness ends at 0.01, below
    which the whole atom is counted, so that chance never makes an alarm and the p-value errs on the
    large side.
    """

    def __init__(self, groups: int) -> None:
        self._counts = np.zeros((groups, BINS))

    def pvalue(self, statistic: FloatArray, group: IntArray, rng: np.random.Generator) -> FloatArray:
        """The share of the group's past at least as odd; NaN stays NaN. Same shape as the statistic."""
        known = np.isfinite(statistic)
        today = self._histogram(statistic[known], group[known])
        young = self._counts.sum(axis=1) < YOUNG_DAYS * today.sum(axis=1)
        tables = _Tables(self._with_prior() + today * young[:, None])
        uniform = rng.random(statistic.shape)
        result = np.full(statistic.shape, np.nan)
        result[known] = tables.look_up(statistic[known], group[known], uniform[known])
        return result

    def learn(self, statistic: FloatArray, group: IntArray, accepted: BoolArray) -> None:
        """Forget a little, then add the day's accepted statistics."""
        self._counts *= 1 - 1 / MEMORY_DAYS
        kept = accepted & np.isfinite(statistic)
        self._counts += self._histogram(statistic[kept], group[kept])

    def _histogram(self, statistic: FloatArray, group: IntArray) -> FloatArray:
        cell = group * BINS + _bin(statistic)
        counts = np.zeros(self._counts.shape)
        counts += np.bincount(cell, minlength=counts.size).reshape(counts.shape)
        return counts

    def _with_prior(self) -> FloatArray:
        fleet = self._counts.sum(axis=0) + PRIOR_COUNT * NOMINAL
        joined: FloatArray = self._counts + PRIOR_COUNT * fleet / fleet.sum()
        return joined


class _Tables:
    """Survivor counts and fitted tails of every group, for look-up."""

    def __init__(self, counts: FloatArray) -> None:
        self._from = np.zeros((len(counts), BINS + 1))
        self._from[:, :-1] = counts[:, ::-1].cumsum(axis=1)[:, ::-1]
        self._total = self._from[:, 0]
        needed = np.minimum(TAIL_COUNT, TAIL_SHARE * self._total)
        self._tail_bin = (self._from >= needed[:, None]).sum(axis=1) - 1
        self._rate = self._tail_rate(counts)

    def _tail_rate(self, counts: FloatArray) -> FloatArray:
        middle = EDGES[:-1] + WIDTH / 2
        beyond = np.arange(BINS) >= self._tail_bin[:, None]
        excess = (counts * beyond * (middle - EDGES[self._tail_bin][:, None])).sum(axis=1)
        count = (counts * beyond).sum(axis=1)
        rate: FloatArray = (count + TAIL_PRIOR) / (excess + TAIL_PRIOR)
        return rate

    def look_up(self, statistic: FloatArray, group: IntArray, uniform: FloatArray) -> FloatArray:
        place = _bin(statistic)
        upper = self._from[group, place] / self._total[group]
        lower = self._from[group, place + 1] / self._total[group]
        ranked = np.maximum(lower + uniform * (upper - lower), np.minimum(upper, FINEST))
        start = self._tail_bin[group]
        at_start = self._from[group, start] / self._total[group]
        excess = np.maximum(statistic - EDGES[start], 0.0)
        tail = at_start * np.exp(-self._rate[group] * excess)
        return np.where(place >= start, np.maximum(tail, np.finfo(float).tiny), ranked)


def _bin(statistic: FloatArray) -> npt.NDArray[np.int64]:
    return np.minimum(statistic / WIDTH, BINS - 1).astype(np.int64)
