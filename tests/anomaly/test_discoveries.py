"""False-discovery control within a day."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from timeseries.anomaly import discoveries

PVALUES = arrays.arrays(
    np.float64, st.tuples(st.integers(1, 30), st.integers(1, 4)), elements=st.floats(0.0, 1.0, width=32)
)


@settings(max_examples=100, deadline=None)
@given(pvalue=PVALUES, fdr=st.sampled_from([0.01, 0.05, 0.3]))
def test_agrees_with_the_adjusted_pvalues_of_scipy(pvalue: np.ndarray, fdr: float) -> None:
    adjusted = stats.false_discovery_control(pvalue, axis=0)
    clear = np.abs(adjusted - fdr) > 1e-12
    np.testing.assert_array_equal(discoveries(pvalue, fdr=fdr)[clear], (adjusted <= fdr)[clear])


@settings(max_examples=50, deadline=None)
@given(pvalue=PVALUES, missing=st.integers(1, 10))
def test_untested_accounts_change_nothing(pvalue: np.ndarray, missing: int) -> None:
    absent = np.full((missing, pvalue.shape[1]), np.nan)
    padded = discoveries(np.concatenate([pvalue, absent]))
    np.testing.assert_array_equal(padded[: len(pvalue)], discoveries(pvalue))
    assert not padded[len(pvalue) :].any()


def test_realised_false_discovery_proportion_stays_below_the_target() -> None:
    rng = np.random.default_rng(1)
    pvalue = rng.random((400, 1000))
    pvalue[:20] = stats.norm.sf(rng.normal(4.0, 1.0, (20, 1000)))
    found = discoveries(pvalue, fdr=0.1)
    proportion = found[20:].sum(axis=0) / np.maximum(found.sum(axis=0), 1)
    assert 0.08 < proportion.mean() < 0.1
    assert found[:20].mean() > 0.6


def test_empty_days_have_none() -> None:
    assert discoveries(np.full((3, 2), np.nan)).sum() == 0
    assert discoveries(np.empty((0, 2))).shape == (0, 2)


@pytest.mark.parametrize("fdr", [0.0, 1.0, -0.1])
def test_refuses_an_impossible_level(fdr: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        discoveries(np.ones((2, 2)), fdr=fdr)


def test_refuses_a_single_day_without_its_axis() -> None:
    with pytest.raises(ValueError, match="series, days"):
        discoveries(np.ones(5))
