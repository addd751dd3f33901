"""Forecasts, those of groups, and model states, stored and read again."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from timeseries.pipeline import (
    GroupForecast,
    _forecast_store,
    newest_state,
    store_group_forecasts,
    store_state,
)

ORIGIN = date(2024, 3, 8)
GROUP = GroupForecast(
    group=None,
    currency="USD",
    origin=ORIGIN,
    horizon=2,
    accounts=3,
    levels=(0.1, 0.5, 0.9),
    mean=np.array([1.0, 2.0]),
    total_quantiles=np.array([[-1.0, 1, 3], [-2, 3, 8]]),
    expected_payout=12.5,
    payout_quantiles=np.array([0.0, 10.0, 50.0]),
    expected_breaches=None,
)


def test_a_forecast_comes_back_as_it_was(desk):
    risks = {"any_breach": np.array([0.25, np.nan]), "expected_payout": np.array([np.nan, 120.5])}
    desk.forecast(
        ORIGIN, [1, 3], skill=np.array([0.5, np.nan]), naive_deviation=np.array([7, np.nan]), risks=risks
    )
    first, third = desk.rows("SELECT * FROM forecasts ORDER BY account_id")
    assert (first["origin"], first["account_id"], first["horizon"], first["model"]) == (
        ORIGIN,
        1,
        3,
        "simple",
    )
    assert first["quantiles"] == [[-20.0, -10, 0, 10, 20]] * 3
    assert first["total_quantiles"][2] == [-40.0, -20, 0, 20, 40]
    assert (first["skill"], first["naive_deviation"], first["cohort"]) == (0.5, 7, "p/evaluation")
    assert (first["any_breach"], first["expected_payout"], first["payout_probability"]) == (0.25, None, None)
    assert (third["account_id"], third["skill"], third["naive_deviation"]) == (3, None, None)
    assert (third["any_breach"], third["expected_payout"], third["naive_mean"]) == (None, 120.5, 0)


def test_a_forecast_made_again_replaces_the_earlier_but_for_a_skill_no_longer_known(desk):
    desk.forecast(ORIGIN, [1, 2], risks={"any_breach": np.array([0.2, 0.2])})
    desk.forecast(
        ORIGIN, [1, 2], skill=np.array([0.3, np.nan]), risks={"any_breach": np.array([0.4, np.nan])}
    )
    rows = desk.rows("SELECT skill, any_breach FROM forecasts ORDER BY account_id")
    assert [tuple(row.values()) for row in rows] == [(0.3, 0.4), (0.05, None)]


def test_many_blocks_are_as_good_as_one(desk, monkeypatch):
    monkeypatch.setattr(_forecast_store, "BLOCK_NUMBERS", 70)
    names = np.array(["one", "two", "three"])
    desk.forecast(ORIGIN, [1, 2, 3], model=names, mean=np.arange(9.0).reshape(3, 3))
    rows = desk.rows("SELECT model, mean FROM forecasts ORDER BY account_id")
    assert [row["model"] for row in rows] == names.tolist()
    assert [row["mean"] for row in rows] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


@settings(max_examples=8, deadline=None)
@given(
    st.tuples(st.integers(1, 3), st.integers(1, 4)).flatmap(
        lambda shape: arrays.arrays(np.float64, (*shape, 5), elements=st.floats(allow_nan=False))
    )
)
def test_any_numbers_survive(open_desk, quantiles):
    open_desk.clear()
    open_desk.forecast(
        ORIGIN, list(range(1, len(quantiles) + 1)), quantiles=quantiles, total_quantiles=quantiles
    )
    rows = open_desk.rows("SELECT quantiles FROM forecasts ORDER BY account_id")
    np.testing.assert_array_equal(np.array([row["quantiles"] for row in rows]), quantiles)


def test_a_group_forecast_made_again_replaces_the_earlier(desk):
    desk.run("TRUNCATE group_forecasts")
    with desk.database.transaction() as connection:
        store_group_forecasts(connection, [GROUP, replace(GROUP, group="desk", accounts=2)])
        store_group_forecasts(connection, [replace(GROUP, accounts=4)])
    rows = desk.rows("SELECT * FROM group_forecasts ORDER BY account_group")
    assert [(row["account_group"], row["accounts"]) for row in rows] == [("", 4), ("desk", 2)]
    assert rows[0]["total_quantiles"] == [[-1, 1, 3], [-2, 3, 8]]
    assert (rows[0]["expected_payout"], rows[0]["expected_breaches"]) == (12.5, None)
    assert GROUP.days_ahead.tolist() == [date(2024, 3, 11), date(2024, 3, 12)]


def test_the_newest_state_of_a_version_by_a_day_is_found(desk):
    with desk.database.transaction() as connection:
        for day, learnt in ((4, 1), (6, 2), (6, 3)):
            store_state(connection, "v1", date(2024, 3, day), {"learnt": [learnt, None]})
        store_state(connection, "v2", date(2024, 3, 7), {"learnt": []})
        found = newest_state(connection, "v1", until=date(2024, 3, 8))
        assert newest_state(connection, "v1", until=date(2024, 3, 1)) is None
        with pytest.raises(ValueError, match="JSON"):
            store_state(connection, "v1", ORIGIN, {"learnt": float("nan")})
    assert (found.origin, found.state) == (date(2024, 3, 6), {"learnt": [3, None]})
