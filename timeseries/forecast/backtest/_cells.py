"""The score of every single forecast: one series from one origin by one model."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from timeseries.forecast import Forecast, crps_from_quantiles, pinball
from timeseries.forecast.backtest._past import Past, mean_known

__all__ = ["LEVELS", "Cells", "Coming", "coming_of", "empty_cells", "inside", "score_cells"]

FloatArray = npt.NDArray[np.floating]

# Every fortieth: the bounds of both intervals are among them, and each stands for as much probability.
LEVELS: FloatArray = np.arange(1, 40) / 40
LOW_95, LOW_80, HIGH_80, HIGH_95 = (int(np.flatnonzero(q == LEVELS)[0]) for q in (0.025, 0.1, 0.9, 0.975))
INTERVALS = ((LOW_80, HIGH_80), (LOW_95, HIGH_95))


@dataclass(frozen=True)
class Coming:
    """What came after an origin.

    Attributes:
        values: [series, horizon]; NaN where unknown.
        total: of a flow the sum of its known days, of a level the change up to the last day; NaN where
            unknown, [series].
    """

    values: FloatArray
    total: FloatArray


@dataclass(frozen=True)
class Cells:
    """Scores, every field [series] or [origins, models, series]; NaN where nothing can be scored.

    Losses are in units of the series' own past size, so that no large account decides alone.

    Attributes:
        crps_first: CRPS of the first day ahead.
        crps_days: mean CRPS of the days.
        crps_total: CRPS of the total over the horizon.
        tail_low: mean pinball loss of the days at 2.5 %.
        tail_high: at 97.5 %.
        mase: mean absolute error of the mean over the naive error within the past.
        smape: symmetric absolute percentage error of the mean, 0 to 2.
        scaled_loss: mean CRPS of the days over the naive error within the past.
        inside_80: share of days within the 80 % interval.
        inside_95: within the 95 % interval.
        total_inside_80: whether the total is, 0 or 1.
        total_inside_95: the same.
    """

    crps_first: FloatArray
    crps_days: FloatArray
    crps_total: FloatArray
    tail_low: FloatArray
    tail_high: FloatArray
    mase: FloatArray
    smape: FloatArray
    scaled_loss: FloatArray
    inside_80: FloatArray
    inside_95: FloatArray
    total_inside_80: FloatArray
    total_inside_95: FloatArray

    def put(self, place: tuple[int, int, npt.NDArray[np.integer]], scores: "Cells") -> None:
        """Set the scores of some series from one origin by one model."""
        for field in fields(self):
            getattr(self, field.name)[place] = getattr(scores, field.name)


def empty_cells(shape: tuple[int, int, int]) -> Cells:
    """Cells with nothing known."""
    return Cells(**{field.name: np.full(shape, np.nan) for field in fields(Cells)})


def coming_of(values: FloatArray, last: FloatArray, *, level: bool) -> Coming:
    """What came, out of the days after the origin, [series, horizon], and the last value before it."""
    if level:
        return Coming(values, values[:, -1] - last)
    seen = np.isfinite(values)
    return Coming(values, np.where(seen.any(axis=1), np.where(seen, values, 0.0).sum(axis=1), np.nan))


def score_cells(found: Forecast, coming: Coming, past: Past) -> Cells:
    """Score one model's forecast of all series, made at ``LEVELS``."""
    crps = crps_from_quantiles(found.quantiles, LEVELS, coming.values)
    total = found.total_quantiles[:, -1]
    error = np.abs(found.mean - coming.values)
    reach = np.abs(found.mean) + np.abs(coming.values)
    percent = np.divide(2 * error, reach, out=np.where(np.isnan(reach), np.nan, 0.0), where=reach > 0)
    tails = [
        pinball(found.quantiles[..., [k]], LEVELS[[k]], coming.values)[..., 0] for k in (LOW_95, HIGH_95)
    ]
    daily = [mean_known(inside(found.quantiles, k, coming.values)) for k in (0, 1)]
    return Cells(
        crps_first=crps[:, 0] / past.size,
        crps_days=mean_known(crps) / past.size,
        crps_total=crps_from_quantiles(total, LEVELS, coming.total) / past.size,
        tail_low=mean_known(tails[0]) / past.size,
        tail_high=mean_known(tails[1]) / past.size,
        mase=mean_known(error) / past.error,
        smape=mean_known(percent),
        scaled_loss=mean_known(crps) / past.error,
        inside_80=daily[0],
        inside_95=daily[1],
        total_inside_80=inside(total, 0, coming.total),
        total_inside_95=inside(total, 1, coming.total),
    )


def inside(quantiles: FloatArray, interval: int, actual: FloatArray) -> FloatArray:
    """1 within the interval, bounds included, else 0; NaN where nothing came."""
    low, high = INTERVALS[interval]
    held = (actual >= quantiles[..., low]) & (actual <= quantiles[..., high])
    return np.where(np.isnan(actual), np.nan, held)
