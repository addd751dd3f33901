"""Scores against closed forms and their own definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from timeseries.forecast import coverage, crps_from_quantiles, crps_from_samples, pinball

LEVELS = (np.arange(2000) + 0.5) / 2000


@given(st.floats(-5, 5), st.floats(0.1, 10), st.floats(-20, 20))
def test_crps_is_that_of_the_normal_distribution(mean, deviation, actual):
    z = (actual - mean) / deviation
    exact = deviation * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    quantiles = norm.ppf(LEVELS, mean, deviation)
    assert crps_from_quantiles(quantiles, LEVELS, np.float64(actual)) == pytest.approx(
        exact, rel=0.01, abs=0.005
    )
    assert crps_from_samples(quantiles, np.float64(actual)) == pytest.approx(exact, rel=0.01, abs=0.005)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=30), st.floats(-100, 100))
def test_sample_crps_is_its_definition_in_any_order(samples, actual):
    array = np.array(samples)
    definition = np.abs(array - actual).mean() - np.abs(array[:, None] - array).mean() / 2
    assert crps_from_samples(array[::-1], np.float64(actual)) == pytest.approx(definition, abs=1e-9)


def test_the_crps_of_a_sure_forecast_is_its_absolute_error():
    sure = np.full((2, 5), 3.0)
    levels = np.array([0.025, 0.1, 0.5, 0.9, 0.975])
    np.testing.assert_allclose(crps_from_quantiles(sure, levels, np.array([1.0, 3.0])), [2.0, 0.0])
    np.testing.assert_allclose(crps_from_samples(sure, np.array([1.0, 3.0])), [2.0, 0.0], atol=1e-12)


def test_pinball_loss_weighs_misses_by_side():
    loss = pinball(np.array([[10.0, 10.0]]), np.array([0.1, 0.9]), np.array([20.0]))
    np.testing.assert_allclose(loss, [[1.0, 9.0]])
    loss = pinball(np.array([[10.0, 10.0]]), np.array([0.1, 0.9]), np.array([0.0]))
    np.testing.assert_allclose(loss, [[9.0, 1.0]])


def test_coverage_counts_bounds_and_skips_missing_days():
    lower, upper = np.zeros(4), np.ones(4)
    assert coverage(lower, upper, np.array([0.0, 1.0, 2.0, np.nan])) == pytest.approx(2 / 3)
    assert np.isnan(coverage(lower, upper, np.full(4, np.nan)))
