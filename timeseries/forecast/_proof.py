"""Rolling-origin evaluation: how a model would have forecast the last weeks, knowing only what was before."""

from dataclasses import dataclass

import numpy as np

from timeseries.forecast._arrays import FloatArray, each_block, joined, ratio
from timeseries.forecast._contract import Model, Outlook
from timeseries.forecast._history import History, last_known
from timeseries.forecast._sampling import shared_draws, simulate
from timeseries.forecast._scores import crps_from_ordered

__all__ = ["INNER", "OUTER", "PATHS", "STEPS", "Trial", "bound_place", "tried", "tried_on_last_month"]

STEPS = 10
# Forecasts of levels overlap in all their days, so they need more origins to tell models apart.
FLOW_ORIGINS = 3
LEVEL_ORIGINS = 5
# One origin of a month instead of many tells every series' own skill at a third of the cost.
MONTH = 20
# Enough to rank models, and eight times cheaper than a forecast.
PATHS = 128
BLOCK = 1_000
LEAST_PAST = 20
LEAST_SCORED = 10
# Upper probabilities of the 80 and the 95 % prediction interval.
INNER, OUTER = 0.9, 0.975


@dataclass(frozen=True)
class Trial:
    """How one model did.

    Attributes:
        scores: CRPS of each day's forecast (of a level: of its running value), in history units; NaN where
            not scored, [series, days].
        day_ratios: actual moves over the bounds of their 80 and 95 % intervals, lower and upper bound one
            after the other, NaN where a bound is zero, [series, origins, ratios, 2].
        sum_ratios: the same of the sums over all steps of an origin.
    """

    scores: FloatArray
    day_ratios: FloatArray
    sum_ratios: FloatArray

    @property
    def loss(self) -> FloatArray:
        """Sum of the scores, NaN for a series with fewer than ten, [series]."""
        enough = (~np.isnan(self.scores)).sum(axis=1) >= LEAST_SCORED
        return np.where(enough, np.nansum(self.scores, axis=1), np.nan)


def tried(model: Model, history: History) -> Trial:
    """The model's forecasts from several origins of ten days each, the last ten days last.

    Only series with twenty observed days before an origin are scored from it.
    """
    count = FLOW_ORIGINS if history.levels is None else LEVEL_ORIGINS
    return tried_from_each(model, history, count, STEPS)


def tried_on_last_month(model: Model, history: History) -> Trial:
    """The same from a single origin, twenty days before the end."""
    return tried_from_each(model, history, 1, MONTH)


def tried_from_each(model: Model, history: History, count: int, steps: int) -> Trial:
    """The trial from so many origins, as many days apart as are forecast from each."""
    origins = (history.days - steps * back for back in range(count if len(history) else 0, 0, -1))
    parts = [tried_from(model, history, origin, steps) for origin in origins if origin >= LEAST_PAST]
    if parts:
        return joined(parts, axis=1)
    return Trial(np.zeros((len(history), 0)), *np.zeros((2, len(history), 0, 2, 2)))


def tried_from(model: Model, history: History, origin: int, steps: int) -> Trial:
    """The trial from one origin."""
    known = history.until(origin)
    outlook = model.predict(known, steps, model.learn(known, steps))
    enough = (known.observed.sum(axis=1) >= LEAST_PAST)[:, None]
    moves = np.where(enough, history.moves[:, origin : origin + steps], np.nan)
    levels = None
    if history.levels is not None:
        levels = np.where(enough, level_changes(history, origin, steps), np.nan)

    def of_rows(rows: slice) -> Trial:
        changes = None if levels is None else levels[rows]
        return scored(outlook.rows(rows), known.unit[rows], moves[rows], changes)

    return joined(each_block(of_rows, len(known), BLOCK))


def level_changes(history: History, origin: int, steps: int) -> FloatArray:
    """Change of the level from its last known value to each of the days after the origin, [series, steps]."""
    assert history.levels is not None
    return history.levels[:, origin : origin + steps] - last_known(history.levels[:, :origin])[:, None]


def scored(outlook: Outlook, unit: FloatArray, moves: FloatArray, levels: FloatArray | None) -> Trial:
    """The trial of a block: moves and level changes in history units, [series, steps]; NaN is not scored."""
    money = ratio(outlook.unit, unit)[:, None]
    scores = np.empty(moves.shape)
    ratios = np.empty((*moves.shape, 2, 2))
    so_far = np.zeros((len(moves), PATHS))
    for step, (simulated, _) in enumerate(simulate(outlook, shared_draws(moves.shape[1], PATHS, seed=0))):
        ordered = np.sort(simulated * money, axis=1)
        ratios[:, step] = bound_ratios(ordered, moves[:, step])
        so_far += simulated * money
        if levels is None:
            scores[:, step] = crps_from_ordered(ordered, moves[:, step])
        else:
            scores[:, step] = crps_from_ordered(np.sort(so_far, axis=1), levels[:, step])
    whole = bound_ratios(np.sort(so_far, axis=1), moves.sum(axis=1))
    return Trial(
        scores=scores,
        day_ratios=ratios.reshape(len(moves), 1, 2 * moves.shape[1], 2),
        sum_ratios=whole[:, None],
    )


def bound_ratios(ordered: FloatArray, actual: FloatArray) -> FloatArray:
    """The actual value over the lower and the upper bound of both intervals, [series, 2 bounds, 2 intervals].

    Both are taken from the median. NaN where a bound is at the median: there a factor would not move it.
    """
    centre = (ordered[:, PATHS // 2 - 1] + ordered[:, PATHS // 2]) / 2
    answer = np.full((len(ordered), 2, 2), np.nan)
    for interval, probability in enumerate((INNER, OUTER)):
        place = bound_place(probability)
        lower, upper = ordered[:, PATHS - 1 - place] - centre, ordered[:, place] - centre
        np.divide(actual - centre, lower, out=answer[:, 0, interval], where=lower < 0)
        np.divide(actual - centre, upper, out=answer[:, 1, interval], where=upper > 0)
    return answer


def bound_place(probability: float) -> int:
    """Place among ordered paths of the draw nearest to a probability; it stands for (place + 1/2) / PATHS."""
    return round(probability * PATHS - 0.5)
