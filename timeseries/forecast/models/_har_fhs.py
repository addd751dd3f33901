"""Historical simulation whose sizes follow a regression learnt from all series together."""

from types import MappingProxyType

import numpy as np

from timeseries.forecast._arrays import BoolArray, FloatArray
from timeseries.forecast._contract import Lessons, Outlook
from timeseries.forecast._evidence import evidence_of_block
from timeseries.forecast._history import History
from timeseries.forecast._means import shrunk_means
from timeseries.forecast._size_features import FEATURES, SizeStates, market_states, size_states
from timeseries.forecast.models._simulation import historical_simulation

__all__ = ["HarFhs"]

MEMORY = 0.99
# Days ahead that are learnt; those between are interpolated, later ones fade.
LEADS = (1, 2, 4, 8, 16)
FADING = 0.96
# Series that are enough to learn from.
MOST_SERIES = 300
LEAST_SEEN = 20
LARGEST_SURPRISE = 8.0
NEWTON_STEPS = 8
# Where the regression starts, and how many days that is worth: an EWMA pulled to its long run.
PRIOR = np.array([0.0, 0.10, 0.30, 0.20, 0.05, 0.0, 0.0, 0.0])
PRIOR_DAYS = 50.0
# A coming day's size stays within this factor of the long run.
WIDEST = 6.0


class HarFhs:
    """History's moves, each over the size a regression expected, re-scaled to the size expected now.

    The logarithm of the size of an active day's move is linear in those of EWMAs over a week, a month and a
    quarter, in whether losses or gains prevailed, and in the state of the whole panel. Coefficients are
    learnt over all series, one set for each of several days ahead, so they say themselves how much volatility
    persists and how soon it reverts.

    Sources: Corsi (2009), "A simple approximate long-memory model of realized volatility", Journal of
    Financial Econometrics 7(2); Corsi & Reno (2012), "Discrete-time volatility forecasting with persistent
    leverage effect", Journal of Business & Economic Statistics 30(3); the loss is QLIKE: Patton (2011),
    "Volatility forecast comparison using imperfect volatility proxies", Journal of Econometrics 160(1).
    """

    name = "har_fhs"

    def learn(self, history: History, horizon: int) -> Lessons:
        """See :class:`Model`; the coefficients of each lead, [leads, FEATURES]."""
        step = -(-len(history) // MOST_SERIES) or 1
        sample, market = history.rows(slice(None, None, step)), market_states(history)
        states, sizes, active = known_states(sample, market)
        fits = [fitted(*lead_rows(states, sizes, active, lead), prior_of(lead)) for lead in LEADS]
        return MappingProxyType({"coefficients": np.stack(fits)})

    def predict(self, history: History, horizon: int, lessons: Lessons) -> Outlook:
        """See :class:`Model`."""
        market, coefficients = market_states(history), lessons["coefficients"]
        ahead = coefficients_ahead(coefficients, horizon)

        def regressed(
            deviations: FloatArray, active: BoolArray, long_run: FloatArray
        ) -> tuple[FloatArray, FloatArray]:
            known = size_states(deviations, active, long_run, market)
            relative = bounded_exp(known.features @ coefficients[0])
            course = bounded_exp(known.features[:, -1] @ ahead.T)
            level = np.where(long_run > 0, known.base[:, -1], 1.0) / np.where(long_run > 0, long_run, 1.0)
            return (known.base * relative)[:, :-1], course * level[:, None]

        return historical_simulation(history, horizon, MEMORY, regressed)


def known_states(history: History, market: FloatArray) -> tuple[SizeStates, FloatArray, BoolArray]:
    """States of some series, with the sizes of their moves and the days that had one."""
    mean, _ = shrunk_means(history)
    kept: list[tuple[SizeStates, FloatArray, BoolArray]] = []

    def keep(
        deviations: FloatArray, active: BoolArray, long_run: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        kept.append((size_states(deviations, active, long_run, market), np.abs(deviations), active))
        return np.zeros_like(deviations), np.ones((len(active), 1))

    evidence_of_block(history, mean, MEMORY, keep)
    return kept[0]


def lead_rows(
    states: SizeStates, sizes: FloatArray, active: BoolArray, lead: int
) -> tuple[FloatArray, FloatArray]:
    """Features [rows, FEATURES] and relative sizes [rows] of the active days so many days ahead."""
    days = max(sizes.shape[1] - lead + 1, 0)
    base = states.base[:, :days]
    rows = active[:, lead - 1 :] & (states.seen[:, :days] >= LEAST_SEEN) & (base > 0)
    relative = sizes[:, lead - 1 :][rows] / base[rows]
    return states.features[:, :days][rows], np.minimum(relative, LARGEST_SURPRISE)


def fitted(features: FloatArray, sizes: FloatArray, prior: FloatArray) -> FloatArray:
    """Coefficients of least QLIKE, pulled to a prior; Newton's method on a convex loss."""
    coefficients = prior.copy()
    for _ in range(NEWTON_STEPS):
        surprise = np.minimum(sizes * np.exp(-(features @ coefficients)), 2 * LARGEST_SURPRISE)
        slope = features.T @ (1 - surprise) + PRIOR_DAYS * (coefficients - prior)
        bend = (features * surprise[:, None]).T @ features + PRIOR_DAYS * np.eye(FEATURES)
        coefficients = coefficients - np.linalg.solve(bend, slope)
    return coefficients


def prior_of(lead: int) -> FloatArray:
    """Where the regression of a lead starts."""
    return PRIOR * FADING ** (lead - 1)


def coefficients_ahead(learnt: FloatArray, horizon: int) -> FloatArray:
    """Coefficients of every day ahead, [horizon, FEATURES]."""
    days = np.arange(1, horizon + 1)
    between = [np.interp(np.log(days), np.log(LEADS), column) for column in learnt.T]
    ahead = np.stack(between, axis=1)
    ahead[:, 1:] *= (FADING ** np.maximum(days - LEADS[-1], 0))[:, None]
    return ahead


def bounded_exp(logarithm: FloatArray) -> FloatArray:
    """The exponential, within bounds."""
    return np.exp(np.clip(logarithm, -np.log(WIDEST), np.log(WIDEST)))
