"""How much of a day's residual is there again the next day."""

import numpy as np

from timeseries.anomaly._types import BoolArray, FloatArray

__all__ = ["Persistence"]

# Slow, so that a shifted level of two weeks does not pass for a habit.
RATE = 1 / 125
DOUBT = 0.4
LARGEST = 4.0
# Residuals have no bound, and their squares must stay finite.
FURTHEST = 1e6


class Persistence:
    """Autoregression of order one of each cell's residuals, the coefficient shrunk by the garrote (Gao 1998).

    Series whose neighbouring days are independent stay at exactly zero.
    """

    def __init__(self, cells: int) -> None:
        self.previous: FloatArray = np.zeros(cells)
        self.coefficient: FloatArray = np.zeros(cells)
        self._product = np.zeros(cells)
        self._square = np.ones(cells)

    def learn(self, residual: FloatArray, learned: BoolArray) -> None:
        """Take the residuals where learned; all that are known are the next day's previous ones."""
        small, before = (np.clip(part, -LARGEST, LARGEST) for part in (residual, self.previous))
        self._product += np.where(learned, (small * before - self._product) * RATE, 0.0)
        self._square += np.where(learned, (small**2 - self._square) * RATE, 0.0)
        raw = np.clip(self._product / np.maximum(self._square, DOUBT), DOUBT, 1.0)
        self.coefficient = raw - DOUBT**2 / raw
        np.copyto(self.previous, np.clip(residual, -FURTHEST, FURTHEST), where=np.isfinite(residual))
