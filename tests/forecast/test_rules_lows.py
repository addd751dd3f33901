"""Intraday lows: how deep below the lower of a day's start and end, and how likely."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeseries.forecast import Rules, breach_probabilities

MANY = np.tile([2.0, -2.0], 50)


def accounts(count, *, daily_loss=np.nan, floor=np.nan, **fields):
    """Accounts at 100 with no target."""
    money = np.full(count, 100.0)
    limits = {"max_drawdown_floor": floor, "daily_loss_limit": daily_loss, "profit_target": np.nan}
    return Rules(money, money, **{name: np.full(count, value) for name, value in (limits | fields).items()})


def every_path(move, days=1, series=1):
    return np.full((series, 4, days), float(move))


@pytest.mark.parametrize(("other", "chance"), [(1.0, 1.0), (-1.0, 1.0), (0.0, 0.5)])
def test_a_low_is_below_both_ends_of_a_day_and_idle_days_have_none(other, chance):
    history, paths = np.array([[np.nan, -6.0, -6.0]]), np.array([[[1.0], [other]]])
    quiet, deep = (breach_probabilities(paths, accounts(1, daily_loss=5.0), lows) for lows in (None, history))
    assert (quiet.daily_loss[0], deep.daily_loss[0]) == (0.0, chance)


def test_the_loss_at_the_end_of_a_day_leaves_less_room_for_its_low():
    rules, history = accounts(1, daily_loss=5.0), np.array([[-2.0]])
    found = [
        breach_probabilities(every_path(move), rules, history, past_profit=np.array([[move]])).daily_loss[0]
        for move in (-2.0, -2.9, -3.1, 3.1)
    ]
    assert found == [0.0, 0.0, 1.0, 0.0]


def test_lows_come_as_often_as_they_came():
    history = np.where(np.arange(100) % 4 == 0, -9.0, 0.0)[None]
    answer = breach_probabilities(every_path(1.0, days=2), accounts(1, daily_loss=5.0), history)
    assert answer.daily_loss[0] == pytest.approx(1 - 0.75**2, abs=1e-6)


def test_only_the_last_250_days_count():
    history = np.concatenate([np.full(300, -9.0), np.zeros(250)])[None]
    answer = breach_probabilities(every_path(1.0), accounts(1, daily_loss=5.0), history)
    assert answer.daily_loss[0] == 0.0


def test_lows_grow_with_the_moves_to_come():
    history, past = np.full((1, 100), -2.0), MANY[None]
    chances = [
        breach_probabilities(every_path(move), accounts(1, daily_loss=5.0), history, past_profit=past)
        for move in (4.9, 5.1)
    ]
    assert [chance.daily_loss[0] for chance in chances] == [0.0, 1.0]


def test_an_account_without_lows_has_those_of_the_others_in_its_own_size():
    money, history = np.array([100.0, 100.0, 1e6]), np.full((3, 100), -2.0)
    history[1:] = np.nan
    rules = Rules(money, money, np.full(3, np.nan), np.array([1.9, 1.9, 1.9e4]), np.full(3, np.nan))
    paths = np.stack([every_path(size)[0] for size in (2.0, 2.0, 2e4)])
    past = np.stack([MANY, np.full(100, np.nan), 1e4 * MANY])
    answer = breach_probabilities(paths, rules, history, past_profit=past)
    assert answer.daily_loss.tolist() == [1.0, 1.0, 1.0]


def test_own_lows_outweigh_those_of_the_others():
    history = np.zeros((2, 240))
    history[0] = -9.0
    answer = breach_probabilities(every_path(1.0, series=2), accounts(2, daily_loss=5.0), history)
    assert answer.daily_loss[0] > 0.9
    assert answer.daily_loss[1] < 0.1


def test_twenty_days_of_lows_count_half():
    history = np.full((2, 180), np.nan)
    history[0], history[1, :20] = -9.0, 0.0
    answer = breach_probabilities(every_path(1.0, series=2), accounts(2, daily_loss=5.0), history)
    assert answer.daily_loss[1] == pytest.approx(0.9 / 2)


def test_each_rule_has_the_lows_of_what_it_watches():
    equity, balance = np.full((4, 5), -3.0), np.zeros((4, 5))
    rules = accounts(4, daily_loss=2.5, floor=98.0)
    on_equity, on_balance = np.array([True, True, False, False]), np.array([True, False, True, False])
    rules = Rules(
        *(getattr(rules, name) for name in ("balance", "equity", "max_drawdown_floor", "daily_loss_limit")),
        profit_target=rules.profit_target,
        daily_loss_on_equity=on_equity,
        max_drawdown_on_balance=on_balance,
    )
    answer = breach_probabilities(every_path(1.0, series=4), rules, equity, balance_low_excess=balance)
    assert answer.daily_loss.tolist() == on_equity.tolist()
    assert answer.max_drawdown.tolist() == (~on_balance).tolist()


@settings(max_examples=40, deadline=None)
@given(
    history=st.lists(st.sampled_from([np.nan, 0.0, -0.5, -2.0, -7.0, -1e300]), max_size=6),
    past=st.lists(st.sampled_from([np.nan, 0.0, -1.0, 3.0, 1e300]), min_size=6, max_size=6),
    move=st.sampled_from([0.0, -1.0, 2.0, 1e300]),
)
def test_any_history_gives_a_probability(history, past, move):
    lows = np.array([history]).reshape(1, -1)
    rules = accounts(1, daily_loss=5.0, floor=92.0, profit_target=110.0)
    answer = breach_probabilities(every_path(move, days=3), rules, lows, past_profit=np.array([past]))
    assert 0 <= answer.any_breach[0] <= 1
    assert max(answer.daily_loss[0], answer.max_drawdown[0]) <= answer.any_breach[0]
    assert answer.any_breach[0] + answer.profit_target[0] <= 1 + 1e-6


def test_wrong_shapes_are_refused():
    for name in ("low_excess", "balance_low_excess", "past_profit"):
        with pytest.raises(ValueError, match="days"):
            breach_probabilities(every_path(1.0), accounts(1), **{name: np.zeros((2, 3))})
