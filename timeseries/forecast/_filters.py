"""Recursive filters that live on active days."""

import numpy as np

from timeseries.forecast._arrays import BoolArray, FloatArray, IntArray

__all__ = ["ewma", "fading"]

# A day moves a filter by at most this many times its present value, so that one jump does not blind it.
LARGEST_STEP = 6.0


def ewma(
    values: FloatArray, active: BoolArray, start: FloatArray, decay: float, *, bounded: bool = True
) -> tuple[FloatArray, FloatArray]:
    """Exponentially weighted mean over active days: before each day [series, days], at the end [series].

    Args:
        values: [series, days], not negative when bounded.
        active: the days that count, [series, days].
        start: value before the first day, [series].
        decay: weight that is kept on each active day.
        bounded: whether a day counts for at most six times the mean before it.
    """
    state = start
    before = np.empty_like(values)
    for day, (value, counts) in enumerate(zip(values.T, active.T, strict=True)):
        before[:, day] = state
        step = np.minimum(value, LARGEST_STEP * state) if bounded else value
        state = np.where(counts, decay * state + (1 - decay) * step, state)
    return before, state


def fading(active: BoolArray, memory: float) -> FloatArray:
    """Weights of active days, each ``memory`` times that of the next active one; zero when idle."""
    later: IntArray = np.cumsum(active[:, ::-1], axis=1)[:, ::-1] - active
    powers = memory ** np.arange(active.shape[1] + 1)
    return np.where(active, powers[later], 0.0)
