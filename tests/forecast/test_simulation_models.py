"""Filtered historical simulation before any calibration: nothing is known of a day that came after it."""

import numpy as np
import pytest

from timeseries.forecast import MODELS
from timeseries.forecast._history import panel_scaled, read_history
from timeseries.forecast._summary import summarise

SIMULATIONS = pytest.mark.parametrize("model", ["empirical", "ewma_fhs", "har_fhs"])
DAYS = 260


def clustered(series=500, days=DAYS + 1, seed=3):
    """Moves whose size wanders: a calm day follows calm ones."""
    rng = np.random.default_rng(seed)
    size = np.zeros((series, days))
    for day in range(1, days):
        size[:, day] = 0.93 * size[:, day - 1] + 0.35 * rng.normal(size=series)
    return rng.normal(size=(series, days)) * np.exp(size)


def next_day(model, values):
    """Bounds of the uncalibrated 80 % interval of the day after, [series, 2]."""
    array, exponent = panel_scaled(values)
    history = read_history(array, 1, level=False, calendar=None, cohort=None)
    maker = MODELS[model]
    outlook = maker.predict(history, 1, maker.learn(history, 1))
    _, daily, _ = summarise(outlook, np.array([0.1, 0.9]), seed=0)
    return daily[:, 0] * 2.0**exponent


@SIMULATIONS
def test_intervals_hold_without_calibration(model):
    values = clustered()
    low, high = next_day(model, values[:, :DAYS]).T
    assert np.mean((values[:, DAYS] >= low) & (values[:, DAYS] <= high)) == pytest.approx(0.8, abs=0.03)


def test_sizes_follow_calm_and_agitated_times():
    values = clustered()
    low, high = next_day("har_fhs", values[:, :DAYS]).T
    recent = np.abs(values[:, DAYS - 10 : DAYS]).mean(axis=1) / np.abs(values[:, :DAYS]).mean(axis=1)
    width = (high - low) / np.abs(values[:, :DAYS]).mean(axis=1)
    calm, agitated = np.quantile(recent, (0.2, 0.8))
    assert 1.5 < width[recent > agitated].mean() / width[recent < calm].mean() < 10


def test_a_market_in_turmoil_widens_the_interval_of_those_it_has_not_reached():
    rng = np.random.default_rng(5)
    market = np.where(np.arange(DAYS) // 20 % 2, 3.0, 1.0)
    values = rng.normal(size=(200, DAYS)) * market
    values[:20] = rng.normal(size=(20, DAYS))
    # Days 220 to 239 are wild for all but twenty, those before are calm.
    wild, calm = (np.ptp(next_day("har_fhs", values[:, :end])[:20], axis=1) for end in (240, 220))
    assert np.median(wild) > 1.1 * np.median(calm)
