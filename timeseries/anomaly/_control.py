"""Which p-values are worth a person's time."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from timeseries.anomaly._types import BoolArray, FloatArray, IntArray

__all__ = ["MEMORY_DAYS", "AlarmDays", "Decisions", "control"]

# Business days of a year: within that time a stream without any anomaly gives a false alarm with chance fdr.
MEMORY_DAYS = 250
_KEPT = 1 - 1 / MEMORY_DAYS
# Fewer accounts do not tell a common move from chance.
_LEAST_FOR_COMMON = 20


@dataclass(frozen=True)
class AlarmDays:
    """What was decided on a run of days; all that the next day needs to know of them. Every array is [days].

    Attributes:
        tests: p-values judged.
        discoveries: how many of them became alarms.
        augmented: the most there could have been, had one more p-value been zero (R+ of Zrnic et al.).
        level: the day's share of false discoveries spent; NaN where a budget decided.
    """

    tests: IntArray
    discoveries: IntArray
    augmented: IntArray
    level: FloatArray

    def __len__(self) -> int:
        return len(self.tests)

    def then(self, later: "AlarmDays") -> "AlarmDays":
        """These days followed by later ones."""
        pairs = {name: (mine, vars(later)[name]) for name, mine in vars(self).items()}
        return AlarmDays(**{name: np.concatenate(pair) for name, pair in pairs.items()})


@dataclass(frozen=True)
class Decisions:
    """Which account-days raise an alarm.

    Attributes:
        found: [series, days].
        adjusted: [series, days], the p-values decided on, at most 1: with what the whole day has in common
            taken out (``fdr`` only), divided by their prior weights.
        days: what the days after these need to know, to be added to ``past``.
    """

    found: BoolArray
    adjusted: FloatArray
    days: AlarmDays


def control(
    pvalue: FloatArray,
    *,
    fdr: float | None = None,
    budget: float | None = None,
    weight: FloatArray | None = None,
    past: AlarmDays | None = None,
) -> Decisions:
    """Decide on alarms day by day, so that over all accounts and days few of them are false.

    With ``fdr`` every day is a batch of the online Benjamini-Hochberg procedure (BatchBH: Zrnic, Jiang,
    Ramdas & Jordan 2020, "The power of batching in multiple hypothesis testing"). In place of its ever
    smaller spending sequence discoveries and their cost fade with a memory of 250 days (Ramdas, Yang,
    Wainwright & Jordan 2017, "Online control of the false discovery rate with decaying memory"). So a quiet
    day always has the level fdr / 251, and up to nearly fdr where discoveries are frequent; what is promised
    is the false share of the alarms within the memory, not since the beginning of time. A day's p-values
    must be valid given the days before.

    Within a day Benjamini-Hochberg bears positive dependence (Benjamini & Yekutieli 2001), but then the false
    alarms all come on the same few days. So first each day's p-values are judged beside the day's own median
    and upper quartile, as normal scores (the empirical null of Efron 2004), where these are less likely than
    chance; that never makes a p-value smaller. Nothing more is proven of other dependence.

    With ``budget`` each day on its own gives the ``budget`` least likely of the p-values <= budget / tests,
    so that clean days have at most ``budget`` alarms expected, whatever the dependence, and no day has more
    than ``budget``, rounded up.

    Args:
        pvalue: [series, days]; NaN is never an alarm and does not count as a test.
        fdr: accepted share of false alarms, between 0 and 1. Exactly one of this and ``budget``.
        budget: accepted alarms a day, above 0.
        weight: [series, days], prior weights, at least 0; their mean over a day's tests is made 1, and
            decisions are on p / weight (Genovese, Roeder & Wasserman 2006). They must not be taken from the
            same day's p-values.
        past: the days before the first one here; continuing so equals one call over all days. Days older
            than 2,000 no longer matter.

    Raises:
        ValueError: an array of the wrong shape, a p-value outside [0, 1], a negative or infinite weight, both
            or neither of ``fdr`` and ``budget``, or one of them outside its range.
    """
    _check_aim(fdr, budget)
    checked = _checked(pvalue)
    if fdr is not None:
        return _by_rate(_weighted(_beside_the_day(checked), weight), fdr, past)
    assert budget is not None
    return _by_budget(_weighted(checked, weight), budget)


def _check_aim(fdr: float | None, budget: float | None) -> None:
    if (fdr is None) == (budget is None):
        raise ValueError("give exactly one of fdr and budget")
    if fdr is not None and not 0 < fdr < 1:
        raise ValueError(f"fdr must lie between 0 and 1, not {fdr}")
    if budget is not None and not 0 < budget < math.inf:
        raise ValueError(f"budget must be a number of alarms above 0, not {budget}")


def _checked(pvalue: FloatArray) -> FloatArray:
    values = np.asarray(pvalue, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"pvalue must be [series, days], not {values.shape}")
    if ((values < 0) | (values > 1)).any():
        raise ValueError("pvalue must lie in [0, 1], or be NaN where nothing was tested")
    return values


def _beside_the_day(pvalue: FloatArray) -> FloatArray:
    """p-values as normal scores from the day's centre and spread, where these lie above chance."""
    tests = np.isfinite(pvalue).sum(axis=0)
    ordered = np.sort(pvalue, axis=0)
    if len(ordered) < _LEAST_FOR_COMMON:
        return pvalue
    centre = np.maximum(_score_at(ordered, tests, 0.5), 0.0)
    spread = np.maximum((_score_at(ordered, tests, 0.25) - centre) / -special.ndtri(0.25), 1.0)
    enough = tests >= _LEAST_FOR_COMMON
    centre, spread = np.where(enough, centre, 0.0), np.where(enough, spread, 1.0)
    result: FloatArray = np.maximum(special.ndtr((special.ndtri(pvalue) + centre) / spread), pvalue)
    return result


