"""The public forecast: arguments, levels, cohorts, idle days, paths."""

import numpy as np
import pytest

from timeseries.forecast import MODELS, forecast

LAST = 4


def noise(series, days, size=1.0, seed=0):
    return np.random.default_rng(seed).standard_t(5, (series, days)) * size


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"horizon": 0}, "horizon"),
        ({"quantiles": (0.1, 1.0)}, "quantiles"),
        ({"quantiles": ()}, "quantiles"),
        ({"kind": "stock"}, "kind"),
        ({"model": "prophet"}, "ewma_fhs"),
        ({"paths": -1}, "paths"),
        ({"cohort": ["a"]}, "cohort"),
        ({"calendar": ["2024-01-01"]}, "calendar"),
        ({"values": np.zeros(5)}, "values"),
        ({"values": np.full((2, 5), np.inf)}, "values"),
    ],
)
def test_wrong_arguments_are_refused_by_name(arguments, word):
    with pytest.raises(ValueError, match=word):
        forecast(**({"values": noise(2, 30), "horizon": 3} | arguments))


def test_quantiles_come_in_the_order_asked():
    up = forecast(noise(2, 100), 3, quantiles=(0.1, 0.9))
    down = forecast(noise(2, 100), 3, quantiles=(0.9, 0.1))
    np.testing.assert_array_equal(up.quantiles, down.quantiles[:, :, ::-1])


def test_a_level_starts_from_its_last_known_value_and_widens():
    levels = 1000 + noise(3, 200).cumsum(axis=1)
    levels[1, -5:] = np.nan
    answer = forecast(levels, 10, kind="level", paths=400)
    last = np.array([levels[0, -1], levels[1, -6], levels[2, -1]])
    np.testing.assert_allclose(answer.quantiles, last[:, None, None] + answer.total_quantiles)
    width = answer.quantiles[:, :, 3] - answer.quantiles[:, :, 1]
    assert (np.diff(width, axis=1) > 0).all()
    np.testing.assert_allclose(width[:, 9] / width[:, 0], np.sqrt(10), rtol=0.25)
    assert (np.abs(answer.paths[:, :, 0] - last[:, None]) < 15).all()


def test_a_gap_in_a_level_is_not_read_as_one_wild_day():
    levels = 1000 + noise(1, 300, seed=2).cumsum(axis=1)
    gapped = levels.copy()
    gapped[0, 200:230] = np.nan
    whole, holed = (forecast(x, 1, kind="level").total_quantiles[0, 0] for x in (levels, gapped))
    np.testing.assert_allclose(holed, whole, rtol=0.2, atol=0.05)


def test_a_level_known_every_tenth_day_has_the_daily_moves_it_hides():
    levels = 1000 + noise(20, 1500, seed=2).cumsum(axis=1)
    sampled = np.where(np.arange(1500) % 10 == 9, levels, np.nan)
    widths = [
        np.ptp(forecast(x, 1, kind="level", model="har_fhs").quantiles[:, 0, [1, 3]], axis=1)
        for x in (levels, sampled)
    ]
    assert 0.8 < np.median(widths[1] / widths[0]) < 1.35


def test_a_level_never_seen_starts_at_the_mean_level_of_its_cohort():
    levels = np.repeat([[10.0], [20.0], [900.0]], 60, axis=1) + noise(3, 60, 0.1)
    unseen = np.full((2, 60), np.nan)
    answer = forecast(np.concatenate([levels, unseen]), 1, kind="level", cohort=["a", "a", "b", "a", "c"])
    assert answer.mean[3, 0] == pytest.approx(15, abs=0.5)
    assert answer.mean[4, 0] == pytest.approx(310, abs=1)


@pytest.mark.parametrize("model", MODELS)
def test_a_series_without_history_takes_the_size_of_its_cohort(model):
    each = 6 if model in ("ets", "sarimax") else 20  # these two are fitted one series at a time
    values = np.concatenate([noise(each, 150, 10.0), noise(each, 150, 1000.0), np.full((2, 150), np.nan)])
    cohort = ["small"] * each + ["large"] * each + ["small", "large"]
    answer = forecast(values, 1, model=model, cohort=cohort)
    width = answer.quantiles[:, 0, 3] - answer.quantiles[:, 0, 1]
    assert 0.7 < width[-2] / np.median(width[:each]) < 1.5
    assert 0.7 < width[-1] / np.median(width[each:-2]) < 1.5


