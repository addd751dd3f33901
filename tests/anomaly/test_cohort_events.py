"""When a whole group moves, that is one event."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from timeseries.anomaly import beside_peers, cohort_events, control

GROUPS = 4
SERIES = 400
GROUP = np.arange(SERIES) % GROUPS
FIRM = np.zeros(SERIES, dtype=int)


def clean(seed: int, days: int = 40, metrics: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shape = (SERIES, days, metrics)
    return rng.random(shape), rng.choice(np.array([-1, 1], dtype=np.int8), shape)


def test_independent_accounts_make_no_event() -> None:
    for seed in range(5):
        assert len(cohort_events(*clean(seed), GROUP)) == 0
        assert len(cohort_events(*clean(seed), FIRM)) == 0


def test_a_fleet_wide_outage_is_one_incident() -> None:
    pvalue, direction = clean(1)
    pvalue[:, 30:32] = 1e-7
    direction[:, 30:32] = -1
    events = cohort_events(pvalue, direction, FIRM)
    assert len(events) == 2 * 3
    assert events.incident.tolist() == [0] * 6
    lead = events.leads()
    assert (lead.day.tolist(), lead.odd.tolist(), lead.accounts.tolist()) == ([30], [400], [400])
    lifted = beside_peers(pvalue, direction, FIRM, events)
    assert lifted[:, 30:32].min() == 1.0
    assert len(cohort_events(lifted, direction, GROUP)) == 0
    assert control(lifted.min(axis=2) * 0.5, fdr=0.05).found.sum() == 0


def test_a_groups_move_is_the_groups_event_only() -> None:
    pvalue, direction = clean(2)
    moved = np.flatnonzero(GROUP == 2)[:40]
    pvalue[moved, 35, 1], direction[moved, 35, 1] = 1e-5, 1
    events = cohort_events(pvalue, direction, GROUP)
    found = [events.group, events.day, events.metric, events.direction, events.accounts]
    assert [values.tolist() for values in found] == [[2], [35], [1], [1], [100]]
    assert 40 <= events.odd[0] <= 43
    assert events.pvalue[0] < 1e-6


def test_opposite_sides_do_not_add_up() -> None:
    pvalue, direction = clean(3)
    moved = np.flatnonzero(GROUP == 0)[:16]
    pvalue[moved, 20, 0] = 1e-6
    direction[moved[:8], 20, 0], direction[moved[8:], 20, 0] = 1, -1
    assert len(cohort_events(pvalue, direction, GROUP)) == 0
    direction[moved, 20, 0] = 1
    assert len(cohort_events(pvalue, direction, GROUP)) == 1


def test_a_few_accounts_or_a_small_share_make_no_event() -> None:
    pvalue, direction = clean(4)
    pvalue, group = np.maximum(pvalue, 0.011), GROUP.copy()
    group[:4] = 9
    pvalue[:4, 20, 0] = 1e-9
    pvalue[10:40, 25, 0], direction[10:40, 25, 0] = 1e-9, 1
    assert len(cohort_events(pvalue, direction, group)) == 0
    assert len(cohort_events(pvalue, direction, FIRM)) == 0
    assert len(cohort_events(pvalue, direction, FIRM, share=0.05)) == 1


def test_a_group_that_often_moves_together_needs_more() -> None:
    pvalue, direction = clean(5, days=120)
    pvalue[:12, 110, 0], direction[:12, 110, 0] = 1e-6, 1
    steady = cohort_events(pvalue, direction, np.where(np.arange(SERIES) < 100, 0, 1))
    assert (0, 110) in set(zip(steady.group.tolist(), steady.day.tolist(), strict=True))
    for day in range(0, 110, 10):
        pvalue[:30, day, 0], direction[:30, day, 0] = 1e-6, 1
    wild = cohort_events(pvalue, direction, np.where(np.arange(SERIES) < 100, 0, 1))
    assert (0, 110) not in set(zip(wild.group.tolist(), wild.day.tolist(), strict=True))


def test_later_days_change_no_earlier_event() -> None:
    pvalue, direction = clean(6, days=60)
    for day in (10, 30, 50):
        pvalue[GROUP == 1, day] = 1e-4
        direction[GROUP == 1, day] = 1
    whole = cohort_events(pvalue, direction, GROUP)
    early = cohort_events(pvalue[:, :40], direction[:, :40], GROUP)
    count = len(early)
    assert count == 6
    assert whole.incident.max() == 2
    for name, values in vars(early).items():
        np.testing.assert_array_equal(vars(whole)[name][:count], values)


def test_an_account_odd_even_among_the_odd_survives() -> None:
    pvalue, direction = clean(7)
    pvalue[:, 20, 0] = stats.norm.sf(np.random.default_rng(0).normal(4.0, 0.7, SERIES))
    direction[:, 20, 0] = 1
    pvalue[17, 20, 0] = 1e-40
    lifted = beside_peers(pvalue, direction, FIRM, cohort_events(pvalue, direction, FIRM))
    rest = np.delete(lifted[:, 20, 0], 17)
    assert lifted[17, 20, 0] < 1e-6 < 1e-4 < rest.min()
    assert stats.kstest(rest, "uniform").pvalue > 0.001
    np.testing.assert_array_equal(np.delete(lifted, 20, axis=1), np.delete(pvalue, 20, axis=1))


def test_accounts_on_the_other_side_or_in_no_group_are_left_alone() -> None:
    pvalue, direction = clean(8)
    pvalue[:, 20, 0], direction[:, 20, 0] = 1e-6, 1
    direction[3, 20, 0] = -1
    group = FIRM.copy()
    group[5] = -1
    events = cohort_events(pvalue, direction, group)
    assert events.accounts.tolist() == [SERIES - 1]
    lifted = beside_peers(pvalue, direction, group, events)
    assert lifted[3, 20, 0] == lifted[5, 20, 0] == 1e-6
    assert lifted[4, 20, 0] == 1.0


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), series=st.integers(1, 60), missing=st.floats(0, 0.5))
def test_lifting_never_lowers_and_the_order_of_accounts_does_not_matter(
    seed: int, series: int, missing: float
) -> None:
    rng = np.random.default_rng(seed)
    pvalue = rng.random((series, 5, 2)) ** rng.choice([1, 6], (1, 5, 2))
    pvalue[rng.random(pvalue.shape) < missing] = np.nan
    direction = rng.integers(-1, 2, pvalue.shape).astype(np.int8)
    group = rng.integers(-1, 2, series)
    events = cohort_events(pvalue, direction, group)
    lifted = beside_peers(pvalue, direction, group, events)
    known = np.isfinite(pvalue)
    np.testing.assert_array_equal(np.isfinite(lifted), known)
    assert (lifted[known] >= pvalue[known]).all()
    order = rng.permutation(series)
    other = cohort_events(pvalue[order], direction[order], group[order])
    for name, values in vars(events).items():
        np.testing.assert_array_equal(vars(other)[name], values)
    np.testing.assert_array_equal(
        beside_peers(pvalue[order], direction[order], group[order], other), lifted[order]
    )


def test_nothing_judged_is_no_event() -> None:
    nothing = np.full((6, 3, 2), np.nan)
    assert len(cohort_events(nothing, np.zeros(nothing.shape, int), np.zeros(6, int))) == 0
    assert len(cohort_events(np.empty((0, 3, 2)), np.zeros((0, 3, 2), int), np.empty(0))) == 0
    assert len(cohort_events(nothing, np.zeros(nothing.shape, int), np.full(6, -1)).leads()) == 0


def test_refuses_shapes_that_do_not_agree() -> None:
    with pytest.raises(ValueError, match="series, days, metrics"):
        cohort_events(np.ones((2, 3)), np.ones((2, 3), int), np.zeros(2, int))
    with pytest.raises(ValueError, match="group"):
        cohort_events(np.ones((2, 3, 1)), np.ones((2, 3, 1), int), np.zeros(3, int))
