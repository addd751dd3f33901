"""What is learnt from a panel, kept, and used again; and paths that share their days."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeseries.forecast import (
    Rules,
    State,
    breach_probabilities,
    forecast,
    plan_outcomes,
    prepare,
    summary_of,
)
from timeseries.forecast._calibration import MOST_STRETCH, Calibration, calibrated, calibration_of
from timeseries.forecast._proof import Trial

HORIZON = 6
LEVELS = (0.1, 0.5, 0.9)


def accounts(series=60, days=160, seed=0):
    rng = np.random.default_rng(seed)
    size = np.exp(rng.normal(3, 1, (series, 1)))
    return rng.standard_t(4, (series, days)) * size * (rng.random((series, days)) < 0.7)


def sharing_days(correlation, series=80, days=250, seed=1):
    """Accounts whose days have a common part."""
    rng = np.random.default_rng(seed)
    own, common = rng.normal(size=(series, days)), rng.normal(size=days)
    return 100 * (np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own)


def free(series):
    nothing = np.full(series, np.nan)
    return Rules(
        balance=np.full(series, 1e4),
        equity=np.full(series, 1e4),
        max_drawdown_floor=nothing,
        daily_loss_limit=nothing,
        profit_target=nothing,
    )


# ---- what was learnt


def test_a_kept_state_forecasts_the_same_day_the_same():
    values, cohort = accounts(), ["a"] * 30 + ["b"] * 30
    first = forecast(values, HORIZON, cohort=cohort)
    kept = State.from_dict(json.loads(json.dumps(first.state.as_dict())))
    again = forecast(values, HORIZON, cohort=cohort, state=kept)
    np.testing.assert_array_equal(again.quantiles, first.quantiles)
    np.testing.assert_array_equal(again.model, first.model)


def test_a_kept_state_serves_later_days_shorter_panels_and_unknown_cohorts():
    values = accounts()
    state = forecast(values[:, :-10], HORIZON, cohort=["a"] * 60).state
    later = forecast(values[:3], HORIZON, cohort=["a", "b", "c"], state=state)
    assert np.isfinite(later.quantiles).all()
    # Nothing is proved again: the skill is the cohort's, or the whole panel's.
    assert len(set(later.skill)) == 1
    own = prepare(values[:3], HORIZON, cohort=["a", "b", "c"], state=state, own_skill=True)
    assert len(set(own.skill)) == 3


def test_a_state_of_another_version_or_kind_is_not_used():
    values = accounts(20)
    state = forecast(values, HORIZON).state
    assert State.from_dict({**state.as_dict(), "version": 0}) is None
    level = forecast(np.cumsum(values, axis=1), HORIZON, kind="level", state=state)
    assert level.state.kind == "level"


# ---- calibration


def trial_with(day_ratio, series=200, origins=3):
    """A trial whose actual values spread so many times as far as the bounds of its intervals say."""
    rng = np.random.default_rng(3)
    actual = np.abs(rng.normal(size=(series, origins, 40, 1)))
    bounds = np.array([1.2816, 1.96])
    ratios = day_ratio * actual / bounds
    # Half of the days lie on the other side of the median.
    ratios = np.where(rng.random(ratios.shape[:3])[..., None] < 0.5, ratios, -ratios)
    return Trial(np.zeros((series, origins * 10)), ratios, ratios[:, :, :2])


@pytest.mark.parametrize("spread", [0.8, 1.0, 1.25])
def test_intervals_are_stretched_by_what_they_missed(spread):
    found = calibration_of(trial_with(spread), np.zeros(200, dtype=np.intp), 1)
    np.testing.assert_allclose([found.inner[0], found.outer[0]], spread, rtol=0.06)
    np.testing.assert_allclose(found.total, 1, atol=0.06)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 3), st.integers(0, 3), st.floats(0.01, 100), st.integers(0, 5))
def test_a_calibration_is_bounded_whatever_there_was_to_learn(series, origins, spread, seed):
    rng = np.random.default_rng(seed)
    ratios = rng.standard_cauchy((series, origins, 4, 2)) * spread
    ratios[rng.random(ratios.shape) < 0.3] = np.nan
    trial = Trial(np.zeros((series, 10 * origins)), ratios, ratios[:, :, :2])
    found = calibration_of(trial, np.zeros(series, dtype=np.intp), 1)
    for factor in (found.inner, found.outer):
        assert ((factor >= MOST_STRETCH**-2) & (factor <= MOST_STRETCH**2)).all()


def test_a_calibration_widens_days_and_totals_and_keeps_the_mean():
    values = np.random.default_rng(4).normal(0, 100, (20, 250))
    plain = prepare(values, 12, model="naive")
    factors = Calibration(np.full(20, 1.2), np.full(20, 1.4), np.full(20, 1.1))
    before, after = (
        summary_of(one, (0.025, 0.1, 0.9, 0.975))
        for one in (plain, replace(plain, outlook=calibrated(plain.outlook, factors)))
    )
    np.testing.assert_allclose(after.mean, before.mean)
    wider = np.ptp(after.quantiles[..., 1:3], axis=2) / np.ptp(before.quantiles[..., 1:3], axis=2)
    np.testing.assert_allclose(wider[:, 0], 1.2, rtol=0.02)
    wider = np.ptp(after.quantiles, axis=2) / np.ptp(before.quantiles, axis=2)
    np.testing.assert_allclose(wider[:, 0], 1.4, rtol=0.03)
    days_alone = replace(factors, total=np.ones(20))
    alone = summary_of(replace(plain, outlook=calibrated(plain.outlook, days_alone)), (0.1, 0.9))
    totals = np.ptp(after.total_quantiles[..., 1:3], axis=2) / np.ptp(alone.total_quantiles, axis=2)
    np.testing.assert_allclose(totals[:, -1], 1.1, rtol=0.03)


def test_a_single_origin_says_nothing_about_calibration():
    found = calibration_of(trial_with(2.0, series=1, origins=1), np.zeros(1, dtype=np.intp), 1)
    np.testing.assert_allclose(found.inner[-1], 1)


# ---- accounts together


def total_width(values, paths=1000):
    prepared = prepare(values, HORIZON)
    found = plan_outcomes(
        prepared,
        free(len(values)),
        past_profit=values,
        groupings=[["all"] * len(values)],
        quantiles=LEVELS,
        paths=paths,
    )
    bounds = found.totals[0].total_quantiles[0, -1]
    return (bounds[2] - bounds[0]) / np.sqrt(HORIZON) / 100 / 2.563


def test_totals_spread_as_far_as_accounts_move_together():
    assert total_width(sharing_days(0.0)) == pytest.approx(np.sqrt(80), rel=0.2)
    # n (1 + (n - 1) r) days' variances in place of n.
    assert total_width(sharing_days(0.3)) == pytest.approx(np.sqrt(80 * (1 + 79 * 0.3)), rel=0.25)


def test_groups_add_up_to_the_firm_path_by_path():
    values = sharing_days(0.2, series=30)
    prepared = prepare(values, HORIZON, group=["x"] * 10 + ["y"] * 20)
    groupings = [["x"] * 10 + ["y"] * 20, [""] * 30, [str(row) for row in range(30)]]
    rules = free(30)
    found = plan_outcomes(prepared, rules, past_profit=values, groupings=groupings, quantiles=LEVELS)
    parts, firm, singles = found.totals
    np.testing.assert_allclose(parts.mean.sum(axis=0), firm.mean[0], atol=1e-9)
    np.testing.assert_allclose(firm.mean[0], summary_of(prepared, LEVELS).mean.sum(axis=0), atol=1e-9)
    assert parts.members.tolist() == [10, 20]
    # Diversification: a sum spreads less far than its parts laid end to end.
    width = [np.ptp(one.total_quantiles[:, -1], axis=1).sum() for one in (singles, parts, firm)]
    assert width[0] > width[1] > width[2]


def test_blocks_of_accounts_do_not_change_the_chances(monkeypatch):
    values = sharing_days(0.2, series=30)
    rules = Rules(
        balance=np.full(30, 1e4),
        equity=np.full(30, 1e4),
        max_drawdown_floor=np.full(30, 9.7e3),
        daily_loss_limit=np.full(30, 150.0),
        profit_target=np.full(30, 1.05e4),
    )
    prepared = prepare(values, HORIZON)
    whole = plan_outcomes(prepared, rules, past_profit=values, paths=400).chances
    paths = forecast(values, HORIZON, paths=400).paths
    by_hand = breach_probabilities(paths, rules, past_profit=values)
    np.testing.assert_allclose(whole.any_breach, by_hand.any_breach, atol=1e-6)
    monkeypatch.setattr("timeseries.forecast._outcomes.BLOCK", 7)
    cut = plan_outcomes(prepared, rules, past_profit=values, paths=400).chances
    # Other random numbers, the same chances.
    np.testing.assert_allclose(cut.any_breach.mean(), whole.any_breach.mean(), atol=0.03)


def test_some_rows_are_as_they_were_among_all():
    values = accounts()
    rows = np.array([3, 17, 42])
    some = summary_of(prepare(values, HORIZON).rows(rows), LEVELS)
    everyone = summary_of(prepare(values, HORIZON), LEVELS)
    np.testing.assert_array_equal(some.quantiles, everyone.quantiles[rows])


def test_levels_have_no_plan_outcomes():
    prepared = prepare(np.cumsum(accounts(5), axis=1), HORIZON, kind="level")
    with pytest.raises(ValueError, match="flows"):
        plan_outcomes(prepared, free(5), past_profit=accounts(5))
