"""What p-values and decisions promise, measured: uniform when clean, few false alarms, one day in time."""

import time
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from timeseries.anomaly import control, score

__all__ = ["FalseShare", "NewDay", "Uniformity", "false_shares", "new_day", "uniformity"]

FloatArray = npt.NDArray[np.float64]

WARM_UP = 60
AFTER_EFFECT = 30


@dataclass(frozen=True)
class Uniformity:
    """Kolmogorov-Smirnov distance of clean p-values from uniform.

    Attributes:
        series: of 250 days.
        values: p-values compared.
        distance: the largest difference of the distributions.
        pvalue: of the distance, if all p-values were independent.
        below: share of p-values up to 0.001, in thousandths: 1 is exact.
    """

    series: int
    values: int
    distance: float
    pvalue: float
    below: float

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class FalseShare:
    """Realised false-discovery proportion.

    Attributes:
        p_values: where they come from.
        target: what was asked for.
        seeds: runs.
        mean: of the runs' proportions, 0 where there was no alarm.
        largest: of the runs'.
        alarms: a run, on average.
        found: share of true anomalous days that became alarms.
    """

    p_values: str
    target: float
    seeds: int
    mean: float
    largest: float
    alarms: float
    found: float

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class NewDay:
    """Scoring one new day of a firm, best of the rounds."""

    accounts: int
    metrics: int
    past_days: int
    seconds: float

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return asdict(self)


def uniformity(series: int, *, seed: int = 0) -> Uniformity:
    """Heavy-tailed clean series, each of a size of its own."""
    rng = np.random.default_rng(seed)
    values = rng.standard_t(4, (series, 250)) * np.exp(rng.normal(0, 1, (series, 1)))
    pvalue = score(values).pvalue[:, WARM_UP:]
    judged = pvalue[np.isfinite(pvalue)]
    test = stats.kstest(judged, "uniform")
    return Uniformity(
        series, judged.size, float(test.statistic), float(test.pvalue), float((judged <= 1e-3).mean() * 1e3)
    )


def false_shares(seeds: int, *, fdr: float = 0.05) -> list[FalseShare]:
    """Decisions on p-values known to be right, of accounts that move together or not, and on our own."""
    cases = [
        (f"1,000 × 250, {rate:.2%} anomalous, {shared:.0%} of variance shared", rate, shared)
        for rate in (1e-4, 1e-3, 1e-2)
        for shared in (0.0, 0.3)
    ]
    rows = [
        _summed(name, fdr, [_decided(*mixture(seed, rate, shared), fdr) for seed in range(seeds)])
        for name, rate, shared in cases
    ]
    return [
        *rows,
        _summed(
            "our scores, 500 × 250, 0.20% wrong numbers", fdr, [_scored(seed, fdr) for seed in range(seeds)]
        ),
    ]


def mixture(seed: int, rate: float, shared: float) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Two-sided normal p-values, and which accounts' days were moved by five deviations."""
    rng = np.random.default_rng(seed)
    loading = np.sqrt(shared) * rng.choice([-1.0, 1.0], (1000, 1))
    scores = loading * rng.standard_normal(250) + np.sqrt(1 - shared) * rng.standard_normal((1000, 250))
    true = rng.random(scores.shape) < rate
    scores[true] += 5.0 * np.sign(scores[true])
    return 2 * stats.norm.sf(np.abs(scores)), true


def _scored(seed: int, fdr: float) -> tuple[float, int, float]:
    """Wrong numbers of 30 to 300 times the size, one in 500 account-days, in heavy-tailed series.

    What detectors with a memory say of the 30 days after one is neither true nor false: they are not judged.
    """
    rng = np.random.default_rng(1000 + seed)
    values = rng.standard_t(4, (500, 250))
    true = (rng.random(values.shape) < 0.002) & (np.arange(250) >= WARM_UP)
    values[true] = rng.choice([-1.0, 1.0], true.sum()) * np.exp(
        rng.uniform(np.log(30), np.log(300), true.sum())
    )
    days = np.arange(250)
    last_wrong = np.maximum.accumulate(np.where(true, days, -AFTER_EFFECT), axis=1)
    judged = (days >= WARM_UP) & (true | (days - last_wrong >= AFTER_EFFECT))
    return _decided(np.where(judged, score(values).pvalue, np.nan), true & judged, fdr)


def _decided(pvalue: FloatArray, true: npt.NDArray[np.bool_], fdr: float) -> tuple[float, int, float]:
    found = control(pvalue, fdr=fdr).found
    false = int((found & ~true).sum())
    return false / max(int(found.sum()), 1), int(found.sum()), float(found[true].mean())


def _summed(name: str, fdr: float, runs: list[tuple[float, int, float]]) -> FalseShare:
    shares, alarms, found = (np.array(column, dtype=np.float64) for column in zip(*runs, strict=True))
    return FalseShare(
        name,
        fdr,
        len(runs),
        float(shares.mean()),
        float(shares.max()),
        float(alarms.mean()),
        float(found.mean()),
    )


def new_day(accounts: int, metrics: int, *, rounds: int, past_days: int = 250) -> NewDay:
    """Scores of the last day only, as the daily job asks for them."""
    values = np.random.default_rng(0).standard_t(4, (accounts, past_days + 1, metrics))
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        score(values, last=1)
        seconds.append(time.perf_counter() - start)
    return NewDay(accounts, metrics, past_days, min(seconds))
