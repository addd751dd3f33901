"""An account's forecast is the stored one for as long as that holds."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from timeseries.pipeline import AccountForecast
from timeseries.pipeline._stored_forecast import as_stored

ORIGIN = date(2024, 3, 8)
LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
MADE = AccountForecast(
    account="A1",
    status="active",
    currency="USD",
    digits=2,
    origin=ORIGIN,
    horizon=3,
    model="simple",
    skill=0.25,
    levels=LEVELS,
    days_ahead=np.busday_offset(ORIGIN, np.arange(1, 4)),
    mean=np.full(3, 99.0),
    quantiles=np.full((3, 5), 99.0),
    total_quantiles=np.full((3, 5), 99.0),
    naive_totals=np.zeros((3, 5)),
    risks={"any_breach": 0.99, "daily_loss": None, "expected_payout": None},
    drawdown_floor=None,
    history_days=np.array([ORIGIN], "datetime64[D]"),
    history_balance=np.array([10_000.0]),
)


@pytest.fixture
def stored(desk):
    desk.forecast(ORIGIN, [1, 2], risks={"any_breach": np.array([0.125, 0.75])})
    return desk


def test_the_stored_numbers_take_the_place_of_those_made(stored):
    shown = as_stored(stored.database, MADE)
    assert shown.total_quantiles[2].tolist() == [-40.0, -20, 0, 20, 40]
    assert shown.quantiles.tolist() == [[-20.0, -10, 0, 10, 20]] * 3
    assert shown.risks == {"any_breach": 0.125, "daily_loss": None, "expected_payout": None}
    assert shown.made_at is not None
    assert shown.skill == 0.25, "the account's own, of the same model"
    assert shown.history_balance is MADE.history_balance


def test_the_skill_of_another_model_is_not_taken_for_the_stored_ones(stored):
    assert as_stored(stored.database, replace(MADE, model="other")).skill == 0.05


@pytest.mark.parametrize(
    "other", [{"account": "A3"}, {"horizon": 5}, {"origin": date(2024, 3, 7)}, {"levels": (0.1, 0.5, 0.9)}]
)
def test_what_is_not_stored_is_as_it_was_made(stored, other):
    made = replace(MADE, **other)
    assert as_stored(stored.database, made) is made


def test_a_forecast_of_numbers_that_changed_since_is_not_shown_again(stored):
    mark = "INSERT INTO rescoring (kind, account_id, since) VALUES (:kind, 1, '2024-03-01')"
    stored.run(mark, kind="outcome")
    assert as_stored(stored.database, MADE) is not MADE
    stored.run(mark, kind="forecast")
    assert as_stored(stored.database, MADE) is MADE


def test_of_several_models_the_newest_counts(stored):
    stored.forecast(ORIGIN, [1], model=np.array(["later"]), mean=np.full((1, 3), 7.0))
    assert as_stored(stored.database, MADE).mean.tolist() == [7.0] * 3
