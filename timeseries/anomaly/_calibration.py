"""From a detector's statistic to a p-value, by the ranks of the fleet's past."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeseries.anomaly._types import BoolArray, FloatArray, IntArray

__all__ = ["Calibration", "HealthyTail", "beside_today"]

HIGHEST = 40.0
BINS = 800
WIDTH = HIGHEST / BINS
EDGES: FloatArray = np.linspace(0.0, HIGHEST, BINS + 1)
# The bins' probabilities before anything was seen: the statistic is a nominal -log p, so exponential.
NOMINAL: FloatArray = np.exp(-EDGES[:-1]) - np.append(np.exp(-EDGES[1:-1]), 0.0)
PRIOR_COUNT = 50.0
# What no pool has ever seen is still not impossible.
UNSEEN_COUNT = 5.0
# Long enough for thin tails, short enough to follow a fleet whose plans and traders change.
MEMORY_DAYS = 120.0
# Beyond its thirty largest members a sample says little; a fitted exponential goes on from there.
TAIL_COUNT = 30.0
TAIL_SHARE = 0.1
TAIL_PRIOR = 10.0
FINEST = 0.01
# A pool with fewer days behind it knows its own prior better than the fleet, so the day itself is counted in.
YOUNG_DAYS = 10
# Tables are made anew when the past has grown by this share.
STALE = 0.02
# Between these shares of what is not zero a tail is measured; anomalies are too few to bend it there.
NEAR, FAR = 0.3, 0.1
STEEPEST = 1.0
# Up to so many members are added one by one.
FEW = 2_000
# A small fleet must remember longer to have as much of a past.
MEMORY_COUNT = 5_000.0
# Today's own ranks correct what is no alarm, and by so much at most; only a large cohort has any.
SMALLEST_COHORT = 60
ALARMING, HARMLESS = 0.003, 0.03
LARGEST_CORRECTION = 1.3


@dataclass(frozen=True)
class HealthyTail:
    """Which members of a pool are believed to be healthy.

    Attributes:
        near: from this share of what is not zero up to the next the tail's rate is measured; anomalies are
            too few to bend it there.
        far: beyond this share survivors may fall more slowly, but not by much.
        lightness: the rate they must keep, as a part of what was measured; one number, or one a family.
        bend: a power of the measured rate besides, for tails bend the more the heavier they are.
    """

    near: float = 0.3
    far: float = 0.1
    lightness: float | FloatArray = 0.9
    bend: float | FloatArray = 1.0


class Calibration:
    """Histograms of past statistics, one a group, forgetting over days or, in small fleets, 5,000 members.

    A group's prior is the histogram of its family (its number modulo ``families``) over the whole fleet, so a
    small cohort starts from what the fleet knows. The
    tail is an exponential fitted to the excesses over the thirtieth largest member (Hill 1975 on the log
    scale the statistics have). Ties and atoms get randomised p-values; the randomness ends at 0.01, below
    which the whole atom is counted, so that chance never makes an alarm and the p-value errs on the
    large side.
    """

    def __init__(
        self,
        groups: int,
        series: int,
        families: int = 1,
        *,
        tail: HealthyTail = HealthyTail(),
        memory: float = MEMORY_DAYS,
    ) -> None:
        self._families = families
        self._tail = tail
        self._counts = np.zeros((groups, BINS))
        self._kept = 1 - 1 / max(memory, MEMORY_COUNT / max(series, 1))
        self._tables: _Tables | None = None
        self._sizes = np.zeros(groups)
        self._grown = 0.0

    def pvalue(self, statistic: FloatArray, group: IntArray, rng: np.random.Generator) -> FloatArray:
        """The share of the group's past at least as odd; NaN stays NaN. Same shape as the statistic."""
        known = np.isfinite(statistic)
        values, groups = statistic[known], group[known]
        result = np.full(statistic.shape, np.nan)
        uniform = rng.random(statistic.shape)[known]
        result[known] = self._with_today(values, groups).look_up(values, groups, uniform)
        return result

    def threshold(self, level: float) -> FloatArray:
        """[groups], the statistic from which a p-value is below the level."""
        return (self._tables or _Tables(self._joined())).threshold(level)

    def learn(self, statistic: FloatArray, group: IntArray, accepted: BoolArray) -> None:
        """Forget a little, then add the day's accepted statistics."""
        known = accepted & np.isfinite(statistic)
        values, groups = statistic[known], group[known]
        self._counts *= self._kept
        self._add(self._counts, values, groups)
        self._grown += len(values)
        self._sizes = self._sizes * self._kept + np.bincount(groups, minlength=len(self._sizes))

    def _with_today(self, statistic: FloatArray, group: IntArray) -> "_Tables":
        today = np.bincount(group, minlength=len(self._counts))
        young = (self._sizes < YOUNG_DAYS * today) & (today > 0)
        if young.any():
            self._tables = None
            counts, today_too = self._joined(), young[group]
            self._add(counts, statistic[today_too], group[today_too])
            return _Tables(counts)
        if self._tables is None or self._grown > STALE * self._sizes.sum():
            self._tables, self._grown = _Tables(self._joined()), 0.0
        return self._tables

    def _add(self, counts: FloatArray, statistic: FloatArray, group: IntArray) -> None:
        cell = group * BINS + _bin(statistic)
        if len(cell) < FEW:
            np.add.at(counts.ravel(), cell, 1.0)
        else:
            counts += np.bincount(cell, minlength=counts.size).reshape(counts.shape)

    def _joined(self) -> FloatArray:
        past = _without_anomalies(self._counts, self._tail).reshape(-1, self._families, BINS)
        fleet = past.sum(axis=0) + PRIOR_COUNT * NOMINAL
        prior = PRIOR_COUNT * fleet / fleet.sum(axis=1, keepdims=True) + UNSEEN_COUNT * NOMINAL
        joined: FloatArray = (past + prior).reshape(-1, BINS)
        return joined


