"""Breach probabilities: cases worked by hand, a plain reference, and what must never happen."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from timeseries.forecast import BreachProbabilities, Rules, breach_probabilities

NONE = np.array([np.nan])


def rules(balance=100.0, **fields):
    """One account that has no rule but those given."""
    given_rules = {name: np.array([value]) for name, value in fields.items()}
    plain = {"max_drawdown_floor": NONE, "daily_loss_limit": NONE, "profit_target": NONE}
    here = np.array([balance])
    return Rules(**({"balance": here, "equity": here} | plain | given_rules))


def walk(days, account):
    """Outcome of one certain path as (daily loss, max drawdown, any, target)."""
    answer = breach_probabilities(np.array([[days]], dtype=np.float32), account)
    return tuple(
        float(share[0])
        for share in (answer.daily_loss, answer.max_drawdown, answer.any_breach, answer.profit_target)
    )


@pytest.mark.parametrize(
    ("days", "account", "outcome"),
    [
        ([-50, -50], rules(), (0, 0, 0, 0)),
        ([-4.9, -4.9], rules(daily_loss_limit=5.0), (0, 0, 0, 0)),
        ([1, -5], rules(daily_loss_limit=5.0), (1, 0, 1, 0)),
        ([-4, -4, -2], rules(max_drawdown_floor=90.0), (0, 1, 1, 0)),
        ([-4, -4, 2], rules(max_drawdown_floor=90.0), (0, 0, 0, 0)),
        ([-12], rules(max_drawdown_floor=90.0, daily_loss_limit=5.0), (1, 1, 1, 0)),
        ([-6, -6], rules(max_drawdown_floor=90.0, daily_loss_limit=5.0), (1, 0, 1, 0)),
        ([5, 5], rules(profit_target=110.0), (0, 0, 0, 1)),
        ([-6, 20], rules(profit_target=110.0, daily_loss_limit=5.0), (1, 0, 1, 0)),
        ([12, -6], rules(profit_target=110.0, daily_loss_limit=5.0), (0, 0, 0, 1)),
        ([8, -9], rules(max_drawdown_floor=90.0), (0, 0, 0, 0)),
        ([8, -10], rules(max_drawdown_floor=90.0, trailing=True), (0, 1, 1, 0)),
        ([8, -9.5], rules(max_drawdown_floor=90.0, trailing=True), (0, 0, 0, 0)),
        ([8, -9.5], rules(max_drawdown_floor=90.0, trailing=True, high_water_mark=105.0), (0, 0, 0, 0)),
        ([8, -10], rules(max_drawdown_floor=90.0, trailing=True, high_water_mark=np.nan), (0, 1, 1, 0)),
        ([8, -13], rules(max_drawdown_floor=95.0, trailing=True, high_water_mark=105.0), (0, 1, 1, 0)),
        ([0], rules(balance=89.0, max_drawdown_floor=90.0), (0, 1, 1, 0)),
        ([0], rules(balance=120.0, profit_target=110.0), (0, 0, 0, 1)),
        ([0], rules(equity=94.0, daily_loss_limit=5.0), (0, 0, 0, 0)),
        ([-4], rules(equity=95.0, daily_loss_limit=5.0, daily_loss_on_equity=True), (0, 0, 0, 0)),
        ([-4], rules(equity=95.0, max_drawdown_floor=91.0), (0, 1, 1, 0)),
        ([-4], rules(equity=95.0, max_drawdown_floor=91.0, max_drawdown_on_balance=True), (0, 0, 0, 0)),
        ([-9], rules(equity=95.0, max_drawdown_floor=91.0, max_drawdown_on_balance=True), (0, 1, 1, 0)),
        ([9, -5], rules(equity=95.0, max_drawdown_floor=89.0, trailing=True), (0, 0, 0, 0)),
        ([9, -6], rules(equity=95.0, max_drawdown_floor=89.0, trailing=True), (0, 1, 1, 0)),
    ],
)
def test_certain_paths(days, account, outcome):
    assert walk(days, account) == outcome


def reference(path, account):
    """One path of one account, told step by step."""
    balance, equity = account["balance"], account["equity"]
    floor, mark = account["floor"], account["equity"]
    if balance >= account["target"] and equity > floor:
        return (False, False, True)
    for profit in path:
        low = min(equity, equity + profit)
        daily, drawdown = -profit >= account["limit"], low <= floor
        balance, equity = balance + profit, equity + profit
        if daily or drawdown:
            return (daily, drawdown, False)
        if balance >= account["target"]:
            return (False, False, True)
        if account["trailing"] and equity > mark:
            floor, mark = floor + equity - mark, equity
    return (False, False, False)


# Eighths add up without rounding, so that the reference and the engine agree on every boundary.
EIGHTHS = st.integers(-160, 160).map(lambda number: number / 8)


@settings(max_examples=60, deadline=None)
@given(
    paths=hnp.arrays(np.float64, (3, 4, 5), elements=EIGHTHS),
    floor=hnp.arrays(np.float64, 3, elements=st.sampled_from([80.0, 90.0, 99.0])),
    limit=hnp.arrays(np.float64, 3, elements=st.sampled_from([4.0, 8.0, 25.0])),
    target=hnp.arrays(np.float64, 3, elements=st.sampled_from([100.0, 108.0, 130.0])),
    equity=hnp.arrays(np.float64, 3, elements=st.sampled_from([95.0, 100.0, 103.0])),
    trailing=hnp.arrays(np.bool_, 3),
)
def test_agrees_with_a_plain_walk(paths, floor, limit, target, equity, trailing):
    balance = np.full(3, 100.0)
    answer = breach_probabilities(paths, Rules(balance, equity, floor, limit, target, trailing))
    for row in range(3):
        account = {"balance": 100.0, "equity": equity[row], "floor": floor[row], "limit": limit[row]}
        account |= {"target": target[row], "trailing": trailing[row]}
        told = np.array([reference(path, account) for path in paths[row]])
        assert [answer.daily_loss[row], answer.max_drawdown[row], answer.profit_target[row]] == list(
            told.mean(axis=0)
        )
        assert answer.any_breach[row] == told[:, :2].any(axis=1).mean()


def test_a_stricter_floor_is_never_broken_less_often():
    rng = np.random.default_rng(0)
    paths = np.repeat(rng.standard_t(4, (1, 500, 14)), 8, axis=0)
    loose = np.linspace(85, 99, 8)
    never = np.full(8, np.nan)
    answer = breach_probabilities(paths, Rules(np.full(8, 100.0), np.full(8, 100.0), loose, never, never))
    assert (np.diff(answer.max_drawdown) >= 0).all()
    assert answer.max_drawdown[0] < 0.2 < 0.5 < answer.max_drawdown[-1]


def test_many_blocks_agree_with_one_account_at_a_time():
    rng = np.random.default_rng(1)
    paths = rng.normal(0, 3, (1100, 20, 5))
    money = np.full(1100, 100.0)
    whole = Rules(money, money, money - 8, np.full(1100, 4.0), money + 8)
    answer = breach_probabilities(paths, whole)
    for row in (0, 499, 500, 1099):
        same = rules(max_drawdown_floor=92.0, daily_loss_limit=4.0, profit_target=108.0)
        alone = breach_probabilities(paths[row : row + 1], same)
        assert alone.any_breach[0] == answer.any_breach[row]
        assert alone.profit_target[0] == answer.profit_target[row]


@pytest.mark.parametrize(
    ("broken", "word"),
    [
        ({"balance": np.array([np.nan])}, "finite"),
        ({"profit_target": np.array([1.0, 2.0])}, "every rule"),
    ],
)
def test_wrong_rules_are_refused(broken, word):
    with pytest.raises(ValueError, match=word):
        breach_probabilities(np.zeros((1, 2, 3)), replace(rules(), **broken))


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="paths"):
        breach_probabilities(np.zeros((2, 2, 3)), rules())
    with pytest.raises(ValueError, match="low_excess"):
        breach_probabilities(np.zeros((1, 2, 3)), rules(), np.zeros((2, 3)))


def test_no_accounts_give_no_probabilities():
    nobody = np.zeros(0)
    answer = breach_probabilities(np.zeros((0, 5, 3)), Rules(nobody, nobody, nobody, nobody, nobody))
    assert isinstance(answer, BreachProbabilities)
    assert answer.any_breach.shape == (0,)
