"""A small causal check over the last days: which model serves, and how much better than naive it is."""

from collections.abc import Iterator

import numpy as np

from timeseries.forecast._arrays import FloatArray, IntArray, each_block, ratio
from timeseries.forecast._cohort import pooled
from timeseries.forecast._contract import Model
from timeseries.forecast._history import History
from timeseries.forecast._registry import MODELS, NAIVE
from timeseries.forecast._sampling import shared_draws, simulate
from timeseries.forecast._scores import crps_from_samples

__all__ = ["choose", "skill"]

ORIGINS = 3
STEPS = 10
# Enough to rank models, and eight times cheaper than a forecast.
PATHS = 128
BLOCK = 1_000
LEAST_PAST = 20
LEAST_SCORED = 10
# Chosen on accounts, stock returns and levels alike; the others must show that a cohort differs.
FAVOURITE = "ewma_fhs"
# Another model must be this much better than the favourite, on this many days of its cohort.
MARGIN = 0.01
LEAST_POOLED = 500
SAMPLED_SERIES = 1_000


def skill(model: Model, history: History) -> FloatArray:
    """1 - CRPS / CRPS of naive over the daily moves of the last thirty days, [series].

    Forecasts of ten days each are made from three origins, knowing only the days before. NaN for a series
    with fewer than ten scored days that have twenty observed days before their origin, or without a move.
    """
    if model is NAIVE:
        return np.where(np.isnan(daily_scores(model, history)[0]), np.nan, 0.0)
    ours, anchor = daily_scores(model, history)[0], daily_scores(NAIVE, history)[0]
    return 1 - ratio(ours, anchor, otherwise=np.nan)


def choose(history: History) -> IntArray:
    """The place in ``MODELS`` of the model that serves each series' cohort best, [series].

    The favourite, unless another beats its CRPS by one per cent on the cohort's last thirty days; a cohort
    with little to judge by goes with the whole panel.
    """
    step = -(-len(history) // SAMPLED_SERIES) or 1
    sample = history.rows(slice(None, None, step))
    losses, days = relative_losses(sample)
    by_cohort = pooled(losses, sample.cohort), pooled(days, sample.cohort)
    panel = losses.sum(axis=0), days.sum()
    own = by_cohort[1][:, None] >= LEAST_POOLED
    best = winners(np.where(own, by_cohort[0], panel[0]))
    chosen = np.full(int(history.cohort.max(initial=0)) + 1, winners(panel[0][None])[0])
    chosen[sample.cohort] = best
    return np.asarray(chosen[history.cohort])


def winners(losses: FloatArray) -> IntArray:
    """The model of least loss in each row, the favourite when none beats it by the margin."""
    favourite = list(MODELS).index(FAVOURITE)
    best = np.argmin(losses, axis=1)
    beaten = losses.min(axis=1) < (1 - MARGIN) * losses[:, favourite]
    return np.where(beaten, best, favourite)


def relative_losses(history: History) -> tuple[FloatArray, FloatArray]:
    """CRPS of every model over the size of the series' own moves [series, models], and the days scored."""
    scores = [daily_scores(model, history) for model in MODELS.values()]
    size = ratio(np.nansum(np.abs(history.moves), axis=1), history.observed.sum(axis=1))
    losses = np.stack([ratio(np.nan_to_num(score), size) for score, _ in scores], axis=1)
    return losses, scores[0][1]


def daily_scores(model: Model, history: History) -> tuple[FloatArray, FloatArray]:
    """Sum of the CRPS over the scored days in history units, NaN when they are too few, and their number."""
    total, days = np.zeros(len(history)), np.zeros(len(history))
    for origin in origins(history.days):
        known = history.until(origin)
        actual = np.where(
            (known.observed.sum(axis=1) >= LEAST_PAST)[:, None],
            history.moves[:, origin : origin + STEPS],
            np.nan,
        )
        scores = scores_from(model, known, actual)
        total += np.nansum(scores, axis=1)
        days += (~np.isnan(scores)).sum(axis=1)
    return np.where(days >= LEAST_SCORED, total, np.nan), days


def origins(days: int) -> Iterator[int]:
    """The days after which the check forecasts."""
    return (first for first in (days - STEPS * back for back in range(ORIGINS, 0, -1)) if first >= LEAST_PAST)


def scores_from(model: Model, known: History, actual: FloatArray) -> FloatArray:
    """CRPS of each of the days after the known ones, [series, STEPS], in history units."""
    outlook = model.predict(known, STEPS)
    scores = np.empty(actual.shape)

    def score(rows: slice) -> None:
        money = ratio(outlook.unit[rows], known.unit[rows])
        for step, (moves, _) in enumerate(simulate(outlook.rows(rows), shared_draws(STEPS, PATHS, seed=0))):
            scores[rows, step] = crps_from_samples(moves * money[:, None], actual[rows, step])

    each_block(score, len(known), BLOCK)
    return scores
