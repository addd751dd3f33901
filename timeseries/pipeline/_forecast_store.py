"""Forecasts, those of groups, and what models have learnt, into the database."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from timeseries import __version__
from timeseries.database import run
from timeseries.pipeline._binary_rows import copy_in
from timeseries.pipeline._numbers import finite_or_none

__all__ = [
    "ForecastColumns",
    "GroupForecast",
    "ModelState",
    "newest_state",
    "store_forecasts",
    "store_group_forecasts",
    "store_state",
]

FloatArray = npt.NDArray[np.float64]
RISKS = (
    "daily_loss_breach",
    "max_drawdown_breach",
    "any_breach",
    "profit_target_hit",
    "consistency_failure",
    "payout_probability",
    "expected_payout",
)
# Numbers sent in one block: about 20 MB.
BLOCK_NUMBERS = 1_500_000


@dataclass(frozen=True)
class ForecastColumns:
    """Forecasts of many accounts from one origin; money in each account's currency.

    Attributes:
        account_ids: [accounts].
        model: which model made each, [accounts].
        cohort: label of the accounts alike, [accounts].
        skill: 1 - CRPS / CRPS of naive; NaN where the history is too short, [accounts].
        mean: [accounts, horizon].
        quantiles: [accounts, horizon, levels].
        total_quantiles: of the sum from the first day to each, [accounts, horizon, levels].
        naive_mean: of each day by the naive forecast, a normal distribution, [accounts]; NaN: none was made.
        naive_deviation: its standard deviation, [accounts].
        risks: a column of ``forecasts`` named in ``RISKS`` → [accounts]; NaN where the plan has no such rule.
            Those that are missing are stored as null.
    """

    account_ids: npt.NDArray[np.int64]
    model: npt.NDArray[np.str_]
    cohort: npt.NDArray[np.str_]
    skill: FloatArray
    mean: FloatArray
    quantiles: FloatArray
    total_quantiles: FloatArray
    naive_mean: FloatArray
    naive_deviation: FloatArray
    risks: dict[str, FloatArray]

    def __len__(self) -> int:
        return len(self.account_ids)


@dataclass(frozen=True)
class GroupForecast:
    """The coming weekdays of a group of accounts in one currency, all together.

    Attributes:
        group: its name; None is the whole firm.
        accounts: how many.
        levels: the quantiles' probabilities.
        mean: expected net profit of each day, [horizon].
        total_quantiles: of the profit from the first day to that one, [horizon, levels].
        expected_payout: to the traders within the horizon; None where no plan pays out.
        payout_quantiles: of that payout, [levels].
        expected_breaches: accounts expected to break a rule within the horizon; None without rules.
    """

    group: str | None
    currency: str
    origin: date
    horizon: int
    accounts: int
    levels: tuple[float, ...]
    mean: FloatArray
    total_quantiles: FloatArray
    expected_payout: float | None
    payout_quantiles: FloatArray
    expected_breaches: float | None

    @property
    def days_ahead(self) -> npt.NDArray[np.datetime64]:
        """The weekdays forecast, [horizon]."""
        return np.busday_offset(np.datetime64(self.origin, "D"), np.arange(1, self.horizon + 1))

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON; quantiles are [day][level]."""
        arrays = ("mean", "total_quantiles", "payout_quantiles")
        return {**vars(self), **{name: getattr(self, name).tolist() for name in arrays}}


@dataclass(frozen=True)
class ModelState:
    """What a model had learnt up to a day."""

    origin: date
    made_at: datetime
    state: dict[str, Any]


def store_forecasts(
    connection: Connection,
    origin: date,
    columns: ForecastColumns,
    *,
    levels: Sequence[float],
    model_version: str = __version__,
) -> None:
    """Store forecasts in the connection's transaction.

    One made again by the same model from the same origin to the same horizon replaces the earlier one, except
    that a skill which is no longer known stays as it was.
    """
    run(connection, "forecasts.create_new_forecasts", {})
    models, model_place = np.unique(columns.model, return_inverse=True)
    cohorts, cohort_place = np.unique(columns.cohort, return_inverse=True)
    horizon = columns.mean.shape[1]
    values = {
        "origin": origin,
        "horizon": horizon,
        "levels": list(levels),
        "models": models.tolist(),
        "cohorts": cohorts.tolist(),
        "model_version": model_version,
    }
    sent = _sent(columns, model_place + 1, cohort_place + 1)
    block = max(1, BLOCK_NUMBERS // (horizon * (1 + 2 * len(levels))))
    for start in range(0, len(columns), block):
        rows = {name: array[start : start + block] for name, array in sent.items()}
        copy_in(connection, "forecasts.copy_forecasts", rows)
        run(connection, "forecasts.merge_forecasts", values)
        run(connection, "forecasts.empty_new_forecasts", {})


def _sent(
    columns: ForecastColumns, model_place: npt.NDArray[np.intp], cohort_place: npt.NDArray[np.intp]
) -> dict[str, npt.NDArray[Any]]:
    unknown = np.full(len(columns), np.nan)
    return {
        "account_id": columns.account_ids,
        "model_place": model_place,
        "cohort_place": cohort_place,
        "skill": columns.skill,
        "mean": columns.mean,
        "quantiles": columns.quantiles,
        "total_quantiles": columns.total_quantiles,
        **{name: columns.risks.get(name, unknown) for name in RISKS},
        "naive_mean": columns.naive_mean,
        "naive_deviation": columns.naive_deviation,
    }


def store_group_forecasts(connection: Connection, forecasts: Sequence[GroupForecast]) -> None:
    """Store forecasts of groups; one made again from the same origin replaces the earlier."""
    for one in forecasts:
        values = {
            **vars(one),
            "account_group": one.group or "",
            "levels": list(one.levels),
            "mean": one.mean.tolist(),
            "total_quantiles": one.total_quantiles.tolist(),
            "payout_quantiles": one.payout_quantiles.tolist(),
            "expected_payout": None if one.expected_payout is None else finite_or_none(one.expected_payout),
        }
        run(connection, "forecasts.merge_group_forecast", values)


def store_state(connection: Connection, model_version: str, origin: date, state: dict[str, Any]) -> None:
    """Keep what a model has learnt up to a day, in place of what it had learnt up to that day before.

    Raises:
        ValueError: the state holds a number that JSON does not know, such as NaN.
    """
    text = json.dumps(state, allow_nan=False)
    run(
        connection,
        "forecasts.merge_state",
        {"model_version": model_version, "origin": origin, "state": text},
    )


def newest_state(connection: Connection, model_version: str, *, until: date) -> ModelState | None:
    """What a model of this version had learnt by a day; None when nothing."""
    values = {"model_version": model_version, "until": until}
    row = run(connection, "forecasts.newest_state", values).one_or_none()
    return None if row is None else ModelState(row.origin, row.made_at, row.state)
