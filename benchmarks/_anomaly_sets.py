"""The labelled series that detectors are compared on: real ones where their files are, and generated ones."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["KINDS", "LabelledSet", "injected_series", "labelled_sets"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

KINDS = ("spike", "level", "variance", "drift", "flat")
SHARED_DATA = Path(os.environ.get("TIMESERIES_SHARED_DATA", "../shared/data"))
# What the past of a series must hold before its days count.
FIRST_DAY = 60
EARLIEST_EVENT = 150


@dataclass(frozen=True)
class LabelledSet:
    """A panel with its labels.

    Attributes:
        values: [series, days]; NaN after a series ends.
        label: [series, days], 0 clean, 1 the first of ``kinds``, and so on.
    """

    name: str
    values: FloatArray
    label: IntArray
    kinds: tuple[str, ...]

    @property
    def judged(self) -> npt.NDArray[np.bool_]:
        """Days with a value and enough past."""
        return np.isfinite(self.values) & (np.arange(self.values.shape[1]) >= FIRST_DAY)


def labelled_sets(*, quick: bool, seeds: tuple[int, ...]) -> Iterator[LabelledSet]:
    """Every set there is; for a quick look one small generated one, and no benchmark of hours."""
    if SHARED_DATA.is_dir():
        yield real_returns()
        if not quick:
            yield numenta()
    for seed in seeds[:1] if quick else seeds:
        yield injected_series(30 if quick else 100, 300, seed=seed)


def real_returns() -> LabelledSet:
    """Daily returns of funds, half of the series with an injected event."""
    table = pd.read_csv(SHARED_DATA / "injected_daily_dev50.csv")
    values = table.pivot(index="series_id", columns="t", values="value").to_numpy(np.float64)
    kind = table.pivot(index="series_id", columns="t", values="kind").to_numpy()
    label = np.zeros(values.shape, dtype=np.int64)
    for code, name in enumerate(KINDS, start=1):
        label[kind == name] = code
    labelled = table.pivot(index="series_id", columns="t", values="label").to_numpy() == 1
    return LabelledSet("real ETF returns, injected", values, np.where(labelled, label, 0), KINDS)


def numenta() -> LabelledSet:
    """Four files of the Numenta Anomaly Benchmark; a day is one observation."""
    table = pd.read_csv(SHARED_DATA / "nab_dev4.csv")
    table["place"] = table.groupby("file").cumcount()
    values = table.pivot(index="file", columns="place", values="value").to_numpy(np.float64)
    label = table.pivot(index="file", columns="place", values="label").fillna(0).to_numpy(np.int64)
    return LabelledSet("NAB, four files", values, label, ("window",))


def injected_series(series: int, days: int, *, seed: int) -> LabelledSet:
    """Heavy-tailed series with waves of volatility, half of them with one event after day 150.

    Moves are t with four degrees of freedom, scaled to a standard deviation of 1 and by a log-volatility that
    forgets a fiftieth a day. A spike is 4 to 6 deviations, a level 2 for 15 days, a variance 9-fold for 15,
    a drift climbs to 4 within 20, and a flat line repeats its first value 15 times.
    """
    rng = np.random.default_rng(seed)
    values = rng.standard_t(4, (series, days)) / np.sqrt(2)
    volatility = np.zeros(series)
    for day in range(days):
        volatility = 0.98 * volatility + 0.05 * rng.standard_normal(series)
        values[:, day] *= np.exp(volatility)
    label = np.zeros(values.shape, dtype=np.int64)
    for row in range(0, series, 2):
        code = row // 2 % len(KINDS) + 1
        start = int(rng.integers(EARLIEST_EVENT, days - 25))
        inject(values[row], label[row], KINDS[code - 1], code, start, rng)
    sizes = np.exp(rng.normal(0, 1, (series, 1)))
    return LabelledSet(f"generated, seed {seed}", values * sizes, label, KINDS)


def inject(
    values: FloatArray, label: IntArray, kind: str, code: int, start: int, rng: np.random.Generator
) -> None:
    """Change one series in place, in units of its deviation."""
    length = {"spike": 1, "drift": 20}.get(kind, 15)
    event = slice(start, start + length)
    side, size = rng.choice([-1.0, 1.0]), rng.uniform(4, 6)
    if kind == "spike":
        values[event] = side * size
    elif kind == "level":
        values[event] += 2 * side
    elif kind == "variance":
        values[event] *= 3
    elif kind == "drift":
        values[event] += 4 * side * np.arange(1, length + 1) / length
    else:
        values[event] = values[start]
    label[event] = code
