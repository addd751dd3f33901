"""One contract for our forecast and its peers, so that all can be timed and scored alike."""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from threadpoolctl import threadpool_limits

from timeseries.forecast import forecast

__all__ = ["LEVELS", "METHODS", "NAIVE", "Answer", "Kind", "Method"]

FloatArray = npt.NDArray[np.float64]
Kind = Literal["flow", "level"]

LEVELS: FloatArray = np.concatenate([[0.025], np.arange(1, 20) / 20, [0.975]])
# Widths of the central intervals that have those bounds, in per cent.
WIDTHS = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95)
WINDOW = 250


@dataclass(frozen=True)
class Answer:
    """What a method says of the coming days.

    Attributes:
        point: best guess of each day under absolute error, [series, horizon].
        quantiles: of each day, [series, horizon, LEVELS].
        totals: of the sum of all days, [series, LEVELS]; without meaning for levels.
    """

    point: FloatArray
    quantiles: FloatArray
    totals: FloatArray


@dataclass(frozen=True)
class Method:
    """A way to forecast.

    Attributes:
        run: from past days [series, days], the horizon and the kind.
        most: past values it gets of a set, by leaving series out, because more would take too long; None
            for all.
        threads: whether it may use all cores.
    """

    name: str
    run: Callable[[FloatArray, int, Kind], Answer]
    most: int | None = None
    threads: bool = False

    def __call__(self, past: FloatArray, horizon: int, kind: Kind) -> Answer:
        """The answer, on one core unless the method may use all."""
        if self.threads:
            return self.run(past, horizon, kind)
        with one_core():
            return self.run(past, horizon, kind)


@contextmanager
def one_core() -> Iterator[None]:
    """New threads inherit the one core; the linear algebra's older ones are kept idle."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        with threadpool_limits(1):
            yield
    finally:
        os.sched_setaffinity(0, cores)


def ours(past: FloatArray, horizon: int, kind: Kind) -> Answer:
    """Everything chosen and learnt anew."""
    found = forecast(past, horizon, quantiles=LEVELS, kind=kind)
    return Answer(found.quantiles[..., len(LEVELS) // 2], found.quantiles, found.total_quantiles[:, -1])


def naive(past: FloatArray, horizon: int, kind: Kind) -> Answer:
    """A Gaussian of the last 250 days; for levels, of their changes since the last value."""
    moves = past if kind == "flow" else np.diff(past, axis=1)
    moves = moves[:, -WINDOW:]
    spread = np.nanstd(moves, axis=1, ddof=1)[:, None]
    steps = np.arange(1, horizon + 1)
    if kind == "level":
        return gaussian(np.repeat(past[:, -1:], horizon, axis=1), spread * np.sqrt(steps))
    mean = np.nanmean(moves, axis=1)[:, None]
    return gaussian(np.repeat(mean, horizon, axis=1), np.repeat(spread, horizon, axis=1))


def gaussian(mean: FloatArray, spread: FloatArray) -> Answer:
    """Days that are normal and independent of each other, [series, horizon] both."""
    z = ndtri(LEVELS)
    total = np.sqrt((spread**2).sum(axis=1))
    return Answer(
        mean, mean[..., None] + spread[..., None] * z, mean.sum(axis=1)[:, None] + total[:, None] * z
    )


def statsforecast(model: str) -> Callable[[FloatArray, int, Kind], Answer]:
    """A model of statsforecast with its own intervals of days; sums as of independent Gaussian days."""

    def run(past: FloatArray, horizon: int, kind: Kind) -> Answer:
        # The processes that measure memory import this file too, and must not hold this library.
        from statsforecast import StatsForecast, models

        engine = StatsForecast([getattr(models, model)()], freq=1, n_jobs=1, fallback_model=models.Naive())
        found = engine.forecast(df=long_table(past), h=horizon, level=list(WIDTHS))
        mean = wide(found, model, horizon)
        lower = [wide(found, f"{model}-lo-{width}", horizon) for width in reversed(WIDTHS)]
        upper = [wide(found, f"{model}-hi-{width}", horizon) for width in WIDTHS]
        days = np.stack([*lower, mean, *upper], axis=-1)
        sums = gaussian(mean, (days[..., -1] - days[..., 0]) / (2 * ndtri(LEVELS[-1])))
        return Answer(mean, days, sums.totals)

    return run


def long_table(past: FloatArray) -> pd.DataFrame:
    """One row a value, as statsforecast wants it."""
    series, days = np.nonzero(~np.isnan(past))
    return pd.DataFrame({"unique_id": series, "ds": days, "y": past[series, days]})


def wide(table: Any, column: str, horizon: int) -> FloatArray:
    """A column of statsforecast's answer as [series, horizon]."""
    return np.asarray(table[column], dtype=np.float64).reshape(-1, horizon)


def statsmodels_ets(past: FloatArray, horizon: int, kind: Kind) -> Answer:
    """Additive errors, for levels with a damped trend; sums as of independent Gaussian days."""
    trend = {"trend": "add", "damped_trend": True} if kind == "level" else {}
    means, variances = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for series in past:
            known = pd.Series(series[~np.isnan(series)])
            found = ETSModel(known, error="add", **trend).fit(disp=False)
            coming = found.get_prediction(start=len(known), end=len(known) + horizon - 1)
            means.append(np.asarray(coming.predicted_mean))
            variances.append(np.asarray(coming.forecast_variance))
    return gaussian(np.array(means), np.sqrt(np.array(variances)))


NAIVE = Method("naive: 250-day Gaussian", naive)
METHODS: tuple[Method, ...] = (
    Method("ours, all cores", ours, threads=True),
    Method("ours, one core", ours),
    NAIVE,
    Method("statsforecast AutoETS", statsforecast("AutoETS"), most=300_000),
    Method("statsforecast DynamicOptimizedTheta", statsforecast("DynamicOptimizedTheta"), most=200_000),
    Method("statsforecast AutoARIMA", statsforecast("AutoARIMA"), most=20_000),
    Method("statsmodels ETSModel", statsmodels_ets, most=100_000),
)
