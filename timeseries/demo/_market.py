"""Seeded random-walk prices, one path a symbol, resting while its market rests."""

from dataclasses import dataclass

import numpy as np

from . import _symbols as symbols
from ._arrays import Floats, Ints
from ._calendar import DAY, Calendar

# Fine enough that trades minutes apart see different prices, small enough to keep all paths in memory.
_STEP = 300


@dataclass(frozen=True, slots=True)
class Market:
    """Prices on a 5-minute grid from ``start``: ``paths[symbol, step]``."""

    start: int
    paths: Floats

    def price(self, symbol: Ints, instant: Ints) -> Floats:
        """Price of each row's symbol at an epoch second, linear between grid points."""
        position = (instant - self.start) / _STEP
        left = np.clip(position.astype(np.int64), 0, self.paths.shape[1] - 2)
        share = position - left
        return self.paths[symbol, left] * (1 - share) + self.paths[symbol, left + 1] * share

    def quote_rate(self, symbol: Ints, instant: Ints) -> Floats:
        """USD for one unit of the currency a symbol is quoted in."""
        return self.price(symbols.QUOTE_SYMBOL[symbol], instant) ** symbols.QUOTE_POWER[symbol]


def make_market(rng: np.random.Generator, calendar: Calendar) -> Market:
    """Draw the price paths of the whole span."""
    grid = np.arange(calendar.start, calendar.stop + _STEP, _STEP)
    steps = rng.standard_normal((len(symbols.NAMES), grid.size))
    steps *= (symbols.VOLATILITY * np.sqrt(_STEP / DAY))[:, None]
    steps[np.ix_(~symbols.CRYPTO, calendar.closed(grid))] = 0.0
    # Paths begin at the listed prices.
    steps[:, 0] = 0.0
    return Market(calendar.start, symbols.PRICE[:, None] * np.exp(np.cumsum(steps, axis=1)))
