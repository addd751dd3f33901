"""Detector: a single day far from the account's own level."""

from typing import ClassVar

import numpy as np

from timeseries.anomaly._contract import Day, Evidence
from timeseries.anomaly._stateless import Stateless
from timeseries.anomaly._types import FloatArray

__all__ = ["Residual", "heavy_tailed"]

# Rather too heavy than too light: this decides alone only while the fleet has no past to rank in.
TAIL = 6.0


class Residual(Stateless):
    """Robust standardised residual (Iglewicz & Hoaglin 1993), weekday-aware through the baseline."""

    name: ClassVar[str] = "residual"
    weight: ClassVar[float] = 1.0

    def score(self, day: Day) -> Evidence:
        """Judge the day by its residual alone."""
        return Evidence(heavy_tailed(day.residual), np.sign(day.residual))


def heavy_tailed(residual: FloatArray) -> FloatArray:
    """Minus the log of a rough tail probability: that of Student's t, six degrees of freedom."""
    size = np.minimum(np.abs(residual), 1e9)
    nominal: FloatArray = TAIL / 2 * np.log1p(size**2 / TAIL)
    return nominal
