"""What people do not want to hear of: deviations too small, or to the harmless side."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeseries.anomaly._contract import Day
from timeseries.anomaly._types import BoolArray, FloatArray

__all__ = ["Guards"]


@dataclass(frozen=True)
class Guards:
    """Limits for each metric; what a guard covers is learned from as ever, only not reported.

    Silence and flat lines have no size, so guards do not hold for them.

    Attributes:
        direction: [metrics], +1 or -1 where only deviations to that side count, 0 for both.
        minimum: [metrics], smallest absolute deviation from the expected, in the metric's unit.
        minimum_share: [metrics], the same as a share of the expected's absolute value.
    """

    direction: npt.ArrayLike | None = None
    minimum: npt.ArrayLike | None = None
    minimum_share: npt.ArrayLike | None = None

    def check(self, metrics: int) -> None:
        """Refuse limits that do not fit the panel.

        Raises:
            ValueError: not one limit a metric, a direction other than -1, 0, 1, or a negative minimum.
        """
        for name in ("direction", "minimum", "minimum_share"):
            given = getattr(self, name)
            if given is not None and np.shape(given) != (metrics,):
                raise ValueError(f"guards: {name} must hold {metrics} numbers, one a metric")
        if self.direction is not None and not np.isin(self.direction, (-1, 0, 1)).all():
            raise ValueError("guards: direction must be -1, 0 or 1")
        for limit in (self.minimum, self.minimum_share):
            if limit is not None and not (np.asarray(limit) >= 0).all():
                raise ValueError("guards: minimum and minimum_share must not be negative")

    def covers(self, day: Day, direction: FloatArray) -> BoolArray:
        """Which opinions [series, metrics, detectors] with these directions are not to be reported."""
        deviation = np.abs(day.values - day.expected)
        covered: BoolArray = np.zeros(direction.shape, dtype=bool)
        if self.direction is not None:
            covered |= direction * np.asarray(self.direction)[:, None] < 0
        if self.minimum is not None:
            covered |= (deviation < np.asarray(self.minimum))[..., None]
        if self.minimum_share is not None:
            covered |= (deviation < np.asarray(self.minimum_share) * np.abs(day.expected))[..., None]
        return covered
