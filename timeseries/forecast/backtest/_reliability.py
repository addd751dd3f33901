"""Probabilities against what came."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["ReliabilityBin", "RiskCases", "RiskScores", "base_rates", "risk_scores"]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.integer]
BoolArray = npt.NDArray[np.bool_]
EDGES = np.array([0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0])
# In smaller bins chance alone makes gaps of more than ten points.
ENOUGH = 50
# A cohort's own share is taken with so many cases of the whole panel's.
PRIOR_CASES = 20.0


@dataclass(frozen=True)
class RiskCases:
    """Every probability of one risk by one model, beside what came; every field [cases].

    Attributes:
        origin: position of the origin's first day ahead.
        cohort: number of the account's cohort.
        chance: probability foretold.
        came: 1 or 0.
    """

    origin: IntArray
    cohort: IntArray
    chance: FloatArray
    came: FloatArray


@dataclass(frozen=True)
class ReliabilityBin:
    """Cases with probabilities from ``low`` to ``high``: their mean, and the share of which it came."""

    low: float
    high: float
    predicted: float
    realised: float
    count: int


@dataclass(frozen=True)
class RiskScores:
    """One risk foretold by one model for a group of accounts.

    Attributes:
        model: its name.
        group: a cohort, or "" for all.
        risk: its name.
        cases: how many accounts at how many origins, all of them alive then and under the rule.
        predicted: mean probability.
        realised: share of which it came.
        brier: mean squared difference; Brier (1950), Monthly Weather Review 78(1).
        brier_skill: 1 - brier / that of the cohort's base rate as it was known at the origin: the share among
            the cohort's outcomes that were over by then, with 20 cases of the whole panel's share; at the
            first origins, when none was, the share among all origins' outcomes, which favours the base rate.
            NaN where the base rate has no error.
        hindsight_skill: the same against the share realised among all cases of the group, which nobody knew
            beforehand.
        bins: the reliability curve.
        mean_gap: mean distance of predicted and realised over the bins, by their counts.
        largest_gap: the largest distance in a bin of 50 cases or more; NaN without such a bin.
    """

    model: str
    group: str
    risk: str
    cases: int
    predicted: float
    realised: float
    brier: float
    brier_skill: float
    hindsight_skill: float
    bins: tuple[ReliabilityBin, ...]
    mean_gap: float
    largest_gap: float


def base_rates(cases: RiskCases, horizon: int) -> FloatArray:
    """What the cohort's past outcomes said of each case at its origin, [cases]."""
    answer = np.empty(len(cases.came))
    cohorts = int(cases.cohort.max(initial=0)) + 1
    for origin in np.unique(cases.origin).tolist():
        over = cases.origin + horizon <= origin
        used = over if over.any() else np.ones(len(over), dtype=np.bool_)
        count = np.bincount(cases.cohort[used], minlength=cohorts)
        hits = np.bincount(cases.cohort[used], cases.came[used], minlength=cohorts)
        rate = (hits + PRIOR_CASES * cases.came[used].mean()) / (count + PRIOR_CASES)
        here = cases.origin == origin
        answer[here] = rate[cases.cohort[here]]
    return answer


def risk_scores(
    names: tuple[str, str, str], cases: RiskCases, base: FloatArray, chosen: BoolArray
) -> RiskScores:
    """The scores of the chosen cases.

    Args:
        names: model, group and risk.
        base: base rate of each case.
        chosen: at least one, [cases].
    """
    chance, came = cases.chance[chosen], cases.came[chosen]
    brier = float(((chance - came) ** 2).mean())
    bins = reliability(chance, came)
    counts = np.array([one.count for one in bins])
    gaps = np.array([abs(one.predicted - one.realised) for one in bins])
    return RiskScores(
        *names,
        cases=len(came),
        predicted=float(chance.mean()),
        realised=float(came.mean()),
        brier=brier,
        brier_skill=skill(brier, float(((base[chosen] - came) ** 2).mean())),
        hindsight_skill=skill(brier, float(((came.mean() - came) ** 2).mean())),
        bins=bins,
        mean_gap=float(np.average(gaps, weights=counts)),
        largest_gap=float(gaps[counts >= ENOUGH].max()) if (counts >= ENOUGH).any() else float("nan"),
    )


def reliability(chance: FloatArray, came: FloatArray) -> tuple[ReliabilityBin, ...]:
    """The bins that hold any case, from low to high."""
    place = np.clip(np.searchsorted(EDGES, chance, side="right") - 1, 0, len(EDGES) - 2)
    counts, said, hits = (
        np.bincount(place, weights, minlength=len(EDGES) - 1)
        for weights in (np.ones_like(chance), chance, came)
    )
    return tuple(
        ReliabilityBin(
            float(EDGES[k]),
            float(EDGES[k + 1]),
            float(said[k] / counts[k]),
            float(hits[k] / counts[k]),
            int(counts[k]),
        )
        for k in np.flatnonzero(counts)
    )


def skill(loss: float, reference: float) -> float:
    """1 - loss / reference; NaN where the reference has none."""
    return 1 - loss / reference if reference > 0 else float("nan")
