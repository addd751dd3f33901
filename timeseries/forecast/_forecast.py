"""The forecast of a panel: means, quantiles, totals and paths."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from timeseries.forecast._arrays import FloatArray, each_block
from timeseries.forecast._prepare import Prepared, in_money, prepare
from timeseries.forecast._sampling import MOST_DAYS
from timeseries.forecast._state import State
from timeseries.forecast._summary import summarise
from timeseries.forecast.models import MODELS

__all__ = ["Forecast", "forecast", "summary_of"]

DEFAULT_QUANTILES = (0.025, 0.1, 0.5, 0.9, 0.975)
BLOCK = 500


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
        skill: 1 - CRPS / CRPS of naive over the last twenty days, forecast without knowing them; NaN where
            the history is too short to tell, [series].
        state: what was learnt, for ``forecast`` of later days.
        paths: simulated courses, float32, [series, paths, horizon]; path k of one series belongs with path k
            of every other. None unless asked for.
    """

    mean: npt.NDArray[np.float64]
    quantiles: npt.NDArray[np.float64]
    total_quantiles: npt.NDArray[np.float64]
    model: npt.NDArray[np.str_]
    skill: npt.NDArray[np.float64]
    state: State
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
    state: State | None = None,
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
        model: a name in ``MODELS``, or "auto": of flows "har_fhs", historical simulation whose sizes follow
            a regression, of levels "combined", its average with boosted trees; unless another would clearly
            have had a smaller CRPS over the last weeks of the cohort. A model is calibrated on those weeks,
            unless it is "naive" or one of statsmodels asked for by name.
        calendar: dates of the days, [days] or, with those of the coming days, [days + horizon]; makes the
            chance of an active day depend on the weekday. Coming days not given are the next working days,
            or the next calendar days when the past has weekends.
        cohort: a label a series, such as plan and phase, [series]; without labels all are one cohort.
        paths: number of simulated paths to return for each series.
        state: what an earlier forecast of such a panel learnt; then nothing is chosen or learnt again, and
            ``skill`` is that of the cohort. It only counts for the model "auto".
        seed: of the random numbers.

    Raises:
        ValueError: an argument has a wrong shape or value; the message says which.
    """
    check_arguments(horizon, quantiles, kind, model, paths)
    prepared = prepare(
        values, horizon, kind=kind, model=model, calendar=calendar, cohort=cohort, state=state, seed=seed
    )
    return summary_of(prepared, quantiles, paths)


def summary_of(prepared: Prepared, quantiles: Sequence[float] | FloatArray, paths: int = 0) -> Forecast:
    """Means, quantiles and, when asked for, paths of what was prepared."""
    mean, daily, total = summarise(prepared.outlook, np.asarray(quantiles), prepared.seed)
    start = prepared.start
    if start is not None:
        mean, daily = start[:, None] + np.cumsum(mean, axis=1), start[:, None, None] + total
    return Forecast(
        mean=in_money(mean, prepared.exponent),
        quantiles=in_money(daily, prepared.exponent),
        total_quantiles=in_money(total, prepared.exponent),
        model=prepared.model,
        skill=np.asarray(prepared.skill, dtype=np.float64),
        state=prepared.state,
        paths=paths_of(prepared, paths) if paths else None,
    )


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


def paths_of(prepared: Prepared, paths: int) -> npt.NDArray[np.float32]:
    """The paths of flows as they are, those of levels as running values."""

    def of_rows(rows: slice) -> npt.NDArray[np.float32]:
        moves = prepared.moves(rows, paths)
        if prepared.start is None:
            return moves
        start = in_money(prepared.start[rows], prepared.exponent)
        with np.errstate(over="ignore"):
            levels = start[:, None, None] + np.cumsum(moves, axis=2, dtype=np.float64)
            return np.nan_to_num(levels.astype(np.float32), copy=False)

    horizon = prepared.outlook.horizon
    return np.concatenate(
        [np.zeros((0, paths, horizon), dtype=np.float32), *each_block(of_rows, len(prepared), BLOCK)]
    )