def beside_today(pvalue: FloatArray, group: IntArray, rng: np.random.Generator) -> FloatArray:
    """Correct p-values [series] above 0.003 by their ranks among the group's of the same day.

    That makes a healthy day's p-values uniform although its past was a little different. Small p-values are
    left to the past alone: a day that is odd for the whole fleet stays odd.
    """
    count = np.bincount(group[np.isfinite(pvalue)], minlength=int(group.max(initial=0)) + 1)
    if count.max(initial=0) < SMALLEST_COHORT:
        return pvalue
    order = np.lexsort((pvalue, group))
    place = np.empty(len(order))
    place[order] = np.arange(len(order)) - np.searchsorted(group[order], group[order])
    rank = (place + rng.random(len(place))) / np.maximum(count[group], 1)
    share = np.clip(rank / pvalue, 1 / LARGEST_CORRECTION, LARGEST_CORRECTION)
    weight = np.clip(np.log(pvalue / ALARMING) / np.log(HARMLESS / ALARMING), 0.0, 1.0)
    corrected = np.minimum(pvalue * share**weight, 1.0)
    result: FloatArray = np.where(count[group] >= SMALLEST_COHORT, corrected, pvalue)
    return result


def _without_anomalies(counts: FloatArray, tail: HealthyTail) -> FloatArray:
    """The histograms [groups, bins] without members too far out for the exponential tail of the usual ones.

    A healthy tail, heavier ones included, is left as it is; anomalies in the past do not hide their like.
    """
    survivors = counts[:, ::-1].cumsum(axis=1)[:, ::-1]
    near, at_near = _reached(survivors, tail.near)
    far, at_far = _reached(survivors, tail.far)
    distance = np.maximum(far - near, 1) * WIDTH
    rate = np.where(far > near, np.log(at_near / at_far) / distance, STEEPEST)
    bend, lightness = (np.resize(part, len(counts)) for part in (tail.bend, tail.lightness))
    rate = np.minimum(rate, STEEPEST) ** bend * lightness
    beyond = np.maximum(np.arange(BINS) - far[:, None], 0) * WIDTH
    allowed = at_far[:, None] * np.exp(-rate[:, None] * beyond)
    result: FloatArray = -np.diff(np.minimum(survivors, allowed), axis=1, append=0.0)
    result[beyond == 0] = counts[beyond == 0]
    return result


def _reached(survivors: FloatArray, share: float) -> tuple[IntArray, FloatArray]:
    """[groups], the last bin that this share of what is not zero reaches, and how many do."""
    reached = survivors >= share * survivors[:, 1:2]
    last = np.maximum(reached.sum(axis=1) - 1, 1)
    return last, np.maximum(np.take_along_axis(survivors, last[:, None], axis=1)[:, 0], np.finfo(float).tiny)


class _Tables:
    """Survivor counts and fitted tails of every group, for look-up."""

    def __init__(self, counts: FloatArray) -> None:
        self._from = np.zeros((len(counts), BINS + 1))
        self._from[:, :-1] = counts[:, ::-1].cumsum(axis=1)[:, ::-1]
        self._total = self._from[:, 0]
        needed = np.minimum(TAIL_COUNT, TAIL_SHARE * self._total)
        # Zero is "nothing odd", often an atom, and no part of a tail.
        self._tail_bin = np.maximum((self._from >= needed[:, None]).sum(axis=1) - 1, 1)
        self._rate = self._tail_rate(counts)

    def _tail_rate(self, counts: FloatArray) -> FloatArray:
        middle = EDGES[:-1] + WIDTH / 2
        beyond = np.arange(BINS) >= self._tail_bin[:, None]
        excess = (counts * beyond * (middle - EDGES[self._tail_bin][:, None])).sum(axis=1)
        count = (counts * beyond).sum(axis=1)
        rate: FloatArray = (count + TAIL_PRIOR) / (excess + TAIL_PRIOR)
        return rate

    def threshold(self, level: float) -> FloatArray:
        """[groups], the statistic from which a p-value is below the level."""
        share = self._from[:, :-1] / self._total[:, None]
        inside = EDGES[np.where(share < level, np.arange(BINS), BINS).min(axis=1)]
        at_start = np.take_along_axis(share, self._tail_bin[:, None], axis=1)[:, 0]
        beyond = EDGES[self._tail_bin] + np.log(np.maximum(at_start / level, 1.0)) / self._rate
        result: FloatArray = np.where(at_start >= level, beyond, inside)
        return result

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