def test_a_constant_account_among_noisy_ones_stays_constant():
    values = np.concatenate([noise(20, 60), np.full((1, 60), 2.5)])
    always = forecast(values, 3, model="ewma_fhs").quantiles[20, :, 1:4]
    np.testing.assert_allclose(always, 2.5)


@pytest.mark.parametrize("days", [0, 1, 3, 5, 20])
def test_short_histories_of_a_cohort_are_covered(days):
    rng = np.random.default_rng(days)
    size = np.exp(rng.normal(3, 0.5, (600, 1)))
    values = rng.standard_t(4, (600, 160)) * size * (rng.random((600, 160)) < 0.7)
    past, coming = values[:, :150].copy(), values[:, 150:]
    past[300:, : 150 - days] = np.nan
    quantiles = forecast(past, 10, model="ewma_fhs").quantiles[300:]
    assert 0.77 < ((coming[300:] >= quantiles[:, :, 1]) & (coming[300:] <= quantiles[:, :, 3])).mean() < 0.83
    assert 0.91 < ((coming[300:] >= quantiles[:, :, 0]) & (coming[300:] <= quantiles[:, :, 4])).mean() < 0.975


def test_resting_does_not_make_volatility_vanish():
    values = noise(10, 300, 50.0)
    rested = values.copy()
    rested[:, -40:] = 0.0
    answer = forecast(rested, 30, model="ewma_fhs", paths=2000)
    size = np.abs(answer.paths[answer.paths != 0]).mean()
    assert 0.75 < size / np.abs(values).mean() < 1.3


def test_a_resting_account_is_less_likely_to_trade_than_a_busy_one():
    rng = np.random.default_rng(5)
    on = np.zeros((40, 400), dtype=bool)
    for day in range(1, 400):
        stay = rng.random(40)
        on[:, day] = np.where(on[:, day - 1], stay < 0.9, stay < 0.05)
    on[0, -15:], on[1, -15:] = True, False
    answer = forecast(noise(40, 400) * on, 1, model="ewma_fhs", paths=1000)
    busy, resting = (answer.paths[row] != 0 for row in (0, 1))
    assert busy.mean() > 0.8
    assert resting.mean() < 0.2


def test_paths_of_resting_accounts_rest_on():
    rng = np.random.default_rng(6)
    on = np.zeros((40, 400), dtype=bool)
    for day in range(1, 400):
        chance = rng.random(40)
        on[:, day] = np.where(on[:, day - 1], chance < 0.9, chance < 0.05)
    moved = forecast(noise(40, 400) * on, 20, model="ewma_fhs", paths=300).paths != 0
    assert moved[:, :, 1:][moved[:, :, :-1]].mean() > 0.8
    assert moved[:, :, 1:][~moved[:, :, :-1]].mean() < 0.15


def test_paths_are_independent_across_blocks_of_series():
    answer = forecast(noise(1000, 30), 1, model="ewma_fhs", paths=4000)
    assert abs(np.corrcoef(answer.paths[0, :, 0], answer.paths[500, :, 0])[0, 1]) < 0.06


def test_weekends_stay_idle_when_the_calendar_is_known():
    days = np.arange("2024-01-01", "2024-07-01", dtype="datetime64[D]")
    values = noise(30, len(days)) * np.is_busday(days)
    answer = forecast(values, 14, calendar=days, model="ewma_fhs", paths=200)
    coming = days[-1] + np.arange(1, 15)
    share = (answer.paths != 0).mean(axis=(0, 1))
    assert share[~np.is_busday(coming)].max() < 0.05
    assert share[np.is_busday(coming)].min() > 0.9


