"""Simulating outlooks: the daily moves of many paths."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from timeseries.forecast._activity import rest_bucket
from timeseries.forecast._arrays import LEVELS, BoolArray, FloatArray, IntArray
from timeseries.forecast._contract import Outlook

__all__ = ["MOST_DAYS", "Draws", "shared_draws", "simulate"]


# Sobol points have at most 21,201 dimensions, two a day.
MOST_DAYS = 10_000


@dataclass(frozen=True)
class Draws:
    """Random numbers of a simulation.

    Attributes:
        doubt: two standard normal numbers a path, of its size and its mean, [2, 1 or series, paths].
        days: for each day the place in the shape and the chance of being active, [1 or series, paths] both.
    """

    doubt: FloatArray
    days: Iterator[tuple[IntArray, FloatArray]]


def shared_draws(horizon: int, paths: int, seed: int) -> Draws:
    """The same evenly spread numbers for every series: precise within a series, useless for sums across them.

    Source: Owen (1998), "Scrambling Sobol' and Niederreiter-Xing points", Journal of Complexity 14(4).

    Args:
        horizon: days to simulate, at most ``MOST_DAYS``.
        paths: a power of two.
        seed: of the scrambling.
    """
    # Here, because importing it takes longer than most commands.
    from scipy.stats import qmc

    numbers = qmc.Sobol(2 + 2 * horizon, scramble=True, rng=seed).random(paths).T
    # A scrambled point may be zero, where the normal quantile is infinite.
    doubt = ndtri(np.maximum(numbers[:2], 0.5 / paths))
    places = (numbers[2 : 2 + horizon] * len(LEVELS)).astype(np.intp)
    return Draws(doubt[:, None], zip(places[:, None], numbers[2 + horizon :, None], strict=True))


def simulate(outlook: Outlook, draws: Draws) -> Iterator[tuple[FloatArray, BoolArray]]:
    """Daily moves in units of the outlook, step by step.

    Yields:
        For each step of the horizon the moves and which of them are of active days, both [series, paths].
    """
    paths = draws.doubt.shape[2]
    # Units are near one, so single precision is enough and halves the time.
    size = np.exp(outlook.doubt[:, None] * draws.doubt[0]).astype(np.float32)
    shift = (outlook.error[:, None] * draws.doubt[1]).astype(np.float32)
    shape, rates, scale, location = (
        part.astype(np.float32) for part in (outlook.shape, outlook.rates, outlook.scale, outlook.location)
    )
    undone, linked = outlook.undone.astype(np.float32)[:, None], bool(outlook.undone.any())
    rest = np.repeat(outlook.rest[:, None], paths, axis=1)
    surprise = np.zeros((len(outlook), paths), dtype=np.float32)
    for step, (place, chance) in zip(range(outlook.horizon), draws.days, strict=False):
        active = chance < np.take_along_axis(rates[:, step], rest_bucket(rest), axis=1)
        drawn = shape[:, place[0]] if len(place) == 1 else np.take_along_axis(shape, place, axis=1)
        before, surprise = surprise, drawn * size * scale[:, step, None]
        moves = surprise + shift + location[:, step, None]
        if linked:
            moves -= undone * before
            surprise = np.where(active, surprise, before)
        yield moves * active, active
        rest = np.where(active, 0, rest + 1)
