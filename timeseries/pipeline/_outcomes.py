"""What came of forecasts, as arrays: losses, coverage and totals over the days that are over."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from timeseries.forecast import pinball

__all__ = ["Outcomes", "Predicted", "naive_normal", "outcomes_of"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
INTERVALS = {"inside_80": (0.1, 0.9), "inside_95": (0.025, 0.975)}
NONE = -1
NAIVE_DAYS = 250


@dataclass(frozen=True)
class Predicted:
    """What forecasts of one origin and horizon said.

    Attributes:
        levels: the quantiles' probabilities, [levels].
        quantiles: of each day, [forecasts, horizon, levels].
        total_quantiles: of the sum from the first day to each, [forecasts, horizon, levels].
        naive_mean: of each day by the naive forecast, [forecasts]; NaN: there was none.
        naive_deviation: its standard deviation, [forecasts].
    """

    levels: FloatArray
    quantiles: FloatArray
    total_quantiles: FloatArray
    naive_mean: FloatArray
    naive_deviation: FloatArray


@dataclass(frozen=True)
class Outcomes:
    """What came of forecasts, every field [forecasts]; money in each account's currency.

    Attributes:
        days_scored: closed days on which the account had metrics.
        pinball: loss summed over these days and the levels.
        naive_pinball: of the naive forecast at the same levels; NaN without one.
        inside_80: how many of these days fell into the interval; -1 when its bounds are not among the levels.
        inside_95: the same.
        total: net profit over these days; NaN when there were none.
        total_pinball: loss of the total over the whole horizon, summed over the levels; NaN before its end.
        naive_total_pinball: the same of the naive forecast.
        total_inside_80: 1 when the total fell into the interval, 0 when not, -1 when that is not known.
        total_inside_95: the same.
    """

    days_scored: IntArray
    pinball: FloatArray
    naive_pinball: FloatArray
    inside_80: IntArray
    inside_95: IntArray
    total: FloatArray
    total_pinball: FloatArray
    naive_total_pinball: FloatArray
    total_inside_80: IntArray
    total_inside_95: IntArray

    def as_lists(self) -> dict[str, list[Any]]:
        """Every field as a plain list."""
        return {field.name: getattr(self, field.name).tolist() for field in fields(self)}


def naive_normal(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The naive forecast: every coming day is normal with the mean and deviation of the last 250 days.

    Args:
        values: daily amounts, [accounts, days]; NaN where there is none.

    Returns:
        Mean and standard deviation, each [accounts]; NaN for an account without a day.
    """
    recent = values[:, -NAIVE_DAYS:]
    seen = np.isfinite(recent)
    count = np.where(seen.any(axis=1), seen.sum(axis=1), np.nan)
    mean = np.where(seen, recent, 0.0).sum(axis=1) / count
    misses = np.where(seen, recent - mean[:, None], 0.0)
    return mean, np.sqrt((misses**2).sum(axis=1) / count)


def outcomes_of(predicted: Predicted, actual: FloatArray) -> Outcomes:
    """Score forecasts on the first days of their horizon.

    Args:
        actual: net profit of the closed days, [forecasts, days], at most as many as the horizon has; NaN
            where the account had no metrics: such a day is not scored and adds nothing to the total.
    """
    closed, levels = actual.shape[1], predicted.levels
    quantiles = predicted.quantiles[:, :closed]
    seen = np.isfinite(actual)
    total = np.where(seen.any(axis=1), np.where(seen, actual, 0.0).sum(axis=1), np.nan)
    over = np.where(closed == predicted.quantiles.shape[1], total, np.nan)
    last = predicted.total_quantiles[:, -1]
    naive = _naive_quantiles(predicted, 1)
    naive_total = _naive_quantiles(predicted, predicted.quantiles.shape[1])
    insides = {name: _inside(quantiles, levels, actual, name) for name in INTERVALS}
    of_total = {f"total_{name}": _inside(last, levels, over, name) for name in INTERVALS}
    return Outcomes(
        days_scored=seen.sum(axis=1),
        pinball=_seen_sum(pinball(quantiles, levels, actual)),
        naive_pinball=np.where(
            np.isfinite(naive[:, 0]), _seen_sum(pinball(naive[:, None], levels, actual)), np.nan
        ),
        total=total,
        total_pinball=pinball(last, levels, over).sum(axis=-1),
        naive_total_pinball=pinball(naive_total, levels, over).sum(axis=-1),
        **{name: _counted(inside) for name, inside in insides.items()},
        **{name: np.where(np.isfinite(over), inside, NONE) for name, inside in of_total.items()},
    )


def _naive_quantiles(predicted: Predicted, days: int) -> FloatArray:
    spread = np.sqrt(days) * predicted.naive_deviation[:, None] * ndtri(predicted.levels)
    return np.asarray(days * predicted.naive_mean[:, None] + spread)


def _seen_sum(losses: npt.NDArray[np.floating]) -> FloatArray:
    return np.asarray(np.nansum(losses, axis=(1, 2)))


def _inside(quantiles: FloatArray, levels: FloatArray, actual: FloatArray, name: str) -> IntArray:
    """1 where the value lies within the interval, bounds included, 0 where not; -1 where nobody can tell."""
    bounds = [np.flatnonzero(np.isclose(levels, level)) for level in INTERVALS[name]]
    if not all(found.size for found in bounds):
        return np.full(actual.shape, NONE)
    low, high = (quantiles[..., found[0]] for found in bounds)
    return ((actual >= low) & (actual <= high)).astype(np.int64)


def _counted(inside: IntArray) -> IntArray:
    return np.where((inside == NONE).any(axis=1), NONE, inside.sum(axis=1))
