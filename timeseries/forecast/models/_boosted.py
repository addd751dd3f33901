"""One gradient-boosted quantile model for all series together."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from timeseries.forecast._arrays import LEVELS, FloatArray, IntArray, each_block, ratio
from timeseries.forecast._contract import Lessons, Outlook
from timeseries.forecast._history import History
from timeseries.forecast._size_features import market_states, size_states, states
from timeseries.forecast.models._ewma_fhs import EwmaFhs
from timeseries.forecast.models._unlearned import Unlearned

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor

__all__ = ["Boosted"]

LOWER, MIDDLE, UPPER = 0.1, 0.5, 0.9
# Days ahead that are learnt and foretold; those between are interpolated.
LEADS = np.array([1, 2, 4, 8, 16, 32])
MOMENTUM_DECAYS = (0.0, 0.5, 0.8, 0.94, 0.98)
BLOCK = 1_000
TRAINING_SERIES = 1_000
TRAINING_ROWS = 40_000
LEAST_ROWS = 2_000
LEAST_SEEN = 20
LARGEST_TARGET = 12.0
# The spread of the trees counts half, in logarithms: they overstate what they have seen by chance.
TRUST = 0.5
WIDEST = 4.0


class Boosted(Unlearned):
    """Trees that see every series' recent sizes and moves and foretell how far the coming days reach.

    Quantiles of the move of an active day (of a level: of its change so far), over the series' typical move,
    at several days ahead; their median and spread, half-trusted, correct EWMA-filtered historical simulation.
    With few rows to learn from nothing is corrected. Trees are grown anew each time: nothing is kept.

    Sources: Friedman (2001), "Greedy function approximation: a gradient boosting machine", Annals of
    Statistics 29(5); global models: Montero-Manso & Hyndman (2021), "Principles and algorithms for
    forecasting groups of time series: locality and globality", International Journal of Forecasting 37(4).
    """

    name = "boosted"

    def predict(self, history: History, horizon: int, lessons: Lessons) -> Outlook:
        """See :class:`Model`."""
        base_line = EwmaFhs().predict(history, horizon, lessons)
        step = -(-len(history) // TRAINING_SERIES) or 1
        features, targets = training_rows(history.rows(slice(None, None, step)), horizon)
        if len(targets) < LEAST_ROWS:
            return base_line
        trees = grown_trees(features, targets)
        reach = Reach.of(history, horizon, trees)
        return corrected(base_line, history, reach)


@dataclass(frozen=True)
class Features:
    """What the trees see before each day and at the end, [series, days + 1, features], and typical moves."""

    values: FloatArray
    typical: FloatArray
    seen: FloatArray

    @classmethod
    def of(cls, history: History, market: FloatArray) -> "Features":
        """The features of some series."""
        active = history.active
        moves = np.where(active, history.moves, 0.0)
        whole = ratio(np.abs(moves).sum(axis=1), active.sum(axis=1).astype(np.float64))
        size = size_states(moves, active, whole, market)
        nothing = np.zeros(len(history))
        momentum = [
            ratio(states(moves, active, nothing, decay, bounded=False), size.base)
            for decay in MOMENTUM_DECAYS
        ]
        columns = [size.features[..., 1:], np.stack(momentum, axis=2), np.log1p(size.seen)[..., None]]
        return cls(np.concatenate(columns, axis=2), size.base, size.seen)


def training_rows(history: History, horizon: int) -> tuple[FloatArray, FloatArray]:
    """Features with the days ahead as the last column, and targets, of days drawn at random."""
    known = Features.of(history, market_states(history))
    leads = leads_of(horizon)
    rng = np.random.default_rng(0)
    draws = min(2 * TRAINING_ROWS, history.moves.size)
    series = rng.integers(max(len(history), 1), size=draws)
    day = rng.integers(max(history.days, 1), size=len(series))
    lead = leads[rng.integers(len(leads), size=len(series))]
    usable = (day + lead <= history.days) & (known.typical[series, day] > 0)
    usable &= known.seen[series, day] >= LEAST_SEEN
    series, day, lead = series[usable], day[usable], lead[usable]
    targets = target_of(history, series, day, lead) / known.typical[series, day]
    there = np.flatnonzero(~np.isnan(targets))[:TRAINING_ROWS]
    features = np.column_stack([known.values[series[there], day[there]], lead[there]])
    return features, np.clip(targets[there], -LARGEST_TARGET, LARGEST_TARGET)


def target_of(history: History, series: IntArray, day: IntArray, lead: IntArray) -> FloatArray:
    """The move of an active day ahead, or the change of a level over the root of the days; else NaN."""
    if history.levels is None:
        moves = history.moves[series, day + lead - 1]
        return np.where(moves == 0, np.nan, moves)
    start = np.where(day > 0, history.levels[series, day - 1], np.nan)
    return np.asarray((history.levels[series, day + lead - 1] - start) / np.sqrt(lead))


def grown_trees(features: FloatArray, targets: FloatArray) -> list["HistGradientBoostingRegressor"]:
    """Trees for the lower, middle and upper quantile, each grown in a thread of its own.

    Several threads on one tree wait for each other at every split, without end on a busy machine.
    """
    with threadpool_limits(1, user_api="openmp"), ThreadPoolExecutor() as pool:
        return list(pool.map(partial(grown, features, targets), (LOWER, MIDDLE, UPPER)))


def grown(features: FloatArray, targets: FloatArray, quantile: float) -> "HistGradientBoostingRegressor":
    """Shallow trees for one quantile."""
    # Here, because importing it takes longer than most commands.
    from sklearn.ensemble import HistGradientBoostingRegressor

    trees = HistGradientBoostingRegressor(
        loss="quantile",
        quantile=quantile,
        max_iter=60,
        learning_rate=0.08,
        max_leaf_nodes=8,
        min_samples_leaf=200,
        l2_regularization=10.0,
        early_stopping=False,
        random_state=0,
    )
    return trees.fit(features, targets)


@dataclass(frozen=True)
class Reach:
    """Median and spread of each coming day over the typical move, [series, horizon]; the move, [series]."""

    middle: FloatArray
    spread: FloatArray
    typical: FloatArray

    @classmethod
    def of(cls, history: History, horizon: int, trees: list["HistGradientBoostingRegressor"]) -> "Reach":
        """What the trees foretell from the end of a history."""
        leads, series, market = leads_of(horizon), len(history), market_states(history)

        def at_the_end(rows: slice) -> tuple[FloatArray, FloatArray]:
            known = Features.of(history.rows(rows), market)
            return known.values[:, -1], known.typical[:, -1]

        # Block by block: the features of every day of a large panel do not fit into memory.
        parts = each_block(at_the_end, series, BLOCK)
        features, typical = (np.concatenate(column) for column in zip(*parts, strict=True))
        rows = np.column_stack([np.repeat(features, len(leads), axis=0), np.tile(leads, series)])
        lower, middle, upper = (one.predict(rows).reshape(series, len(leads)) for one in trees)
        days = np.arange(1, horizon + 1)
        return cls(
            between(middle, leads, days),
            between(np.maximum(upper - lower, 0.0), leads, days),
            typical,
        )


def leads_of(horizon: int) -> IntArray:
    """The days ahead that matter for a horizon."""
    return LEADS[: int(np.searchsorted(LEADS, horizon)) + 1]


def between(values: FloatArray, leads: IntArray, days: IntArray) -> FloatArray:
    """Values at some leads, [series, leads], interpolated over the logarithm of the days, [series, days]."""
    places = np.clip(np.interp(np.log(days), np.log(leads), np.arange(len(leads))), 0, len(leads) - 1)
    below = np.floor(places).astype(np.intp)
    above = np.minimum(below + 1, len(leads) - 1)
    return np.asarray(values[:, below] + (places - below) * (values[:, above] - values[:, below]))


def corrected(outlook: Outlook, history: History, reach: Reach) -> Outlook:
    """The outlook moved and stretched half-way to what the trees foretell."""
    money = ratio(reach.typical * history.unit, outlook.unit)[:, None]
    span = outlook.shape[:, LEVELS <= UPPER].max(axis=1) - outlook.shape[:, LEVELS >= LOWER].min(axis=1)
    location = outlook.location
    foretold = ratio(reach.spread * money, span[:, None])
    if history.levels is not None:
        days = np.arange(1, outlook.horizon + 1)
        location = TRUST * np.diff(reach.middle * np.sqrt(days) * money, axis=1, prepend=0.0)
        variance = np.diff(foretold**2 * days, axis=1, prepend=0.0)
        foretold = np.sqrt(np.maximum(variance, (foretold / WIDEST) ** 2))
    change = np.clip(ratio(foretold, outlook.scale, otherwise=1.0), 1 / WIDEST, WIDEST)
    # Trees know nothing of a series that never moved.
    change = np.where(money > 0, change, 1.0)
    return replace(outlook, location=location, scale=outlook.scale * change**TRUST)
