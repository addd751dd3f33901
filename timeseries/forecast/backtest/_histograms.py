"""Counts over all series: the probability integral transform, and coverage by day ahead."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeseries.forecast import Forecast
from timeseries.forecast.backtest._cells import LEVELS, Coming, inside

__all__ = ["PIT_BINS", "Histograms", "pit_counts"]

FloatArray = npt.NDArray[np.floating]
PIT_BINS = 20


@dataclass(frozen=True)
class Histograms:
    """Counts of every model.

    Attributes:
        pit: of single days, [models, PIT_BINS]: how often what came fell into each twentieth of the
            probability forecast; all alike for a calibrated forecast.
        total_pit: of totals over the horizon.
        inside: days within the 80 and the 95 % interval, by day ahead, [models, 2, horizon].
        seen: days that came, [models, horizon].
    """

    pit: FloatArray
    total_pit: FloatArray
    inside: FloatArray
    seen: FloatArray

    @classmethod
    def empty(cls, models: int, horizon: int) -> "Histograms":
        """Nothing counted yet."""
        zeros = np.zeros
        bins = (models, PIT_BINS)
        return cls(zeros(bins), zeros(bins), zeros((models, 2, horizon)), zeros((models, horizon)))

    def add(self, model: int, found: Forecast, coming: Coming) -> None:
        """Count one model's forecast from one origin."""
        self.pit[model] += pit_counts(found.quantiles, coming.values)
        self.total_pit[model] += pit_counts(found.total_quantiles[:, -1], coming.total)
        for interval in (0, 1):
            self.inside[model, interval] += np.nansum(
                inside(found.quantiles, interval, coming.values), axis=0
            )
        self.seen[model] += np.isfinite(coming.values).sum(axis=0)

    def coverage_by_day(self) -> FloatArray:
        """Share of days within the intervals, [models, 2, horizon]; NaN where none came."""
        seen = np.broadcast_to(self.seen[:, None], self.inside.shape)
        share: FloatArray = np.divide(self.inside, seen, out=np.full(seen.shape, np.nan), where=seen > 0)
        return share


def pit_counts(quantiles: FloatArray, actual: FloatArray) -> FloatArray:
    """Histogram of the probability integral transform, [PIT_BINS].

    A value that several quantiles share, such as the zero of an idle day, is spread evenly over the
    probabilities it stands for. Source: Czado, Gneiting & Held (2009), "Predictive model assessment for count
    data", Biometrics 65(4).
    """
    seen = np.isfinite(actual)
    ours, came = quantiles[seen], actual[seen][:, None]
    first, last = (ours < came).sum(axis=1), (ours <= came).sum(axis=1)
    share = 1 / (last - first + 1)
    cells = len(LEVELS) + 1
    begun = np.bincount(first, share, minlength=cells + 1)
    ended = np.bincount(last + 1, share, minlength=cells + 1)
    counts: FloatArray = np.cumsum(begun - ended)[:cells].reshape(PIT_BINS, -1).sum(axis=1)
    return counts
