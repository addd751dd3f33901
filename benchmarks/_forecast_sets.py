"""The panels that forecasts are compared on: real ones where their files are, and generated ones."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["HORIZON", "PanelSet", "panel_sets", "two_state_accounts"]

FloatArray = npt.NDArray[np.float64]

HORIZON = 14
EQUITY = "equity of two-state accounts"
SHARED_DATA = Path(os.environ.get("TIMESERIES_SHARED_DATA", "../shared/data"))


@dataclass(frozen=True)
class PanelSet:
    """A panel with the days at whose end it is forecast.

    Attributes:
        values: [series, days]; NaN before a series starts and after it ends.
        origins: numbers of days known, ascending.
    """

    name: str
    kind: Literal["flow", "level"]
    values: FloatArray
    origins: tuple[int, ...]

    def splits(self) -> Iterator[tuple[FloatArray, FloatArray, FloatArray]]:
        """Past days, coming days and size of the series that have both, at each origin.

        The size, by which errors are divided, is the mean absolute daily move: for levels of the past, as the
        M4 competition has it; for flows of all days, later ones too, since it only weighs the series and must
        not be near zero.
        """
        for origin in self.origins:
            past, coming = self.values[:, :origin], self.values[:, origin : origin + HORIZON]
            known = ~np.isnan(coming).any(axis=1) & ((~np.isnan(past)).sum(axis=1) > 1)
            moves = self.values if self.kind == "flow" else np.diff(past, axis=1)
            yield past[known], coming[known], np.nanmean(np.abs(moves[known]), axis=1)


def panel_sets(*, quick: bool) -> list[PanelSet]:
    """Every set there is; for a quick look smaller, with fewer origins and without the slowest."""
    step, share = (140, 10) if quick else (7, 1)
    sizes = np.array([1000, 300, 300, 100]) // share
    sets = [*(real(step) if SHARED_DATA.is_dir() else ()), *generated(sizes, first_only=quick)]
    return [one for one in sets if not (quick and one.name == EQUITY)]


def real(step: int) -> Iterator[PanelSet]:
    """The files for development; the README beside them tells where they come from."""
    accounts = pd.read_csv(SHARED_DATA / "sim_accounts_dev40.csv")
    accounts["gain"] = accounts["pnl"] / accounts["initial_balance"]
    accounts["day"] = accounts.groupby("account_id").cumcount()
    gains = accounts.pivot_table(index="account_id", columns="day", values="gain").to_numpy()
    yield PanelSet("accounts of real returns", "flow", gains, origins(60, gains, step))
    returns = pd.read_csv(SHARED_DATA / "injected_daily_dev50.csv")
    clean = returns.groupby("series_id").filter(lambda series: not series["label"].any())
    daily = clean.pivot_table(index="series_id", columns="t", values="value").to_numpy()
    yield PanelSet("real ETF returns", "flow", daily, origins(100, daily, step))
    levels = pd.read_csv(SHARED_DATA / "m4_daily_dev60.csv")
    levels["day"] = levels.groupby("unique_id").cumcount(ascending=False)
    ends = levels.pivot_table(index="unique_id", columns="day", values="y").to_numpy()[:, ::-1]
    yield PanelSet("M4 daily levels", "level", ends, (ends.shape[1] - HORIZON,))


def generated(sizes: npt.NDArray[np.int_], *, first_only: bool) -> Iterator[PanelSet]:
    """Accounts that anybody can make again; equity starts with sixty mean daily moves."""

    def some(*days: int) -> tuple[int, ...]:
        return days[-1:] if first_only else days

    usual, young, idle, resting = sizes
    active = two_state_accounts(usual, 360, usually_active, seed=1)
    yield PanelSet("two-state accounts", "flow", active, some(100, 180, 260, 346))
    equity = np.cumsum(active, axis=1) + 60 * np.abs(active).mean(axis=1, keepdims=True)
    yield PanelSet(EQUITY, "level", equity, some(180, 346))
    fresh = two_state_accounts(young, 64, usually_active, seed=2)
    yield PanelSet("two-state, 20 to 50 days", "flow", fresh, some(20, 35, 50))
    seldom = two_state_accounts(idle, 360, seldom_active, seed=3)
    yield PanelSet("two-state, mostly idle", "flow", seldom, some(120, 240, 346))
    weeks = resting_accounts(resting, 2600, seed=4)
    yield PanelSet("resting for weeks", "flow", weeks, some(*range(1000, 2600 - HORIZON, 260)))


def origins(first: int, values: FloatArray, step: int) -> tuple[int, ...]:
    """Origins from the first to the last that has all coming days."""
    return tuple(range(first, values.shape[1] - HORIZON + 1, step))


def usually_active(rng: np.random.Generator, series: int) -> FloatArray:
    """Share of days with trades, most above a half."""
    return rng.beta(2.2, 1.2, (series, 1))


def seldom_active(rng: np.random.Generator, series: int) -> FloatArray:
    """Share of days with trades, one to three in ten."""
    return rng.uniform(0.1, 0.3, (series, 1))


def two_state_accounts(
    series: int,
    days: int,
    activity: Callable[[np.random.Generator, int], FloatArray] = usually_active,
    *,
    seed: int,
) -> FloatArray:
    """Daily profit with a calm and a wild state, idle days and t moves of four degrees, [series, days]."""
    rng = np.random.default_rng(seed)
    moves = rng.standard_t(4, (series, days)) * np.exp(rng.normal(4, 0.75, (series, 1)))
    wild = np.zeros(series, dtype=np.bool_)
    for day in range(days):
        change = rng.random(series)
        wild = np.where(wild, change >= 0.06, change < 0.02)
        moves[wild, day] *= 1.7
    moves[rng.random((series, days)) >= activity(rng, series)] = 0.0
    return moves


def resting_accounts(series: int, days: int, *, seed: int) -> FloatArray:
    """Daily profit of strategies that rest for six weeks and then trade for one, [series, days].

    Every burst has a size of its own, spread so widely that the panel's kurtosis lies in the thousands.
    """
    rng = np.random.default_rng(seed)
    trading = np.zeros(series, dtype=np.bool_)
    size = np.ones(series)
    moves = rng.standard_t(3, (series, days)) * np.exp(rng.normal(4, 0.75, (series, 1)))
    for day in range(days):
        change = rng.random(series)
        begins = ~trading & (change < 1 / 30)
        size[begins] = np.exp(rng.normal(0, 1.3, begins.sum()))
        trading = np.where(trading, change >= 1 / 5, begins)
        moves[:, day] *= np.where(trading, size, 0.0)
    return moves