def _score_at(ordered: FloatArray, tests: IntArray, share: float) -> FloatArray:
    """The normal score of the p-value at this share of a day's ascending ones; 0 on a day without tests."""
    place = (share * np.maximum(tests - 1, 0)).astype(np.int64)
    chosen = np.where(tests > 0, ordered[place, np.arange(ordered.shape[1])], 0.5)
    return -np.asarray(special.ndtri(np.clip(chosen, 1e-300, 1 - 1e-16)), dtype=np.float64)


def _weighted(pvalue: FloatArray, weight: FloatArray | None) -> FloatArray:
    if weight is None:
        return pvalue
    weights = np.asarray(weight, dtype=np.float64)
    if weights.shape != pvalue.shape:
        raise ValueError(f"weight must be shaped as pvalue, {pvalue.shape}, not {weights.shape}")
    tested = np.isfinite(pvalue)
    if not (np.isfinite(weights[tested]).all() and (weights[tested] >= 0).all()):
        raise ValueError("weight must be finite and at least 0")
    known = np.where(tested, weights, 0.0)
    total = known.sum(axis=0)
    share = np.divide(known * tested.sum(axis=0), total, out=np.zeros_like(known), where=total > 0)
    divided = np.divide(pvalue, share, out=np.ones_like(known), where=share > 0)
    result: FloatArray = np.where(tested, np.minimum(divided, 1.0), np.nan)
    return result


def _by_rate(adjusted: FloatArray, fdr: float, past: AlarmDays | None) -> Decisions:
    ordered = np.sort(adjusted, axis=0)
    tests = np.isfinite(adjusted).sum(axis=0)
    before, days = 0 if past is None else len(past), adjusted.shape[1]
    discovered, augmented, level = _histories(past, before + days)
    limit = np.zeros(days)
    for day in range(days):
        place = before + day
        level[place] = _level(fdr, level[:place], discovered[:place], augmented[:place])
        pvalues = ordered[: tests[day], day]
        discovered[place], augmented[place] = _batch(pvalues, level[place])
        limit[day] = pvalues[discovered[place] - 1] if discovered[place] else -1.0
    new = slice(before, None)
    alarm_days = AlarmDays(tests, discovered[new], augmented[new], level[new])
    return Decisions(adjusted <= limit, adjusted, alarm_days)


def _histories(past: AlarmDays | None, days: int) -> tuple[IntArray, IntArray, FloatArray]:
    discovered, augmented = np.zeros(days, dtype=np.int64), np.zeros(days, dtype=np.int64)
    level = np.zeros(days)
    if past is not None:
        known = np.isfinite(past.level)
        level[: len(past)] = np.where(known, past.level, 0.0)
        discovered[: len(past)] = np.where(known, past.discoveries, 0)
        augmented[: len(past)] = np.where(known, past.augmented, 0)
    return discovered, augmented, level


def _level(fdr: float, level: FloatArray, discovered: IntArray, augmented: IntArray) -> float:
    """The day's level: an even share of the memory, and no more than what the days before have left."""
    faded = _KEPT ** np.arange(len(level), 0, -1)
    found, most = faded * discovered, faded * augmented
    total = float(found.sum())
    # A day's cost in the bound on the false share: what it may have found wrongly, among all that was found.
    spent = float((level * most / np.maximum(most + total - found, 1.0)).sum())
    even = fdr * max(total, 1.0) / (max(total, 1.0) + MEMORY_DAYS)
    return max(min(even, (fdr - spent) * (1.0 + total)), 0.0)


def _batch(ordered: FloatArray, level: float) -> tuple[int, int]:
    """Discoveries among ascending p-values, and the most there could be with one of them set to zero."""
    tests = len(ordered)
    steps = level * np.arange(1, tests + 1) / max(tests, 1)
    # The largest set to zero moves every other one rank up; no other choice could find more.
    shifted = np.concatenate([[0.0], ordered[:-1]])[:tests]
    return _last_true(ordered <= steps), _last_true(shifted <= steps)


def _last_true(passing: BoolArray) -> int:
    places = np.flatnonzero(passing)
    return int(places[-1]) + 1 if len(places) else 0


def _by_budget(adjusted: FloatArray, budget: float) -> Decisions:
    tests = np.isfinite(adjusted).sum(axis=0)
    order = np.argsort(adjusted, axis=0, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(len(adjusted))[:, None], axis=0)
    found: BoolArray = (adjusted <= budget / np.maximum(tests, 1)) & (rank < math.ceil(budget))
    count = found.sum(axis=0)
    return Decisions(found, adjusted, AlarmDays(tests, count, count, np.full(len(tests), np.nan)))
