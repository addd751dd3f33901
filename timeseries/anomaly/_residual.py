"""Detector: a single day far from the account's own level."""

from typing import ClassVar

import numpy as np

from timeseries.anomaly._contract import Day, Evidence
from timeseries.anomaly._types import BoolArray

__all__ = ["Residual"]

# Rather too heavy than too light: this decides alone only while the fleet has no past to rank in.
TAIL = 6.0


class Residual:
    """Robust standardised residual; the nominal tail is that of Student's t, six degrees of freedom."""

    name: ClassVar[str] = "residual"

    def __init__(self, series: int, metrics: int) -> None:
        pass

    def score(self, day: Day) -> Evidence:
        """Judge the day by its residual alone."""
        size = np.minimum(np.abs(day.residual), 1e9)
        return Evidence(TAIL / 2 * np.log1p(size**2 / TAIL), np.sign(day.residual))

    def learn(self, day: Day, flagged: BoolArray) -> None:
        """Nothing to keep: the baseline learns."""
