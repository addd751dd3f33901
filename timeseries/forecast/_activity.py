"""Which days a series moves at all: the chance of an active day, given how long it has been resting."""

import numpy as np

from timeseries.forecast._arrays import FloatArray, IntArray, ratio
from timeseries.forecast._cohort import pooled
from timeseries.forecast._history import WEEK, History

__all__ = ["REST_BUCKETS", "active_shares", "activity", "always_active", "rest_bucket"]

# Idle days since the last active one: none, a few, a long rest.
REST_BUCKETS = 3
LONG_REST = 5
# A hundred days of memory: traders change how often they trade within months.
REMEMBERED = 0.99
# The cohort counts like this many days of the series' own; its overall share like these of a bucket.
COHORT_DAYS = 10.0
COHORT_BUCKET_DAYS = 5.0


def rest_bucket(rest: IntArray) -> IntArray:
    """The bucket of a number of idle days."""
    return (rest > 0).astype(np.intp) + (rest >= LONG_REST)


def activity(history: History, horizon: int) -> tuple[FloatArray, IntArray]:
    """Chances of an active day, recency-weighted and shrunk to the cohort.

    Returns:
        rates [series, horizon, REST_BUCKETS] and the idle days since the last active one [series].
    """
    days, active, rest = transitions(history)
    overall = pooled(active.sum(axis=1), history.cohort), pooled(days.sum(axis=1), history.cohort)
    share = ratio(overall[0] + 0.5, overall[1] + 1.0)[:, None]
    cohort_days, cohort_active = pooled(days, history.cohort), pooled(active, history.cohort)
    prior = (cohort_active + COHORT_BUCKET_DAYS * share) / (cohort_days + COHORT_BUCKET_DAYS)
    rates = (active + COHORT_DAYS * prior) / (days + COHORT_DAYS)
    return on_weekdays(history, rates, horizon), rest


def always_active(series: int, horizon: int) -> tuple[FloatArray, IntArray]:
    """The activity of a model that has no idle days."""
    return np.ones((series, horizon, REST_BUCKETS)), np.zeros(series, dtype=np.intp)


def active_shares(rates: FloatArray, rest: IntArray) -> FloatArray:
    """Probability of each coming day to be active, [series, horizon], from the rates and the present rest."""
    series, horizon = rates.shape[:2]
    buckets = rest_bucket(np.arange(LONG_REST + 1))
    resting = np.zeros((series, LONG_REST + 1))
    resting[np.arange(series), np.minimum(rest, LONG_REST)] = 1.0
    shares = np.empty((series, horizon))
    for step in range(horizon):
        wakes = resting * rates[:, step][:, buckets]
        shares[:, step] = wakes.sum(axis=1)
        idle = resting - wakes
        resting = np.concatenate([shares[:, step, None], idle[:, :-1]], axis=1)
        resting[:, -1] += idle[:, -1]
    return shares


def transitions(history: History) -> tuple[FloatArray, FloatArray, IntArray]:
    """Weighted days and active days after each rest bucket [series, REST_BUCKETS]; the rest at the end."""
    days = np.zeros((len(history), REST_BUCKETS))
    active = np.zeros_like(days)
    rest = np.zeros(len(history), dtype=np.intp)
    buckets = np.arange(REST_BUCKETS)
    for moves in history.moves.T:
        seen, moved = ~np.isnan(moves), moves != 0
        here = seen[:, None] & (rest_bucket(rest)[:, None] == buckets)
        # Only a visited bucket forgets: a rest of weeks must not wipe out what is known of busy times.
        fading = np.where(here, REMEMBERED, 1.0)
        days = days * fading + here
        active = active * fading + (here & moved[:, None])
        rest = np.where(seen, np.where(moved, 0, rest + 1), rest)
    return days, active, rest


def on_weekdays(history: History, rates: FloatArray, horizon: int) -> FloatArray:
    """The rates of each coming day, moved by its weekday's odds in the cohort."""
    if history.weekday is None:
        return np.repeat(rates[:, None, :], horizon, axis=1)
    coming = history.weekday[history.days : history.days + horizon]
    odds = weekday_odds(history, history.weekday)[:, coming, None]
    return rates[:, None, :] * odds / (1 - rates[:, None, :] + rates[:, None, :] * odds)


def weekday_odds(history: History, weekday: IntArray) -> FloatArray:
    """Odds of an active day on each weekday against those of any day, by cohort, [series, 7]."""
    past = np.eye(WEEK)[weekday[: history.days]]
    moved = pooled(history.active @ past, history.cohort)
    idle = pooled((history.moves == 0) @ past, history.cohort)
    everyday = (moved.sum(axis=1, keepdims=True) + 0.5) / (idle.sum(axis=1, keepdims=True) + 0.5)
    # Pseudo-days at the everyday odds keep a weekday seen a few times near them.
    pseudo = COHORT_DAYS * everyday / (1 + everyday)
    return np.asarray((moved + pseudo) / (idle + COHORT_DAYS - pseudo) / everyday)
