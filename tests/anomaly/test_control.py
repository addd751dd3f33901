"""Which p-values become alarms: a rate of false ones over all days, or a budget a day."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from timeseries.anomaly import MEMORY_DAYS, AlarmDays, control

PVALUES = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 30), st.integers(1, 6)),
    elements=st.one_of(st.floats(0.0, 1.0), st.floats(0.0, 1e-4), st.just(np.nan)),
)
AIMS = st.sampled_from([{"fdr": 0.05}, {"fdr": 0.3}, {"budget": 0.4}, {"budget": 2.0}, {"budget": 7.0}])


def mixture(
    seed: int, series: int, days: int, *, rate: float, shared: float
) -> tuple[np.ndarray, np.ndarray]:
    """Two-sided p-values of accounts that share a part of their variance, and which were moved by five."""
    rng = np.random.default_rng(seed)
    loading = np.sqrt(shared) * rng.choice([-1.0, 1.0], (series, 1))
    scores = loading * rng.standard_normal(days) + np.sqrt(1 - shared) * rng.standard_normal((series, days))
    true = rng.random((series, days)) < rate
    scores[true] += 5.0 * np.sign(scores[true])
    return 2 * stats.norm.sf(np.abs(scores)), true


@settings(max_examples=60, deadline=None)
@given(pvalue=PVALUES, aim=AIMS, cut=st.integers(1, 5))
def test_continuing_day_by_day_equals_one_call(pvalue: np.ndarray, aim: dict[str, float], cut: int) -> None:
    whole = control(pvalue, **aim)
    first = control(pvalue[:, :cut], **aim)
    rest = control(pvalue[:, cut:], **aim, past=first.days)
    np.testing.assert_array_equal(np.hstack([first.found, rest.found]), whole.found)
    joined = first.days.then(rest.days)
    for name, values in vars(whole.days).items():
        np.testing.assert_array_equal(vars(joined)[name], values)


@settings(max_examples=60, deadline=None)
@given(pvalue=PVALUES, aim=AIMS, data=st.data())
def test_the_order_of_accounts_and_untested_ones_change_nothing(
    pvalue: np.ndarray, aim: dict[str, float], data: st.DataObject
) -> None:
    order = np.array(data.draw(st.permutations(range(len(pvalue)))), dtype=int)
    padded = np.concatenate([pvalue[order], np.full((3, pvalue.shape[1]), np.nan)])
    whole, other = control(pvalue, **aim), control(padded, **aim)
    np.testing.assert_array_equal(other.days.discoveries, whole.days.discoveries)
    np.testing.assert_array_equal(other.days.tests, whole.days.tests)
    assert not other.found[len(pvalue) :].any()


@settings(max_examples=60, deadline=None)
@given(pvalue=PVALUES, aim=AIMS)
def test_alarms_are_the_least_likely_and_as_many_as_the_day_says(
    pvalue: np.ndarray, aim: dict[str, float]
) -> None:
    decided = control(pvalue, **aim)
    np.testing.assert_array_equal(decided.found.sum(axis=0), decided.days.discoveries)
    for day in range(pvalue.shape[1]):
        found = decided.found[:, day]
        if found.any() and not found.all():
            others = decided.adjusted[~found, day]
            assert decided.adjusted[found, day].max() <= np.nanmin(others, initial=np.inf)
    assert (decided.days.augmented >= decided.days.discoveries).all()


def test_the_first_day_is_benjamini_hochberg_at_its_level() -> None:
    pvalue = np.random.default_rng(3).random((15, 1)) ** 4 / 50
    decided = control(pvalue, fdr=0.5)
    level = float(decided.days.level[0])
    adjusted = stats.false_discovery_control(pvalue[:, 0])
    np.testing.assert_array_equal(decided.found[:, 0], adjusted <= level)
    assert 0 < decided.days.discoveries[0] < 15


def test_augmented_is_the_most_that_one_p_value_of_zero_can_add() -> None:
    rng = np.random.default_rng(5)
    days = AlarmDays(*(np.full(50, 40) for _ in range(3)), np.full(50, 0.01))
    for _ in range(50):
        pvalue = rng.random((12, 1)) ** 3
        decided = control(pvalue, fdr=0.4, past=days)
        level = float(decided.days.level[0])
        most = 0
        for account in range(12):
            changed = pvalue[:, 0].copy()
            changed[account] = 0.0
            most = max(most, int((stats.false_discovery_control(changed) <= level).sum()))
        assert decided.days.augmented[0] == most


@pytest.mark.parametrize("shared", [0.0, 0.3])
@pytest.mark.parametrize("rate", [1e-4, 1e-3, 2e-2])
def test_the_realised_false_share_stays_below_its_target(rate: float, shared: float) -> None:
    false, found, power = [], [], []
    for seed in range(20):
        pvalue, true = mixture(seed, 500, 120, rate=rate, shared=shared)
        alarms = control(pvalue, fdr=0.1).found
        false.append((alarms & ~true).sum() / max(alarms.sum(), 1))
        found.append(alarms.sum())
        power.append(alarms[true].mean())
    assert np.mean(false) <= 0.1
    assert np.mean(power) > 0.4, "control that finds nothing controls nothing"


def test_clean_accounts_that_move_together_give_hardly_any_alarm() -> None:
    alarming = [
        control(mixture(seed, 500, 120, rate=0, shared=0.3)[0], fdr=0.1).found.any() for seed in range(20)
    ]
    assert np.mean(alarming) <= 0.1


def test_quiet_months_do_not_use_up_the_level() -> None:
    quiet = np.full((50, 2000), 0.5)
    quiet[0, -1] = 0.05 / (MEMORY_DAYS + 1) / 50 * 0.99
    decided = control(quiet, fdr=0.05)
    assert decided.found[0, -1]
    assert decided.found.sum() == 1


def test_frequent_discoveries_raise_the_level_and_never_above_the_rate() -> None:
    busy = np.full((50, 300), 0.5)
    busy[:10] = 1e-12
    level = control(busy, fdr=0.05).days.level
    assert level[0] < 0.001
    assert 0.04 < level[-1] < 0.05


def test_doubtful_discoveries_do_not_feed_the_level() -> None:
    """A past whose alarms cost as much as they found leaves less than one that found the same for less."""
    days = AlarmDays(*(np.full(200, 3) for _ in range(3)), np.full(200, 0.05))
    dear = control(np.full((5, 1), 0.5), fdr=0.05, past=days).days.level[0]
    cheap = control(np.full((5, 1), 0.5), fdr=0.05, past=replace(days, level=days.level / 10)).days.level[0]
    assert dear < cheap


def test_a_budget_keeps_the_expected_alarms_of_clean_days() -> None:
    rng = np.random.default_rng(7)
    clean = rng.random((400, 3000))
    for budget in (0.2, 1.0, 5.0):
        count = control(clean, budget=budget).found.sum(axis=0)
        assert count.max() <= np.ceil(budget)
        assert 0.6 * budget < count.mean() < 1.05 * budget


def test_a_budget_takes_the_least_likely_on_a_wild_day() -> None:
    pvalue = np.linspace(1e-9, 1e-8, 30)[::-1, None]
    np.testing.assert_array_equal(np.flatnonzero(control(pvalue, budget=4).found), [26, 27, 28, 29])


@settings(max_examples=40, deadline=None)
@given(pvalue=PVALUES, aim=AIMS, scale=st.floats(0.01, 100))
def test_equal_weights_are_none(pvalue: np.ndarray, aim: dict[str, float], scale: float) -> None:
    weighted = control(pvalue, **aim, weight=np.full(pvalue.shape, scale))
    np.testing.assert_allclose(weighted.adjusted, control(pvalue, **aim).adjusted, rtol=1e-12)


def test_weights_favour_the_accounts_they_should() -> None:
    pvalue = np.full((100, 1), 0.5)
    pvalue[:2] = 0.004
    weight = np.ones((100, 1))
    weight[0], weight[1] = 10.0, 0.0
    decided = control(pvalue, budget=1, weight=weight)
    assert np.flatnonzero(decided.found).tolist() == [0]
    assert decided.adjusted[1, 0] == 1.0


def test_days_of_a_budget_cost_nothing_of_the_rate() -> None:
    pvalue = np.random.default_rng(1).random((50, 30))
    past = control(pvalue, budget=20).days
    assert control(pvalue, fdr=0.05, past=past).days.level[0] == control(pvalue, fdr=0.05).days.level[0]


def test_empty_days_have_no_alarms() -> None:
    assert control(np.full((3, 2), np.nan), fdr=0.05).found.sum() == 0
    assert control(np.empty((0, 2)), fdr=0.05).found.shape == (0, 2)
    assert control(np.empty((0, 2)), budget=3).days.tests.tolist() == [0, 0]
    assert len(control(np.empty((4, 0)), fdr=0.05).days) == 0


@pytest.mark.parametrize(
    ("aim", "sentence"),
    [
        ({}, "exactly one"),
        ({"fdr": 0.1, "budget": 3.0}, "exactly one"),
        ({"fdr": 0.0}, "between 0 and 1"),
        ({"fdr": 1.0}, "between 0 and 1"),
        ({"budget": 0.0}, "above 0"),
        ({"budget": np.inf}, "above 0"),
        ({"fdr": 0.1, "weight": np.ones(2)}, "shaped as"),
        ({"fdr": 0.1, "weight": np.full((2, 2), -1.0)}, "at least 0"),
    ],
)
def test_refuses_what_makes_no_sense(aim: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        control(np.ones((2, 2)), **aim)


@pytest.mark.parametrize("pvalue", [np.ones(5), np.full((2, 2), 1.5), np.full((2, 2), -0.1)])
def test_refuses_what_are_no_p_values(pvalue: np.ndarray) -> None:
    with pytest.raises(ValueError, match="pvalue must"):
        control(pvalue, fdr=0.05)
