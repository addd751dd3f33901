"""Ratios of losses, and how far chance alone moves them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

__all__ = ["Ratio", "ratio_of"]

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Ratio:
    """A loss over that of naive, over all origins.

    Attributes:
        value: below 1 is better than naive; NaN without anything to compare.
        error: standard error, from the differences between origins; NaN with fewer than two.
        low: lower bound of its 95 % confidence interval.
        high: upper bound.
    """

    value: float
    error: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether the difference to naive is more than chance explains."""
        return self.high < 1 or self.low > 1


def ratio_of(losses: FloatArray, naive: FloatArray) -> Ratio:
    """The ratio of two sums of losses that are known in pairs.

    The origins are the blocks: series share their days, so they do not count as independent, whereas the days
    of one origin hardly overlap with those of another. The error is that of a ratio estimator (Cochran 1977,
    "Sampling Techniques", section 6.4), the interval Student's with one less than the origins.

    Args:
        losses: [origins, series]; NaN does not count.
        naive: the same of naive.
    """
    both = np.isfinite(losses) & np.isfinite(naive)
    ours = np.where(both, losses, 0.0).sum(axis=1)[both.any(axis=1)]
    theirs = np.where(both, naive, 0.0).sum(axis=1)[both.any(axis=1)]
    if not theirs.sum() > 0:
        return Ratio(*[float("nan")] * 4)
    value, blocks = float(ours.sum() / theirs.sum()), len(ours)
    if blocks < 2:
        return Ratio(value, *[float("nan")] * 3)
    spread = ((ours - value * theirs) ** 2).sum() * blocks / (blocks - 1)
    error = float(np.sqrt(spread) / theirs.sum())
    reach = error * float(stdtrit(blocks - 1, 0.975))
    return Ratio(value, error, value - reach, value + reach)
