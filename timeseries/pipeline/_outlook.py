"""Forecasts of one account and of all, with what people want to see beside them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from timeseries.forecast import Forecast
from timeseries.metrics import Panel
from timeseries.pipeline._forecast_store import GroupForecast
from timeseries.pipeline._numbers import finite_or_none
from timeseries.pipeline._prospects import LEVELS, Prospects
from timeseries.pipeline._rules import rules_at

__all__ = ["AccountForecast", "ForecastReport", "account_forecast"]

FloatArray = npt.NDArray[np.float64]
DayArray = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class ForecastReport:
    """The forecasts of many accounts from one day.

    Attributes:
        accounts: their names, in the order of every array.
        levels: the quantiles' probabilities.
        forecast: money in each account's currency.
        risks: see :class:`Prospects`.
        groups: totals of the firm and of each group, by currency.
    """

    origin: date
    horizon: int
    accounts: list[str]
    levels: tuple[float, ...]
    forecast: Forecast
    risks: dict[str, FloatArray]
    groups: list[GroupForecast]

    def as_dicts(self) -> list[dict[str, Any]]:
        """One plain dictionary an account: the total over the horizon and the risks."""
        totals = self.forecast.total_quantiles[:, -1]
        expected = self.forecast.mean.sum(axis=1)
        return [
            {
                "account": account,
                "model": str(self.forecast.model[i]),
                "expected": float(expected[i]),
                "low": float(totals[i, self.levels.index(0.1)]),
                "high": float(totals[i, self.levels.index(0.9)]),
                **{name: finite_or_none(values[i]) for name, values in self.risks.items()},
            }
            for i, account in enumerate(self.accounts)
        ]

    def riskiest(self, count: int) -> list[dict[str, Any]]:
        """The accounts likeliest to breach, the likeliest first."""
        return sorted(self.as_dicts(), key=lambda one: -(one["any_breach"] or 0.0))[:count]


@dataclass(frozen=True)
class AccountForecast:
    """The coming weekdays of one account; money in its currency.

    Attributes:
        status: of the account; one that is not active is forecast as if it went on.
        origin: the last day known.
        levels: the quantiles' probabilities.
        mean: expected net profit of each day, [horizon].
        quantiles: of each day's net profit, [horizon, levels].
        total_quantiles: of the profit from the first day to that one, [horizon, levels].
        naive_totals: the same from the naive model.
        skill: 1 - CRPS / CRPS of naive on the account's own past; NaN when that is too short.
        risks: see :class:`Prospects`; None where the plan has no such rule.
        drawdown_floor: balance at which the account ends; None without such a rule.
        made_at: when it was stored, UTC; None: it was made just now and is not.
    """

    account: str
    status: str
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
    made_at: datetime | None = None

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
            "status": self.status,
            "currency": self.currency,
            "origin": str(self.origin),
            "horizon": self.horizon,
            "model": self.model,
            "made_at": None if self.made_at is None else self.made_at.isoformat(),
            "skill": finite_or_none(self.skill),
            "risks": self.risks,
            "days": days,
        }


def account_forecast(
    panel: Panel, account: str, origin: date, found: Prospects, naive: Forecast
) -> AccountForecast:
    """One account of a panel, with the naive forecast of it alone."""
    row = panel.accounts.names.index(account)
    seen = np.isfinite(panel["balance_end"][row])
    facts = panel.accounts.table.iloc[row]
    horizon = found.forecast.mean.shape[1]
    return AccountForecast(
        account=account,
        status=facts["status"],
        currency=facts["currency"],
        digits=int(facts["currency_digits"]),
        origin=origin,
        horizon=horizon,
        model=str(found.forecast.model[row]),
        skill=float(found.forecast.skill[row]),
        levels=LEVELS,
        days_ahead=np.busday_offset(panel.days[-1], np.arange(1, horizon + 1)),
        mean=found.forecast.mean[row],
        quantiles=found.forecast.quantiles[row],
        total_quantiles=found.forecast.total_quantiles[row],
        naive_totals=naive.total_quantiles[0],
        risks={name: finite_or_none(values[row]) for name, values in found.risks.items()},
        drawdown_floor=finite_or_none(rules_at(panel, panel.days[-1]).max_drawdown_floor[row]),
        history_days=panel.days[seen],
        history_balance=panel["balance_end"][row][seen],
    )
