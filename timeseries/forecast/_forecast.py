"""The forecast of a panel: means, quantiles, totals and paths."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from timeseries.forecast._arrays import FloatArray, IntArray, ratio
from timeseries.forecast._cohort import pooled
from timeseries.forecast._history import panel_scaled, read_history
from timeseries.forecast._registry import MODELS
from timeseries.forecast._sampling import MOST_DAYS
from timeseries.forecast._skill import choose, skill
from timeseries.forecast._summary import Summary, simulated_paths, summarise

__all__ = ["Forecast", "forecast"]

DEFAULT_QUANTILES = (0.025, 0.1, 0.5, 0.9, 0.975)


@dataclass(frozen=True)
class Forecast:
    """The coming days of every series, in the unit of the values forecast.

    For a flow (a daily amount) ``mean``, ``quantiles`` and ``paths`` are of each single day; for a level (a
    running value) they are of the level itself at the end of each day.

    Attributes:
        mean: expected value, [series, horizon].
        quantiles: at the probabilities asked for, in their order, [series, horizon, quantiles].
        total_quantiles: of the sum of the days up to and including each one (for a level: of the change
            since its last known value), [series, horizon, quantiles].
        model: name of the model that made each series' forecast, [series].
        skill: 1 - CRPS / CRPS of naive over the last thirty days' moves, forecast without knowing them; NaN
            where the history is too short to tell, [series].
        paths: independent simulated courses, float32, [series, paths, horizon]; None unless asked for.
    """

    mean: npt.NDArray[np.float64]
    quantiles: npt.NDArray[np.float64]
    total_quantiles: npt.NDArray[np.float64]
    model: npt.NDArray[np.str_]
    skill: npt.NDArray[np.float64]
    paths: npt.NDArray[np.float32] | None = None


def forecast(
    values: npt.ArrayLike,
    horizon: int,
    *,
    quantiles: Sequence[float] | FloatArray = DEFAULT_QUANTILES,
    kind: Literal["flow", "level"] = "flow",
    model: str = "auto",
    calendar: npt.ArrayLike | None = None,
    cohort: npt.ArrayLike | None = None,
    paths: int = 0,
    seed: int = 0,
) -> Forecast:
    """Forecast many daily series at once.

    The answer is finite for any history: a short or empty one borrows size, shape and activity from its
    cohort. Memory beyond input and output is bounded by blocks of series. The same arguments give the same
    answer.

    Args:
        values: [series, days], all ending on the same day; NaN before a series starts and on days that were
            not observed. A day without trading is an observed zero.
        horizon: number of coming days, 1 to 10,000.
        quantiles: probabilities strictly between 0 and 1.
        kind: "flow" for daily amounts such as profit, "level" for running values such as equity.
        model: a name in ``MODELS``, or "auto": EWMA-filtered historical simulation, unless another model is
            better by one per cent CRPS on the last thirty days of the series' cohort.
        calendar: dates of the days, [days] or, with those of the coming days, [days + horizon]; makes the
            chance of an active day depend on the weekday. Coming days not given are the next working days,
            or the next calendar days when the past has weekends.
        cohort: a label a series, such as plan and phase, [series]; without labels all are one cohort.
        paths: number of simulated paths to return for each series; independent between series.
        seed: of the random numbers.

    Raises:
        ValueError: an argument has a wrong shape or value; the message says which.
    """
    check_arguments(horizon, quantiles, kind, model, paths)
    array, exponent = panel_scaled(values)
    history = read_history(array, horizon, level=kind == "level", calendar=calendar, cohort=cohort)
    names = list(MODELS)
    chosen = choose(history) if model == "auto" else np.full(len(history), names.index(model))
    start = last_levels(array, history.cohort) if kind == "level" else None
    answer = blank(len(history), horizon, len(quantiles), paths)
    for number in np.unique(chosen):
        rows = np.flatnonzero(chosen == number)
        maker = MODELS[names[number]]
        answer.model[rows] = maker.name
        answer.skill[rows] = skill(maker, history)[rows]
        outlook = maker.predict(history, horizon).rows(rows)
        here = None if start is None else start[rows]
        fill_quantiles(answer, rows, summarise(outlook, np.asarray(quantiles), seed), here)
        if answer.paths is not None:
            answer.paths[rows] = paths_from(simulated_paths(outlook, paths, (seed, int(number))), here)
    return unscaled(answer, exponent)


def check_arguments(
    horizon: int, quantiles: Sequence[float] | FloatArray, kind: str, model: str, paths: int
) -> None:
    """Refuse what cannot be meant."""
    if not 1 <= horizon <= MOST_DAYS:
        raise ValueError(f"horizon must be between 1 and {MOST_DAYS} days, not {horizon}")
    if not len(quantiles) or not all(0 < probability < 1 for probability in quantiles):
        raise ValueError(f"quantiles must lie strictly between 0 and 1, not {tuple(quantiles)}")
    if kind not in ("flow", "level"):
        raise ValueError(f'kind must be "flow" or "level", not {kind!r}')
    if model != "auto" and model not in MODELS:
        raise ValueError(f'model must be "auto" or one of {", ".join(MODELS)}, not {model!r}')
    if paths < 0:
        raise ValueError(f"paths must not be negative, but is {paths}")


def blank(series: int, horizon: int, quantiles: int, paths: int) -> Forecast:
    """A forecast to fill."""
    return Forecast(
        mean=np.zeros((series, horizon)),
        quantiles=np.zeros((series, horizon, quantiles)),
        total_quantiles=np.zeros((series, horizon, quantiles)),
        model=np.full(series, "", dtype=f"<U{max(map(len, MODELS))}"),
        skill=np.full(series, np.nan),
        paths=np.zeros((series, paths, horizon), dtype=np.float32) if paths else None,
    )


def fill_quantiles(answer: Forecast, rows: IntArray, summary: Summary, start: FloatArray | None) -> None:
    """Write the means and quantiles of some of the series, as levels when they start from one."""
    mean, daily, total = summary
    if start is not None:
        mean, daily = start[:, None] + np.cumsum(mean, axis=1), start[:, None, None] + total
    answer.mean[rows], answer.quantiles[rows], answer.total_quantiles[rows] = mean, daily, total


def unscaled(answer: Forecast, exponent: int) -> Forecast:
    """The forecast in the unit of the values; what would leave the float range stays at its end."""
    for array in (answer.mean, answer.quantiles, answer.total_quantiles, answer.paths):
        if array is not None:
            with np.errstate(over="ignore", under="ignore"):
                np.ldexp(array, exponent, out=array)
            np.nan_to_num(array, copy=False)
    return answer


def paths_from(moves: npt.NDArray[np.float32], start: FloatArray | None) -> npt.NDArray[np.float32]:
    """The paths of flows as they are, those of levels as running values."""
    if start is None:
        return moves
    return (start[:, None, None] + np.cumsum(moves, axis=2, dtype=np.float64)).astype(np.float32)


def last_levels(levels: FloatArray, cohort: IntArray) -> FloatArray:
    """The last known level; the cohort's mean of them for a series without any, [series]."""
    seen = ~np.isnan(levels)
    days = np.where(seen, np.arange(1, levels.shape[1] + 1), 0).max(axis=1, initial=0)
    # A column of zeros in front is the level of a series without one.
    framed = np.concatenate([np.zeros((len(levels), 1)), levels], axis=1)
    last: FloatArray = framed[np.arange(len(levels)), days]
    known = (days > 0).astype(np.float64)
    members = pooled(known, cohort)
    panel = ratio(last.sum(keepdims=True), known.sum(keepdims=True))
    group = np.where(members > 0, ratio(pooled(last, cohort), members), panel)
    return np.where(days > 0, last, group)
