"""One account's forecast with all that people want to see beside it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["AccountForecast", "finite_or_none"]

FloatArray = npt.NDArray[np.float64]
DayArray = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class AccountForecast:
    """The coming weekdays of one account; money in its currency.

    Attributes:
        origin: the last day known.
        levels: the quantiles' probabilities.
        mean: expected net profit of each day, [horizon].
        quantiles: of each day's net profit, [horizon, levels].
        total_quantiles: of the profit from the first day to that one, [horizon, levels].
        naive_totals: the same from the naive model.
        skill: 1 - CRPS / CRPS of naive on the account's own past; NaN when that is too short.
        risks: rule → probability within the horizon; None where the plan has no such rule.
        drawdown_floor: balance at which the account ends; None without such a rule.
    """

    account: str
    currency: str
    digits: int
    origin: date
    horizon: int
    model: str
    skill: float
    levels: tuple[float, ...]
    days_ahead: DayArray
    mean: FloatArray
    quantiles: FloatArray
    total_quantiles: FloatArray
    naive_totals: FloatArray
    risks: dict[str, float | None]
    drawdown_floor: float | None
    history_days: DayArray
    history_balance: FloatArray

    def level(self, probability: float) -> int:
        """Where a quantile stands among ``levels``."""
        return self.levels.index(probability)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        days = [
            {
                "day": str(day),
                "mean": float(self.mean[i]),
                "quantiles": dict(zip(map(str, self.levels), self.quantiles[i].tolist(), strict=True)),
                "total_quantiles": dict(
                    zip(map(str, self.levels), self.total_quantiles[i].tolist(), strict=True)
                ),
                "naive_total_quantiles": dict(
                    zip(map(str, self.levels), self.naive_totals[i].tolist(), strict=True)
                ),
            }
            for i, day in enumerate(self.days_ahead)
        ]
        return {
            "account": self.account,
            "currency": self.currency,
            "origin": str(self.origin),
            "horizon": self.horizon,
            "model": self.model,
            "skill": finite_or_none(self.skill),
            "risks": self.risks,
            "days": days,
        }


def finite_or_none(value: float) -> float | None:
    """A number as the database and JSON keep it: none where there is none."""
    return float(value) if np.isfinite(value) else None
