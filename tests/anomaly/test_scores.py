"""Scoring panels: calibration, causality, what is found and what is left alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from timeseries.anomaly import DETECTORS, Guards, Scores, control, score

SERIES, DAYS = 500, 250


def clean_panel(kind: str, seed: int = 7, shape: tuple[int, int] = (SERIES, DAYS)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if kind == "normal":
        return rng.standard_normal(shape)
    if kind == "heavy-tailed":
        return rng.standard_t(4, shape)
    active = rng.random(shape) < rng.beta(2.2, 1.2, (shape[0], 1))
    return np.where(active, rng.lognormal(0.0, 0.8, shape), 0.0)


@pytest.mark.parametrize("kind", ["normal", "heavy-tailed", "zero-inflated"])
def test_pvalues_are_uniform_on_clean_data(kind: str) -> None:
    series = 2 * SERIES
    pvalue = score(clean_panel(kind, shape=(series, DAYS))).pvalue
    known = pvalue[np.isfinite(pvalue)]
    assert known.size > 0.9 * series * (DAYS - 20)
    assert stats.kstest(known, "uniform").pvalue > 0.01
    # In the tail, where alarms are made, too small is the dangerous side.
    for level in (1e-1, 1e-2, 1e-3):
        assert 0.7 * level < (known < level).mean() < 1.25 * level


@pytest.mark.parametrize("series", [60, 150])
def test_pvalues_of_a_small_clean_cohort_are_uniform(series: int) -> None:
    pvalue = score(clean_panel("heavy-tailed", shape=(series, DAYS))).pvalue
    assert stats.kstest(pvalue[np.isfinite(pvalue)], "uniform").pvalue > 0.01


@pytest.mark.parametrize("kind", ["normal", "heavy-tailed", "zero-inflated"])
def test_clean_fleet_has_a_false_discovery_on_few_days(kind: str) -> None:
    found = control(score(clean_panel(kind)).pvalue, fdr=0.05).found
    assert found.any(axis=0).mean() < 0.1


def test_metric_pvalues_and_their_join_are_uniform_although_metrics_depend() -> None:
    profit = clean_panel("heavy-tailed")
    values = np.stack(
        [profit, profit + 0.3 * clean_panel("normal", 3), clean_panel("zero-inflated")], axis=-1
    )
    scores = score(values)
    for pvalue in (scores.pvalue, *np.moveaxis(scores.metric_pvalue, -1, 0)):
        known = pvalue[np.isfinite(pvalue)]
        assert stats.kstest(known, "uniform").statistic < 0.02


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 1000),
    cut=st.integers(1, 59),
    metrics=st.integers(1, 2),
    missing=st.floats(0.0, 0.6),
    idle=st.floats(0.0, 0.6),
)
def test_the_future_does_not_change_the_past(
    seed: int, cut: int, metrics: int, missing: float, idle: float
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.standard_t(3, (6, 60, metrics))
    values[rng.random(values.shape) < idle] = 0.0
    values[rng.random(values.shape) < missing] = np.nan
    changed = values.copy()
    changed[:, cut:] = rng.normal(1000.0, 1000.0, changed[:, cut:].shape)
    calendar = np.arange(60) % 5
    for whole, other in (
        (score(values, calendar=calendar), score(changed, calendar=calendar)),
        (score(values, calendar=calendar), score(values[:, :cut], calendar=calendar[:cut])),
    ):
        _assert_same(whole, other, cut)


def _assert_same(one: Scores, other: Scores, days: int) -> None:
    for field in ("pvalue", "expected", "spread", "direction", "detector", "metric", "metric_pvalue"):
        np.testing.assert_array_equal(getattr(one, field)[:, :days], getattr(other, field)[:, :days])


def test_a_flagged_day_is_not_learned() -> None:
    values = clean_panel("normal", shape=(100, 120))
    spiked, absent = values.copy(), values.copy()
    spiked[5, 60] = 1e6
    absent[5, 60] = np.nan
    with_spike, without = score(spiked), score(absent)
    assert with_spike.pvalue[5, 60] < 1e-4
    np.testing.assert_array_equal(with_spike.expected[5, 61:], without.expected[5, 61:])
    np.testing.assert_array_equal(with_spike.spread[5, 61:], without.spread[5, 61:])


def test_a_lasting_change_becomes_the_new_normal() -> None:
    values = clean_panel("normal", shape=(100, 250))
    values[5, 100:] += 20.0
    scores = score(values)
    assert (scores.pvalue[5, 100:115] < 1e-3).all()
    assert scores.expected[5, -1, 0] == pytest.approx(20.0, abs=1.0)


@pytest.mark.parametrize(("size", "direction"), [(9.0, 1), (-9.0, -1)])
def test_a_spike_is_found_with_its_direction_and_metric(size: float, direction: int) -> None:
    values = np.stack([clean_panel("normal", seed, (200, 150)) for seed in range(3)], axis=-1)
    values[3, 120, 1] += size
    scores = score(values)
    assert scores.pvalue[3, 120] < 1e-5
    assert control(scores.pvalue, budget=1).found[3, 120]
    assert scores.direction[3, 120] == direction
    assert scores.metric[3, 120] == 1
    assert scores.detectors[scores.detector[3, 120]] == "residual"
    assert scores.pvalue[3, 121] > 1e-3


def test_a_small_level_shift_is_found_within_days_by_the_level_detector() -> None:
    values = clean_panel("normal", shape=(200, 180))
    values[7, 120:] += 2.0
    scores = score(values)
    day = int(np.flatnonzero(scores.pvalue[7, 120:140] < 1e-3)[0])
    assert day < 12
    loudest = scores.pvalue[7, 120:140].argmin() + 120
    assert scores.detectors[scores.detector[7, loudest]] == "level_shift"
    assert scores.direction[7, loudest] == 1


@pytest.mark.parametrize("dead", [0.0, np.nan])
def test_a_dead_feed_is_found_whether_it_sends_zeros_or_nothing(dead: float) -> None:
    rng = np.random.default_rng(2)
    values = np.where(rng.random((300, 180)) < 0.75, rng.poisson(4.0, (300, 180)) + 1.0, 0.0)
    values[11, 150:] = dead
    scores = score(values)
    silent = np.flatnonzero(scores.pvalue[11, 150:] < 1e-3)
    assert silent[0] < 9
    assert scores.detectors[scores.detector[11, 165]] == "silence"
    assert scores.direction[11, 165] == -1


def test_a_closed_account_is_news_for_a_while_and_wakes_with_its_old_habits() -> None:
    rng = np.random.default_rng(6)
    values = np.where(rng.random((200, 220)) < 0.8, rng.normal(50.0, 5.0, (200, 220)), 0.0)
    values[:3, 100:200] = np.nan
    pvalue = score(values).pvalue
    assert (pvalue[:3, 110:128].min(axis=1) < 1e-2).all()
    assert np.isnan(pvalue[:3, 135:200]).all()
    known = pvalue[3:, 100:]
    assert np.nanmean(known < 1e-2) < 1.5e-2
    assert np.nanmean(pvalue[:3, 200:] < 1e-2) < 5e-2


def test_a_known_weekday_pattern_is_no_anomaly_and_its_absence_is() -> None:
    values = clean_panel("normal", shape=(200, 250))
    calendar = np.arange(250) % 5
    values[:, calendar == 4] += 8.0
    values[9, 249] -= 8.0
    aware, unaware = score(values, calendar=calendar), score(values)
    assert aware.expected[:, 249, 0].mean() == pytest.approx(8.0, abs=0.8)
    assert aware.pvalue[9, 249] < 1e-4 < unaware.pvalue[9, 249]


def test_a_cohort_is_judged_by_its_own_tails() -> None:
    calm, cohort, level = clean_panel("normal", shape=(200, 200)), np.repeat(["calm", "wild"], 200), 1e-3
    apart, mixed = [], []
    for seed in (4, 5, 6):
        together = np.concatenate([calm, stats.t(2).rvs((200, 200), random_state=seed)])
        for shares, labels in ((apart, cohort), (mixed, None)):
            shares.append(np.nanmean(score(together, cohort=labels).pvalue[200:, 60:] < level))
    assert np.mean(apart) < 1.5 * level < np.mean(mixed)


def test_anomalies_in_the_past_do_not_hide_their_like() -> None:
    values, rng = clean_panel("heavy-tailed"), np.random.default_rng(8)
    gross = (rng.random(values.shape) < 0.002) & (np.arange(DAYS) >= 60)
    values[gross] = rng.choice([-1.0, 1.0], gross.sum()) * np.exp(
        rng.uniform(*np.log([30, 300]), gross.sum())
    )
    pvalue = score(values).pvalue
    assert np.median(pvalue[gross]) < 1e-6
    assert pvalue[gross].max() < 1e-3
    assert np.nanmean(pvalue[:, 60:][~gross[:, 60:]] < 1e-3) < 1e-3


def test_accounts_that_gave_up_do_not_hide_a_dead_feed() -> None:
    rng = np.random.default_rng(2)
    values = np.where(rng.random((600, 160)) < 0.85, rng.poisson(6.0, (600, 160)) + 1.0, 0.0)
    for row, day in enumerate(rng.integers(25, 60, 6)):
        values[row, day:] = 0.0
    values[500, 140:] = 0.0
    assert score(values, missing_is_idle=False).pvalue[500, 145] < 1e-3


def test_a_jump_of_a_wandering_series_is_found() -> None:
    values = np.random.default_rng(9).normal(size=(40, 400)).cumsum(axis=1)
    values[:10, 300] += 8.0
    pvalue = score(values).pvalue
    assert (pvalue[:10, 300] < 1e-3).mean() > 0.5
    assert np.nanmean(pvalue[10:, 100:] < 1e-3) < 3e-3


@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (0, 30), (4, 0), (1, 400)])
@pytest.mark.parametrize("value", [0.0, 5.0, np.nan])
def test_constant_empty_and_tiny_panels_raise_no_alarm(shape: tuple[int, int], value: float) -> None:
    scores = score(np.full(shape, value))
    assert scores.pvalue.shape == shape
    assert not (scores.pvalue < 0.01).any()
    known = np.isfinite(scores.pvalue)
    if value == 5.0:
        assert known[:, 20:].all()
        assert (scores.expected[:, 20:] == 5.0).all()
    assert not known[:, :20].any()
    assert (scores.detector[~known] == -1).all()
    assert (scores.direction[~known] == 0).all()


def test_a_cold_series_is_silent_until_it_has_twenty_observations() -> None:
    values = clean_panel("normal", shape=(50, 120))
    values[4, :70] = np.nan
    pvalue = score(values).pvalue
    assert np.isnan(pvalue[4, :90]).all()
    assert np.isfinite(pvalue[4, 90:]).all()


def test_large_money_and_small_ratios_score_alike() -> None:
    values = clean_panel("normal", shape=(80, 100))
    small, large = score(values * 2.0**-20), score(values * 2.0**30)
    np.testing.assert_allclose(small.pvalue, large.pvalue, rtol=1e-9)


def test_last_agrees_with_the_full_run() -> None:
    values = clean_panel("zero-inflated", shape=(300, 250))
    values[8, 248] = 500.0
    full, nightly = score(values).pvalue, score(values, last=3).pvalue
    assert np.isnan(nightly[:, :-3]).all()
    assert nightly[8, 248] < 1e-5
    gap = np.abs(np.log(full[:, -3:] / nightly[:, -3:]))
    assert np.nanmedian(gap) < 0.2
    assert np.nanquantile(gap, 0.95) < 1.0


def test_last_is_the_full_run_when_all_days_are_asked_for() -> None:
    values = clean_panel("heavy-tailed", shape=(20, 60))
    _assert_same(score(values), score(values, last=60), 60)


def test_the_seed_decides_no_alarm() -> None:
    values = clean_panel("normal", shape=(300, 150))
    values[::10, 149] += 7.0
    one, other = score(values, seed=1).pvalue, score(values, seed=2).pvalue
    np.testing.assert_array_equal(one, score(values, seed=1).pvalue)
    small = one < 1e-3
    assert small.sum() > 30
    assert np.abs(np.log(one / other))[small].max() < 0.3


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (np.zeros(5), {}, "series, days"),
        (np.zeros((2, 3, 0)), {}, "series, days"),
        (np.full((2, 3), np.inf), {}, "finite"),
        (np.zeros((2, 3)), {"detectors": ["nonsense"]}, "residual"),
        (np.zeros((2, 3)), {"detectors": []}, "residual"),
        (np.zeros((2, 3)), {"calendar": [0, 1]}, "3 weekdays"),
        (np.zeros((2, 3)), {"calendar": [0, 1, 7]}, "0 to 6"),
        (np.zeros((2, 3)), {"cohort": ["a"]}, "2 labels"),
        (np.zeros((2, 3)), {"last": 0}, "at least 1"),
    ],
)
def test_unusable_arguments_are_refused(values: np.ndarray, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        score(values, **options)


def test_every_detector_alone_gives_a_result_of_the_same_form() -> None:
    values = clean_panel("zero-inflated", shape=(30, 80))
    for name in DETECTORS:
        assert score(values, detectors=[name]).detectors == (name,)


def test_guards_hide_small_and_harmless_deviations_and_change_nothing_else() -> None:
    values = clean_panel("normal", shape=(200, 150)) + 10.0
    values[3, 120] += 9.0
    values[4, 120] -= 9.0
    values[5, 120] += 30.0
    plain = score(values)
    assert (plain.pvalue[3:6, 120] < 1e-4).all()
    upward = score(values, guards=Guards(direction=[1]))
    assert upward.pvalue[3, 120] < 1e-4
    assert upward.pvalue[4, 120] > 1e-3
    for guards in (Guards(minimum=[15.0]), Guards(minimum_share=[1.5])):
        guarded = score(values, guards=guards)
        assert (guarded.pvalue[3:5, 120] > 0.01).all()
        assert guarded.pvalue[5, 120] < 1e-4
        np.testing.assert_array_equal(guarded.expected, plain.expected)


@pytest.mark.parametrize(
    "guards",
    [Guards(direction=[1, 1]), Guards(direction=[2]), Guards(minimum=[-1.0]), Guards(minimum_share=[np.nan])],
)
def test_guards_that_are_no_limits_are_refused(guards: Guards) -> None:
    with pytest.raises(ValueError, match="guards"):
        score(np.zeros((2, 30)), guards=guards)


def test_holidays_are_neither_judged_nor_learned() -> None:
    values = clean_panel("normal", shape=(50, 120))
    holidays = np.isin(np.arange(120), [60, 90])
    closed = values.copy()
    closed[:, holidays] = 1e5
    one, other = score(values, holidays=holidays), score(closed, holidays=holidays)
    _assert_same(one, other, 120)
    assert np.isnan(one.pvalue[:, holidays]).all()
    assert np.isfinite(one.pvalue[:, 61]).all()


def test_an_accepted_level_is_learned_sooner_and_clears_the_change() -> None:
    values = clean_panel("normal", shape=(100, 150))
    values[5, 100:] += 6.0
    accepted = np.zeros(values.shape, dtype=bool)
    accepted[5, 103:115] = True
    plain, told = score(values), score(values, accepted=accepted)
    assert told.expected[5, 114, 0] > plain.expected[5, 114, 0]
    assert told.pvalue[5, 105:115].min() > plain.pvalue[5, 105:115].min()
    np.testing.assert_array_equal(plain.expected[6], told.expected[6])


def test_since_is_the_day_on_which_it_began() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(100.0, 10.0, (200, 160))
    values[1, 120:] = np.nan
    values[2, 120:] = values[2, 120]
    values[3, 120] += 100.0
    values[4, 120:] += 20.0
    scores = score(values)
    assert scores.since[1, 125] == scores.since[2, 125] == scores.since[3, 120] == 120
    assert abs(scores.since[4, 130] - 120) <= 8
    assert [scores.detectors[scores.detector[row, 125]] for row in (1, 2)] == ["silence", "flat_line"]


def test_an_outage_of_the_whole_fleet_is_odd_for_everyone() -> None:
    values = np.random.default_rng(3).normal(100.0, 10.0, (300, 130))
    values[:, 120] = 0.0
    scores = score(values)
    assert (scores.pvalue[:, 120] < 1e-3).all()
    assert np.median(scores.pvalue[:, 125]) > 0.1


def test_an_unusual_mixture_of_usual_metrics_is_isolated() -> None:
    rng = np.random.default_rng(4)
    first = rng.normal(size=(300, 150))
    values = np.stack([first, first + 0.1 * rng.normal(size=first.shape)], axis=-1)
    values[7, 140] = [2.3, -2.3]
    alone = score(values, detectors=["isolation"])
    assert alone.pvalue[7, 140] < 0.05


def test_a_lone_series_of_many_points_is_ranked_sensibly() -> None:
    values = np.random.default_rng(5).normal(size=(1, 1500))
    values[0, 1200] += 9.0
    assert score(values).pvalue[0, 1100:].argmin() == 100


def test_the_new_day_of_a_large_fleet_is_calibrated() -> None:
    values = clean_panel("heavy-tailed", shape=(11_000, 120))[:, :, None].repeat(2, axis=2)
    values[:, :, 1] = values[::-1, :, 1]
    values[5, -1, 0] += 30.0
    pvalue = score(values, last=1).pvalue[:, -1]
    assert pvalue[5] < 1e-4
    assert stats.kstest(pvalue, "uniform").statistic < 0.02
