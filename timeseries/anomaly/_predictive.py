"""Detector: a day outside the predictive distribution, which knows how restless the last days were."""

from typing import ClassVar

import numpy as np

from timeseries.anomaly._contract import Day, Evidence
from timeseries.anomaly._residual import heavy_tailed
from timeseries.anomaly._stateless import Stateless
from timeseries.anomaly._types import BoolArray

__all__ = ["Predictive"]

DECAY = 0.94
LARGEST = 4.0
# Half-way between the long run's scale and the last days', in logarithms.
PULL = 0.5
SMALLEST_SCALE = 0.02


class Predictive(Stateless):
    """Place of the day in its predictive distribution, as in filtered historical simulation.

    Expected is a part of the day before's residual where the series wanders (autoregression of order one).
    What remains is divided by an exponentially weighted volatility (0.94 per observed day, RiskMetrics 1996)
    pulled half-way to the long run. The calibration ranks it among the cohort's past filtered residuals,
    which is the probability integral transform under the empirical predictive distribution (Barone-Adesi,
    Giannopoulos & Vosper 1999; Diebold, Gunther & Tay 1998).
    """

    name: ClassVar[str] = "predictive"
    weight: ClassVar[float] = 0.5

    def __init__(self, series: int, metrics: int) -> None:
        self._variance = np.ones((series, metrics))

    def score(self, day: Day) -> Evidence:
        """Judge the day by its surprise over the volatility of the days before."""
        surprise, scale = day.surprise(), self._variance
        if day.persistence is not None:
            scale = scale * np.maximum(1 - day.persistence**2, SMALLEST_SCALE)
        return Evidence(heavy_tailed(surprise / scale ** (PULL / 2)), np.sign(surprise))

    def learn(self, day: Day, flagged: BoolArray) -> None:
        """Move the volatility towards the day's size, capped at four of its own."""
        square = np.minimum(day.surprise() ** 2, LARGEST**2 * self._variance)
        learned = np.isfinite(square) & ~flagged
        self._variance += np.where(learned, (1 - DECAY) * (square - self._variance), 0.0)