def test_a_calendar_of_working_days_goes_on_with_working_days():
    days = np.arange("2024-01-01", "2024-07-01", dtype="datetime64[D]")
    days = days[np.is_busday(days)]
    values = noise(30, len(days)) * (days.astype(int) % 7 != 1)
    coming = np.busday_offset(days[-1], np.arange(1, 11))
    fridays = coming.astype(int) % 7 == 1
    guessed = forecast(values, 10, calendar=days, model="ewma_fhs", paths=200)
    told = forecast(values, 10, calendar=np.concatenate([days, coming]), model="ewma_fhs", paths=200)
    np.testing.assert_array_equal(guessed.paths, told.paths)
    assert (guessed.paths != 0).mean(axis=(0, 1))[fridays].max() < 0.05


def test_paths_follow_the_quantiles_and_are_independent_between_series():
    answer = forecast(noise(4, 250), 10, paths=20_000)
    np.testing.assert_allclose(
        np.quantile(answer.paths[:, :, 0], [0.1, 0.9], axis=1).T, answer.quantiles[:, 0, [1, 3]], rtol=0.06
    )
    totals = answer.paths.sum(axis=2)
    np.testing.assert_allclose(
        np.quantile(totals, [0.1, 0.9], axis=1).T, answer.total_quantiles[:, -1, [1, 3]], rtol=0.08
    )
    assert np.abs(np.corrcoef(totals) - np.eye(4)).max() < 0.03
    assert forecast(noise(4, 250), 10).paths is None


def test_recent_turbulence_widens_and_calms_down_with_the_horizon():
    values = noise(1, 300)
    values[0, -15:] *= 3
    width = np.ptp(forecast(values, 60, model="ewma_fhs").quantiles[0, :, [1, 3]], axis=0)
    calm = np.ptp(forecast(noise(1, 300), 1, model="ewma_fhs").quantiles[0, 0, [1, 3]])
    assert width[0] > 1.4 * calm
    assert width[-1] < 0.85 * width[0]


def test_an_insignificant_mean_hardly_counts_and_a_strong_one_does():
    values = noise(1, 250)
    values -= values.mean()
    assert forecast(values + 0.02, 1, model="ewma_fhs").mean[0, 0] < 0.005
    assert forecast(values + 1.0, 1, model="ewma_fhs").mean[0, 0] == pytest.approx(1.0, abs=0.2)


def test_skill_is_positive_for_sparse_accounts_zero_for_naive_and_unknown_for_short_ones():
    rng = np.random.default_rng(8)
    values = noise(100, 200) * (rng.random((100, 200)) < 0.4)
    values[:10, :175] = np.nan
    answer = forecast(values, 1)
    assert np.isnan(answer.skill[:10]).all()
    assert 0.02 < np.mean(answer.skill[10:]) < 0.4
    assert (forecast(values, 1, model="naive").skill[10:] == 0).all()


def test_skill_is_earned_with_what_was_known_at_each_origin():
    values = noise(40, 240, 10.0)
    long_calm, just_calm = values.copy(), values.copy()
    long_calm[:, -50:] /= 10
    just_calm[:, -10:] /= 10
    learnt, surprised = (np.mean(forecast(x, 1, model="ewma_fhs").skill) for x in (long_calm, just_calm))
    assert learnt > 0.5
    assert surprised < 0.05


def test_auto_leaves_its_favourite_when_another_model_is_clearly_better():
    # Spells taught that sizes persist; then wild days come at random.
    rng = np.random.default_rng(0)
    values = rng.standard_normal((100, 240))
    spells = np.repeat(np.where(np.arange(240) // 20 % 2, 8.0, 1.0)[None], 100, axis=0)
    spells[:, 180:] = np.where(rng.random((100, 60)) < 0.3, 8.0, 1.0)
    assert "har_fhs" not in forecast(values * spells, 1).model
    assert set(forecast(values, 1).model) == {"har_fhs"}


def test_no_model_has_much_skill_where_naive_is_right():
    values = np.random.default_rng(1).normal(0, 50, (300, 240))
    for model in ("empirical", "ewma_fhs", "har_fhs"):
        assert abs(np.mean(forecast(values, 1, model=model).skill)) < 0.015


def test_smoothing_a_random_walk_is_nearly_naive():
    levels = np.cumsum(np.random.default_rng(2).normal(0, 1, (60, 200)), axis=1) + 500
    for model in ("ses", "damped", "theta", "combined"):
        assert abs(np.mean(forecast(levels, 5, kind="level", model=model).skill)) < 0.06
