"""Scores of many forecasts together."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeseries.forecast.backtest._cells import Cells
from timeseries.forecast.backtest._ratio import Ratio, ratio_of

__all__ = ["GroupScores", "scores_of"]

FloatArray = npt.NDArray[np.floating]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class GroupScores:
    """One model's forecasts of a group of series. NaN where nothing can be scored.

    Ratios compare sums over series and origins of losses in units of each series' own past size (mean
    absolute move), so that no large account decides alone.

    Attributes:
        model: its name.
        group: a cohort, a class of history lengths, or "" for all.
        forecasts: how many series from how many origins have been scored.
        crps_first: CRPS of the first day, to that of naive.
        crps_days: of all days.
        crps_total: of the total over the horizon.
        tail_low: pinball loss of the days at 2.5 %, to that of naive.
        tail_high: at 97.5 %.
        mase: mean absolute scaled error of the mean: absolute error over the mean absolute error of the
            naive forecast within the past, averaged over the forecasts; Hyndman & Koehler (2006),
            International Journal of Forecasting 22(4). That naive forecast is the last value for a level, as
            in the M competitions, and the mean of the past for a flow, which has no use for its last value.
        coverage_80: share of days within the 80 % interval; idle days lie in atoms of the forecast, so a
            panel with many of them is covered more often than promised however well it is calibrated.
        coverage_95: within the 95 % interval.
        total_coverage_80: share of totals over the horizon.
        total_coverage_95: the same.
        owa: mean of the ratios of MASE and sMAPE to naive, for levels; Makridakis, Spiliotis &
            Assimakopoulos (2020), International Journal of Forecasting 36(1). NaN for flows.
        scaled_quantile_loss: mean CRPS of the days over the naive error within the past, averaged over the
            forecasts: twice the scaled pinball loss of the M5 competition, at more levels.
    """

    model: str
    group: str
    forecasts: int
    crps_first: Ratio
    crps_days: Ratio
    crps_total: Ratio
    tail_low: Ratio
    tail_high: Ratio
    mase: float
    coverage_80: float
    coverage_95: float
    total_coverage_80: float
    total_coverage_95: float
    owa: float
    scaled_quantile_loss: float


def scores_of(cells: Cells, model: int, naive: int, chosen: BoolArray, *, level: bool) -> dict[str, object]:
    """The scores of one model where chosen, [origins, series], by field of :class:`GroupScores`."""

    def ours(name: str, which: int = model) -> FloatArray:
        return np.where(chosen, getattr(cells, name)[:, which], np.nan)

    ratios = ("crps_first", "crps_days", "crps_total", "tail_low", "tail_high")
    shares = ("80", "95")
    point = [mean_of(ours(name)) / positive(mean_of(ours(name, naive))) for name in ("mase", "smape")]
    return {
        "forecasts": int(np.isfinite(ours("crps_days")).sum()),
        **{name: ratio_of(ours(name), ours(name, naive)) for name in ratios},
        "mase": mean_of(ours("mase")),
        **{f"coverage_{share}": mean_of(ours(f"inside_{share}")) for share in shares},
        **{f"total_coverage_{share}": mean_of(ours(f"total_inside_{share}")) for share in shares},
        "owa": float(np.mean(point)) if level else float("nan"),
        "scaled_quantile_loss": mean_of(ours("scaled_loss")),
    }


def mean_of(values: FloatArray) -> float:
    """Mean of what is known; NaN without anything."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def positive(value: float) -> float:
    """The value where one can divide by it, else NaN."""
    return value if value > 0 else float("nan")
