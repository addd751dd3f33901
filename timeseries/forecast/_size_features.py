"""What is known of the size of a coming move: the series' own recent sizes, losses, and the market's."""

from dataclasses import dataclass

import numpy as np

from timeseries.forecast._arrays import BoolArray, FloatArray, ratio
from timeseries.forecast._filters import ewma
from timeseries.forecast._history import History

__all__ = ["FEATURES", "SizeStates", "market_states", "size_states", "states"]

# Memories of about a week, a month and a quarter of active days (Corsi 2009).
DECAYS = (0.8, 0.94, 0.98)
LOSS_DECAY = 0.9
MARKET_SIZE_DECAY = 0.7
MARKET_LOSS_DECAYS = (0.5, 0.9)
FEATURES = 1 + len(DECAYS) + 1 + 1 + len(MARKET_LOSS_DECAYS)
# The series' whole size counts like this many days before any was seen.
BASE_DAYS = 20.0
LARGEST_RELATIVE = 8.0
# Series that are enough to tell the state of the panel.
MARKET_SERIES = 2_000
# So many silent members keep the market of a few accounts near its average.
QUIET_MEMBERS = 10.0
LARGEST_LOSS = 3.0


@dataclass(frozen=True)
class SizeStates:
    """What was known before each day and is known at the end.

    Attributes:
        features: [series, days + 1, FEATURES]; the first is one, the others are zero for an ordinary day.
        base: mean absolute deviation so far, [series, days + 1].
        seen: active days so far, [series, days + 1].
    """

    features: FloatArray
    base: FloatArray
    seen: FloatArray


def size_states(
    deviations: FloatArray, active: BoolArray, long_run: FloatArray, market: FloatArray
) -> SizeStates:
    """The states of a block of series; arguments as in :class:`Sizing`, market as from `market_states`."""
    sizes = np.abs(deviations)
    seen = ending(np.cumsum(active, axis=1, dtype=np.float64))
    base = (BASE_DAYS * long_run[:, None] + ending(np.cumsum(sizes, axis=1))) / (BASE_DAYS + seen)
    features = np.zeros((*base.shape, FEATURES))
    features[..., 0] = 1.0
    for place, decay in enumerate(DECAYS, start=1):
        features[..., place] = log_ratio(states(sizes, active, long_run, decay), base)
    losses = states(np.maximum(-deviations, 0.0), active, long_run / 2, LOSS_DECAY)
    gains = states(np.maximum(deviations, 0.0), active, long_run / 2, LOSS_DECAY)
    features[..., 1 + len(DECAYS)] = log_ratio(losses + 0.1 * base, gains + 0.1 * base)
    features[..., 2 + len(DECAYS) :] = market[None]
    return SizeStates(features, base, seen)


def market_states(history: History) -> FloatArray:
    """Size and loss of the panel's recent days relative to ordinary ones, [days + 1, 3].

    Days are those of the columns: series that do not share them average out to an ordinary market.
    """
    step = -(-len(history) // MARKET_SERIES) or 1
    history = history.rows(slice(None, None, step))
    active = history.active
    moves = np.where(active, history.moves, 0.0)
    typical = ratio(np.abs(moves).sum(axis=1), active.sum(axis=1).astype(np.float64))
    relative = np.clip(ratio(moves, typical[:, None]), -LARGEST_RELATIVE, LARGEST_RELATIVE)
    members = active.sum(axis=0) + QUIET_MEMBERS
    size = ((np.abs(relative).sum(axis=0) + QUIET_MEMBERS) / members)[None]
    loss = (-relative.sum(axis=0) / members)[None]
    always = np.ones(size.shape, dtype=np.bool_)
    columns = [np.log(states(size, always, np.ones(1), MARKET_SIZE_DECAY)[0])]
    for decay in MARKET_LOSS_DECAYS:
        state = states(loss, always, np.zeros(1), decay, bounded=False)[0]
        columns.append(state.clip(-LARGEST_LOSS, LARGEST_LOSS))
    return np.stack(columns, axis=1)


def states(
    values: FloatArray, active: BoolArray, start: FloatArray, decay: float, *, bounded: bool = True
) -> FloatArray:
    """An EWMA before each day and at the end, [series, days + 1]; arguments as of ``ewma``."""
    before, after = ewma(values, active, start, decay, bounded=bounded)
    return np.concatenate([before, after[:, None]], axis=1)


def ending(running: FloatArray) -> FloatArray:
    """Running sums as they stood before each day and at the end, [series, days + 1]."""
    return np.concatenate([np.zeros((len(running), 1)), running], axis=1)


def log_ratio(value: FloatArray, base: FloatArray) -> FloatArray:
    """The logarithm of a ratio, kept within what a factor of fifty allows; zero without a base."""
    return np.log(np.clip(ratio(value, base, otherwise=1.0), 0.02, 50.0))
