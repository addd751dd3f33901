"""One check suite for every registered model."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from timeseries.forecast import MODELS, forecast

EVERY_MODEL = pytest.mark.parametrize("model", [*MODELS, "auto"])
# Those of statsmodels take a fraction of a second for each series, so they meet fewer of them.
ONE_BY_ONE = ("ets", "sarimax")
EVERY_QUICK_MODEL = pytest.mark.parametrize(
    "model", [*(name for name in MODELS if name not in ONE_BY_ONE), "auto"]
)
HORIZON = 5


def panel(series=12, days=120, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_t(4, (series, days)) * (rng.random((series, days)) < 0.7) * 100.0


def odd_histories():
    """Histories that have broken forecasters before, by name, all of 60 days."""
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 1, 60)
    month_missing, late = noise.copy(), np.full(60, np.nan)
    month_missing[20:50] = np.nan
    jump = noise.copy()
    jump[-1] = 1000.0
    early_jump = noise.copy()
    early_jump[5] = -1000.0
    one = late.copy()
    one[-1] = 5.0
    two_back = late.copy()
    two_back[-3] = 5.0
    twenty = late.copy()
    twenty[-20:] = noise[-20:]
    ended = noise.copy()
    ended[30:] = np.nan
    once = np.zeros(60)
    once[7] = 3.0
    return {
        "nothing": late,
        "one point": one,
        "one point, then silence": two_back,
        "twenty days": twenty,
        "all zero": np.zeros(60),
        "constant": np.full(60, 0.1),
        "month missing": month_missing,
        "ended": ended,
        "jump at the end": jump,
        "jump long ago": early_jump,
        "active once": once,
        "integer overflow": noise * 2.0**63,
        "huge": noise * 1e300,
        "tiny": noise * 1e-300,
        "largest floats": np.where(noise > 0, 1.7e308, -1.7e308),
    }


def assert_sound(answer, series, kind):
    for array in (answer.mean, answer.quantiles, answer.total_quantiles, answer.paths):
        assert np.isfinite(array).all()
    assert answer.mean.shape == (series, HORIZON)
    assert answer.quantiles.shape == answer.total_quantiles.shape == (series, HORIZON, 5)
    assert answer.paths.shape == (series, 7, HORIZON)
    assert answer.paths.dtype == np.float32
    for ordered in (answer.quantiles, answer.total_quantiles):
        assert (ordered[..., 1:] >= ordered[..., :-1]).all()
    assert answer.model.shape == answer.skill.shape == (series,)
    assert set(answer.model) <= set(MODELS)


@EVERY_MODEL
@pytest.mark.parametrize("kind", ["flow", "level"])
def test_odd_histories_give_finite_ordered_answers_alone_and_together(model, kind):
    odd = np.array(list(odd_histories().values()))
    assert_sound(forecast(odd, HORIZON, model=model, kind=kind, paths=7), len(odd), kind)
    for alone in odd if model not in ONE_BY_ONE else ():
        assert_sound(forecast(alone[None], HORIZON, model=model, kind=kind, paths=7), 1, kind)


@EVERY_MODEL
@pytest.mark.parametrize("shape", [(0, 30), (3, 0), (3, 1), (0, 0)])
def test_empty_panels(model, shape):
    answer = forecast(np.zeros(shape), HORIZON, model=model, paths=7)
    assert_sound(answer, shape[0], "flow")
    assert not answer.quantiles.any()


@EVERY_QUICK_MODEL
@settings(max_examples=25, deadline=None)
@given(
    values=hnp.arrays(
        np.float64,
        st.tuples(st.integers(0, 4), st.integers(0, 40)),
        elements=st.one_of(
            st.just(0.0), st.just(np.nan), st.floats(allow_nan=True, allow_infinity=False), st.floats(-1, 1)
        ),
    ),
    kind=st.sampled_from(["flow", "level"]),
)
def test_any_history_is_answered_soundly(model, values, kind):
    assert_sound(forecast(values, HORIZON, model=model, kind=kind, paths=7), len(values), kind)


@EVERY_QUICK_MODEL
def test_answers_scale_with_the_money(model):
    values = panel()
    once, thousandfold = forecast(values, HORIZON, model=model), forecast(values * 1024, HORIZON, model=model)
    np.testing.assert_allclose(thousandfold.quantiles, once.quantiles * 1024, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(thousandfold.skill, once.skill, atol=1e-6)


@EVERY_QUICK_MODEL
def test_order_of_series_does_not_matter(model):
    values, order = panel(), np.random.default_rng(3).permutation(12)
    straight, shuffled = forecast(values, HORIZON, model=model), forecast(values[order], HORIZON, model=model)
    np.testing.assert_allclose(
        shuffled.total_quantiles, straight.total_quantiles[order], rtol=1e-4, atol=1e-3
    )


@EVERY_QUICK_MODEL
def test_days_before_the_start_do_not_matter(model):
    values = panel()
    padded = np.concatenate([np.full((12, 200), np.nan), values], axis=1)
    np.testing.assert_allclose(
        forecast(padded, HORIZON, model=model).quantiles,
        forecast(values, HORIZON, model=model).quantiles,
        rtol=1e-5,
    )


@EVERY_MODEL
def test_the_same_arguments_give_the_same_answer_and_leave_the_input_alone(model):
    values = panel(series=2) if model in ONE_BY_ONE else panel()
    before = values.copy()
    first, second = (forecast(values, HORIZON, model=model, paths=3, seed=9) for _ in range(2))
    np.testing.assert_array_equal(values, before)
    np.testing.assert_array_equal(first.quantiles, second.quantiles)
    np.testing.assert_array_equal(first.paths, second.paths)
    assert not np.array_equal(first.paths, forecast(values, HORIZON, model=model, paths=3, seed=10).paths)


@EVERY_QUICK_MODEL
def test_independent_days_are_covered(model):
    rng = np.random.default_rng(4)
    past, coming = rng.normal(0, 50, (400, 200)), rng.normal(0, 50, (400, HORIZON))
    answer = forecast(past, HORIZON, model=model)
    inside = (coming >= answer.quantiles[:, :, 1]) & (coming <= answer.quantiles[:, :, 3])
    assert 0.77 < inside.mean() < 0.83
    total = coming.cumsum(axis=1)
    inside = (total >= answer.total_quantiles[:, :, 0]) & (total <= answer.total_quantiles[:, :, 4])
    # Models that follow a course doubt it, and so cover a little more.
    assert 0.92 < inside.mean() < 0.985


@EVERY_MODEL
def test_a_constant_flow_goes_on(model):
    answer = forecast(np.full((1, 60), 0.1), HORIZON, model=model)
    np.testing.assert_allclose(answer.mean, 0.1, rtol=0.05)
    np.testing.assert_allclose(answer.quantiles[0, :, 2], 0.1, rtol=1e-6)


@EVERY_MODEL
def test_nothing_warns(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        forecast(np.array(list(odd_histories().values())), HORIZON, model=model, kind="level")
