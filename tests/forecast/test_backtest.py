"""Backtests: what they measure is right, and no forecast sees the days it is scored on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeseries.forecast import Rules, forecast, pinball
from timeseries.forecast.backtest import LEVELS, backtest, realised_outcomes
from timeseries.forecast.backtest._histograms import pit_counts
from timeseries.forecast.backtest._ratio import ratio_of
from timeseries.forecast.backtest._reliability import RiskCases, base_rates, risk_scores

NAN = np.nan


def panel(series=6, days=60, seed=0):
    """Accounts of different size, some that rest, some that begin late or end early."""
    rng = np.random.default_rng(seed)
    size = np.exp(rng.normal(0, 2, (series, 1)))
    values = rng.standard_t(4, (series, days)) * size * (rng.random((series, days)) < 0.7)
    values[0, :20], values[1, -3:] = NAN, NAN
    return values


def only(proof, model, by="model", group=""):
    [found] = [one for one in proof.scores(by) if (one.model, one.group) == (model, group)]
    return found


# ---- known answers


def test_on_plain_noise_naive_is_calibrated_and_hard_to_beat():
    values = np.random.default_rng(5).normal(10, 50, (100, 160))
    proof = backtest(values, horizon=10, origins=range(100, 151, 10))
    auto, naive = only(proof, "auto"), only(proof, "naive")
    for one in (auto, naive):
        assert one.coverage_80 == pytest.approx(0.80, abs=0.01)
        assert one.coverage_95 == pytest.approx(0.95, abs=0.01)
    assert naive.crps_days.value == 1.0
    assert auto.crps_first.value == pytest.approx(1, abs=0.01)
    assert not auto.crps_first.clear
    bins = proof.histograms.pit[proof.models.index("naive")]
    np.testing.assert_allclose(bins / bins.mean(), 1, atol=0.15)


def test_a_model_that_is_too_narrow_is_found_out():
    rng = np.random.default_rng(2)
    # The last days move four times as much as any before: nobody can know.
    values = rng.normal(size=(80, 120)) * np.where(np.arange(120) < 100, 1, 4)
    one = only(backtest(values, horizon=10, origins=(100, 110)), "naive")
    assert one.coverage_80 < 0.5
    assert one.mase > 2


@pytest.mark.parametrize("kind", ["flow", "level"])
def test_scores_equal_those_of_a_plain_loop(kind):
    values = panel() if kind == "flow" else 100 + np.cumsum(np.nan_to_num(panel()), axis=1)
    origins, horizon = (40, 50), 5
    proof = backtest(values, horizon=horizon, origins=origins, models=("ses", "naive"), kind=kind)
    for place, model in enumerate(proof.models):
        for row, origin in enumerate(origins):
            past, coming = values[:, :origin], values[:, origin : origin + horizon]
            found = forecast(past, horizon, quantiles=LEVELS, kind=kind, model=model)
            for i in range(len(values)):
                own = past[i][np.isfinite(past[i])]
                naive_error = (
                    np.abs(np.diff(own)).mean() if kind == "level" else np.abs(own - own.mean()).mean()
                )
                errors, crps = [], []
                for day in np.flatnonzero(np.isfinite(coming[i])):
                    errors.append(abs(found.mean[i, day] - coming[i, day]))
                    losses = [
                        pinball(found.quantiles[i, day, [k]], LEVELS[[k]], coming[i, day])[0]
                        for k in range(len(LEVELS))
                    ]
                    crps.append(2 * np.average(losses, weights=[1.5, *[1] * (len(LEVELS) - 2), 1.5]))
                cells = proof.cells
                np.testing.assert_allclose(cells.mase[row, place, i], np.mean(errors) / naive_error)
                np.testing.assert_allclose(cells.scaled_loss[row, place, i], np.mean(crps) / naive_error)
                ratio = cells.crps_first[row, place, i] / cells.crps_days[row, place, i]
                np.testing.assert_allclose(ratio, crps[0] / np.mean(crps))


def test_the_total_of_a_flow_is_the_sum_of_its_known_days():
    values = np.full((1, 30), 2.0)
    values[0, ::2], values[0, -1] = -2.0, NAN
    proof = backtest(values, horizon=4, origins=(26,))
    # Known of the horizon: -2, 2, -2.
    assert proof.cells.inside_80[0, 0, 0] == 1
    told = forecast(values[:, :26], 4, quantiles=LEVELS).total_quantiles[0, -1]
    inside = told[3] <= -2 <= told[35]
    assert proof.cells.total_inside_80[0, 0, 0] == inside


def test_a_large_account_does_not_decide_alone():
    values = panel(series=30, days=80, seed=4)
    scaled = values.copy()
    scaled[7] *= 1024
    ratios = [
        only(
            backtest(one, horizon=5, origins=(60, 70), models=("ses",), cohort=np.arange(30)), "ses"
        ).crps_days
        for one in (values, scaled)
    ]
    assert ratios[0].value == pytest.approx(ratios[1].value, rel=0.05)


def test_groups_part_the_forecasts():
    values, cohort = panel(series=8), ["a", "b"] * 4
    proof = backtest(values, horizon=5, origins=(25, 40, 55), cohort=cohort)
    whole = only(proof, "auto").forecasts
    for by in ("cohort", "length"):
        assert sum(one.forecasts for one in proof.scores(by) if one.model == "auto") == whole
    # At the first origin one series has five days, the others 25; one has ended before the last one's end.
    assert only(proof, "auto", "length", "1–19 days").forecasts == 1
    assert whole == 8 * 3


def test_levels_have_an_owa_and_naive_has_one_of_one():
    values = 100 + np.cumsum(np.random.default_rng(0).normal(0.3, 1, (20, 90)), axis=1)
    proof = backtest(values, horizon=7, origins=(70, 80), models=("drift",), kind="level")
    assert only(proof, "naive").owa == pytest.approx(1)
    assert only(proof, "drift").owa < 1
    assert np.isnan(only(backtest(values, horizon=7, origins=(80,)), "naive").owa)


def test_an_idle_day_is_spread_over_the_probabilities_it_stands_for():
    # Half the forecast is a gain of one, half an idle day; the days come as told.
    quantiles = np.tile((LEVELS > 0.5).astype(float), (40, 1))
    counts = pit_counts(quantiles, np.array([0.0, 1.0] * 20))
    # Where the forecast jumps lies between two levels, so the bin there is only nearly right.
    np.testing.assert_allclose(counts, 2, atol=1)


@given(st.lists(st.one_of(st.just(NAN), st.integers(-3, 3).map(float)), max_size=20))
def test_every_day_that_came_is_counted_once(came):
    quantiles = np.tile(np.round(4 * (LEVELS - 0.5)), (len(came), 1))
    counts = pit_counts(quantiles, np.array(came))
    assert counts.sum() == pytest.approx(np.isfinite(came).sum() if came else 0)
    assert (counts >= -1e-12).all()


# ---- causality


@settings(max_examples=8, deadline=None)
@given(st.integers(10, 55), st.integers(0, 4), st.floats(-1e6, 1e6), st.integers(0, 100))
def test_no_forecast_knows_the_days_it_is_scored_on(origin, day, shock, seed):
    values = panel(seed=seed)
    changed = values.copy()
    changed[:, origin + day] += shock
    before, after = (backtest(one, horizon=5, origins=(origin,)) for one in (values, changed))
    days = [d for d in range(5) if d != day]
    for proof in (before, after):
        assert proof.days_known.tolist() == before.days_known.tolist()
    # What lies within the intervals on the other days depends on the forecast alone.
    np.testing.assert_array_equal(before.histograms.inside[..., days], after.histograms.inside[..., days])
    if day:
        np.testing.assert_array_equal(before.cells.crps_first, after.cells.crps_first)


def test_days_after_the_horizon_and_before_the_window_change_nothing():
    values = panel()
    changed = values.copy()
    changed[:, 45:] *= -3
    changed[:, :10] = 7
    first, second = (backtest(one, horizon=5, origins=(40,), window=30) for one in (values, changed))
    for name in ("crps_days", "crps_total", "mase", "inside_95"):
        np.testing.assert_array_equal(getattr(first.cells, name), getattr(second.cells, name))


def test_an_account_that_is_not_alive_teaches_but_is_not_scored():
    values = panel()
    alive = np.ones((1, len(values)), dtype=bool)
    alive[0, 3] = False
    without = backtest(values, horizon=5, origins=(40,), alive=alive)
    others = [0, 1, 2, 4, 5]
    whole = backtest(values, horizon=5, origins=(40,))
    # The unit of the losses leans on the cohort's members that are scored.
    np.testing.assert_allclose(
        without.cells.crps_days[:, :, others], whole.cells.crps_days[:, :, others], rtol=0.01
    )
    assert np.isnan(without.cells.crps_days[:, :, 3]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"origins": (0,)}, "origins lie within"),
        ({"origins": (56,)}, "1 to 55"),
        ({"origins": ()}, "origins lie within"),
        ({"origins": (30,), "models": ("best",)}, "not best"),
        ({"origins": (30,), "kind": "price"}, "kind must be"),
        ({"origins": (30,), "cohort": ["a"]}, "6 labels"),
        ({"origins": (30,), "alive": [True] * 6}, "alive must be"),
        ({"origins": (30,), "calendar": ["2026-01-01"]}, "60 days"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        backtest(panel(), horizon=5, **arguments)


# ---- noise


def test_the_standard_error_is_that_of_repeated_experiments():
    rng = np.random.default_rng(0)
    # Series share the mood of an origin, so they are no independent evidence.
    mood = rng.normal(0, 0.2, (4000, 10, 1))
    naive = rng.exponential(1, (4000, 10, 30))
    losses = naive * (1 + mood + rng.normal(0, 0.1, naive.shape))
    ratios = [ratio_of(*pair) for pair in zip(losses, naive, strict=True)]
    spread = np.std([one.value for one in ratios])
    assert np.sqrt(np.mean([one.error**2 for one in ratios])) == pytest.approx(spread, rel=0.05)
    assert np.mean([one.low <= 1 <= one.high for one in ratios]) == pytest.approx(0.95, abs=0.015)


def test_one_origin_alone_has_no_standard_error():
    one = only(backtest(panel(), horizon=5, origins=(40,)), "auto").crps_days
    assert np.isfinite(one.value)
    assert np.isnan(one.error)
    assert not one.clear


# ---- breaches


def risks(chance, came, origin=None, cohort=None):
    size = len(chance)
    places = [np.zeros(size, int) if one is None else np.array(one) for one in (origin, cohort)]
    return RiskCases(*places, np.array(chance, float), np.array(came, float))


def scored(cases, base):
    return risk_scores(("m", "", "r"), cases, np.asarray(base, float), np.ones(len(cases.came), bool))


def test_a_perfect_prophet_has_all_skill_and_the_base_rate_none():
    cases = risks([1, 0, 0, 1], [1, 0, 0, 1])
    assert scored(cases, [0.5] * 4).brier_skill == 1
    assert scored(risks([0.5] * 4, [1, 0, 0, 1]), [0.5] * 4).brier_skill == 0


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80))
def test_the_reliability_bins_hold_every_case_once(pairs):
    chance, came = zip(*pairs, strict=True)
    one = scored(risks(chance, came), [0.3] * len(pairs))
    counts = [part.count for part in one.bins]
    assert sum(counts) == len(pairs)
    assert np.dot([part.predicted for part in one.bins], counts) == pytest.approx(sum(chance))
    assert np.dot([part.realised for part in one.bins], counts) == pytest.approx(sum(came))
    assert all(part.low - 1e-12 <= part.predicted <= part.high + 1e-12 for part in one.bins)
    assert one.mean_gap >= abs(one.predicted - one.realised) - 1e-9


def test_chances_drawn_as_told_are_reliable_and_half_of_them_are_not():
    rng = np.random.default_rng(0)
    chance = rng.beta(0.5, 3, 20_000)
    came = rng.random(20_000) < chance
    assert scored(risks(chance, came), [came.mean()] * 20_000).largest_gap < 0.03
    assert scored(risks(chance / 2, came), [came.mean()] * 20_000).largest_gap > 0.2


def test_base_rates_know_only_outcomes_that_were_over():
    origin = [10] * 40 + [12] * 40 + [15] * 40
    came = [1] * 40 + [0] * 40 + [0] * 40
    rates = base_rates(risks([0] * 120, came, origin), 5)
    # At 15 only the forty of 10 are over; at 10 and 12 none are, and the whole stands in.
    assert rates[-1] == 1
    assert rates[0] == rates[40] == pytest.approx(1 / 3)


def test_a_cohorts_own_outcomes_weigh_more_the_more_there_are():
    came, cohort = [1] * 20 + [0] * 20, [0] * 20 + [1] * 20
    rates = base_rates(risks([0] * 40, came, [0] * 40, cohort), 5)
    assert rates[0] == pytest.approx(0.75)
    assert rates[-1] == pytest.approx(0.25)


def rules(**columns):
    plain = {
        "balance": 100.0,
        "equity": 100.0,
        "max_drawdown_floor": 90.0,
        "daily_loss_limit": 5.0,
        "profit_target": 110.0,
    }
    return Rules(**{name: np.array([value]) for name, value in {**plain, **columns}.items()})


def came(profit, broken=(), *, daily=(), **columns):
    days = np.arange(len(profit))
    marks = [np.isin(days, list(one))[None] for one in ({*broken, *daily}, daily, broken)]
    found = realised_outcomes(rules(**columns), np.array([profit], float), *marks)
    return {name: value[0] for name, value in found.items() if np.isfinite(value[0])}


def test_the_first_event_ends_the_story():
    assert came([5, 5, -20], [2])["profit_target"] == 1
    assert came([5, 5, -20], [2])["any_breach"] == 0
    assert came([5, 5, -20], [1])["profit_target"] == 0
    told = came([5, -9, 30], [2], daily=[1])
    assert (told["any_breach"], told["daily_loss"], told["max_drawdown"]) == (1, 1, 0)


def test_days_unknown_earn_nothing():
    assert came([6, NAN, 4])["profit_target"] == 1
    assert came([6, NAN, 3])["profit_target"] == 0


def test_rules_that_a_plan_lacks_or_has_passed_do_not_count():
    assert "profit_target" not in came([50], profit_target=NAN)
    assert "daily_loss" not in came([50], daily_loss_limit=NAN)
    assert came([50], balance=120.0) == {}
    assert "payout" not in came([50])


def test_an_inconsistent_account_goes_on_until_it_is_consistent():
    limited = {"consistency_limit": 0.5, "best_day": 0.0, "total_profit": 0.0}
    assert came([12, 1], **limited)["profit_target"] == 0
    assert came([12, 1], **limited)["consistency_failure"] == 1
    assert came([12, 6, 6], **limited)["profit_target"] == 1
    assert came([12, 6, 6], **limited)["consistency_failure"] == 0


def test_a_payout_is_made_of_enough_profit_at_the_end():
    paid = {"profit_target": NAN, "profit_split": 0.8, "payout_base": 100.0, "minimum_payout": 8.0}
    assert came([4, 6], **paid)["payout"] == 1
    assert came([4, 5], **paid)["payout"] == 0
    assert came([14, -5], **paid)["payout"] == 0
    assert came([4, 6], [0], **paid)["payout"] == 0
