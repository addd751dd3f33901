"""Consistency and payout: cases worked by hand, a plain reference, and what must never happen."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from timeseries.forecast import BreachProbabilities, Rules, breach_probabilities

PAID = {"profit_split": 0.5, "payout_base": 100.0}
HALF = {"consistency_limit": 0.5}


def rules(count=1, balance=100.0, **given_rules):
    """Accounts at 100 that have no rule but those given."""
    money, none = np.full(count, balance), np.full(count, np.nan)
    plain = {"max_drawdown_floor": none, "daily_loss_limit": none, "profit_target": none}
    return Rules(
        money, money, **(plain | {name: np.full(count, value) for name, value in given_rules.items()})
    )


def outcome(days, **given_rules):
    """Of one certain path: (target, consistency failure, chance of a payout, payout)."""
    found = breach_probabilities(np.array([[days]], dtype=np.float64), rules(**given_rules))
    shares = (found.profit_target, found.consistency_failure, found.payout_probability, found.expected_payout)
    return tuple(float(share[0]) for share in shares)


@pytest.mark.parametrize(
    ("days", "given_rules", "expected"),
    [
        ([5, 5], HALF | {"profit_target": 110.0}, (1, 0, 0, 0)),
        ([10, 0], HALF | {"profit_target": 110.0}, (0, 1, 0, 0)),
        ([10, 10], HALF | {"profit_target": 110.0}, (1, 0, 0, 0)),
        ([10, -9], HALF | {"profit_target": 110.0}, (0, 1, 0, 0)),
        ([10, -9], HALF | {"profit_target": 110.0, "daily_loss_limit": 9.0}, (0, 0, 0, 0)),
        ([6, 3], HALF | {"profit_target": 110.0}, (0, 0, 0, 0)),
        ([10], HALF | {"profit_target": 110.0, "total_profit": 10.0, "best_day": 4.0}, (1, 0, 0, 0)),
        ([10], HALF | {"profit_target": 110.0, "total_profit": -5.0, "best_day": 4.0}, (0, 1, 0, 0)),
        ([1], HALF | {"profit_target": 100.0, "total_profit": 8.0, "best_day": 4.0}, (1, 0, 0, 0)),
        ([0], HALF | {"profit_target": 100.0, "total_profit": 8.0, "best_day": 5.0}, (0, 1, 0, 0)),
        ([10, 0], {"consistency_limit": np.nan, "profit_target": 110.0}, (1, 0, 0, 0)),
        ([4, 4], PAID, (0, 0, 1, 4)),
        ([4, -4], PAID, (0, 0, 0, 0)),
        ([4, 4], PAID | {"minimum_payout": 4.0}, (0, 0, 1, 4)),
        ([4, 4], PAID | {"minimum_payout": 4.5}, (0, 0, 0, 0)),
        ([4, 4], PAID | {"payout_base": 106.0}, (0, 0, 1, 1)),
        ([4, 4], {"profit_split": 0.5}, (0, 0, 0, 0)),
        ([4, 4], {"payout_base": 100.0}, (0, 0, 0, 0)),
        ([9, -5, 3], PAID | {"daily_loss_limit": 5.0}, (0, 0, 0, 0)),
        ([4, 4], PAID | HALF, (0, 0, 1, 4)),
        ([6, 2], PAID | HALF, (0, 1, 0, 0)),
        ([6, -7], PAID | HALF, (0, 0, 0, 0)),
        ([6, -9], PAID | HALF | {"max_drawdown_floor": 97.0}, (0, 0, 0, 0)),
        ([12, -8], PAID | {"profit_target": 110.0}, (1, 0, 1, 6)),
        ([4, 4], PAID | {"payout_base": 0.0, "balance": 0.0}, (0, 0, 1, 4)),
        ([4, 8], {"balance": 0.0, "profit_target": 10.0}, (1, 0, 0, 0)),
    ],
)
def test_certain_paths(days, given_rules, expected):
    assert outcome(days, **given_rules) == expected


def test_a_share_exactly_at_the_limit_is_consistent():
    whole = np.arange(1, 101) / 100
    account = rules(
        100, 101_000.0, profit_target=101_000.0, total_profit=777.0, best_day=0.0, consistency_limit=0.0
    )
    account = replace(account, consistency_limit=whole, best_day=777 * whole)
    answer = breach_probabilities(np.zeros((100, 1, 1)), account)
    assert (answer.profit_target == 1).all()
    above = replace(account, best_day=777 * whole + 0.01)
    assert (breach_probabilities(np.zeros((100, 1, 1)), above).consistency_failure == 1).all()


def test_a_payout_of_exactly_the_minimum_is_made():
    account = rules(100, profit_split=0.9, payout_base=100.0, minimum_payout=0.0)
    profit = np.arange(1, 101) / 0.9
    answer = breach_probabilities(
        profit[:, None, None], replace(account, minimum_payout=np.arange(1.0, 101.0))
    )
    assert (answer.payout_probability == 1).all()


def reference(path, account):
    """One path of one account, told step by step: (target, consistency failure, payout)."""
    balance, best, withheld = 100.0, account["best_day"], False

    def consistent():
        return best <= account["consistency_limit"] * (account["total_profit"] + balance - 100)

    def due():
        payout = account["profit_split"] * max(balance - 102, 0)
        return payout if payout >= account["minimum_payout"] else 0.0

    for profit in path:
        if -profit >= 6:
            return (False, False, 0.0)
        balance, best = balance + profit, max(best, profit)
        if balance >= account["profit_target"]:
            if consistent():
                return (True, False, due())
            withheld = True
    return (False, withheld or (due() > 0 and not consistent()), due() if consistent() else 0.0)


# Eighths add up without rounding, so that the reference and the engine agree on every boundary.
EIGHTHS = st.integers(-56, 80).map(lambda number: number / 8)
ACCOUNT = st.fixed_dictionaries(
    {
        "profit_target": st.sampled_from([104.0, 108.0, 130.0]),
        "consistency_limit": st.sampled_from([0.25, 0.5, 1.0]),
        "best_day": st.sampled_from([0.0, 3.0]),
        "total_profit": st.sampled_from([-4.0, 0.0, 6.0]),
        "profit_split": st.sampled_from([0.5, 0.75]),
        "minimum_payout": st.sampled_from([0.0, 2.0]),
    }
)


@settings(max_examples=60, deadline=None)
@given(
    paths=hnp.arrays(np.float64, (2, 4, 5), elements=EIGHTHS), owned=st.lists(ACCOUNT, min_size=2, max_size=2)
)
def test_agrees_with_a_plain_walk(paths, owned):
    columns = {name: np.array([account[name] for account in owned]) for name in owned[0]}
    account = replace(rules(2, daily_loss_limit=6.0, payout_base=102.0), **columns)
    answer = breach_probabilities(paths, account)
    for row, one in enumerate(owned):
        told = np.array([reference(path, one) for path in paths[row]])
        found = [answer.profit_target[row], answer.consistency_failure[row], answer.expected_payout[row]]
        assert found == list(told.mean(axis=0))
        assert answer.payout_probability[row] == (told[:, 2] > 0).mean()


def simulated(seed=0, count=4):
    rng = np.random.default_rng(seed)
    return rng.standard_t(4, (count, 60, 14)) * (rng.random((count, 60, 14)) < 0.7)


FULL = {
    "max_drawdown_floor": 94.0,
    "daily_loss_limit": 4.0,
    "profit_target": 106.0,
    "trailing": True,
    "consistency_limit": 0.4,
    "best_day": 1.0,
    "total_profit": 2.0,
    "profit_split": 0.8,
    "payout_base": 98.0,
    "minimum_payout": 0.5,
}
LOWS = -np.abs(np.random.default_rng(9).standard_normal((4, 40)))


def found(answer):
    return {field.name: getattr(answer, field.name) for field in fields(BreachProbabilities)}


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000), limit=st.sampled_from([0.2, 0.5, np.nan]), target=st.sampled_from([104, 109])
)
def test_the_ways_to_end_exclude_each_other(seed, limit, target):
    account = rules(4, **(FULL | {"consistency_limit": limit, "profit_target": target}))
    shares = found(breach_probabilities(simulated(seed), account, LOWS))
    money = shares.pop("expected_payout")
    assert all(((share >= 0) & (share <= 1 + 1e-9)).all() for share in shares.values())
    assert (money >= 0.5 * shares["payout_probability"] - 1e-6).all()
    assert (shares["any_breach"] <= shares["daily_loss"] + shares["max_drawdown"] + 1e-9).all()
    ends = shares["any_breach"] + shares["profit_target"] + shares["consistency_failure"]
    assert (ends <= 1 + 1e-6).all()
    assert (shares["payout_probability"] + shares["any_breach"] <= 1 + 1e-6).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_stricter_limit_never_makes_a_breach_less_likely(seed):
    paths = simulated(seed)
    for rule, breach, steps in (
        ("daily_loss_limit", "daily_loss", (6.0, 4.0, 3.0, 1.0)),
        ("max_drawdown_floor", "max_drawdown", (90.0, 95.0, 97.0, 99.0)),
    ):
        answers = [breach_probabilities(paths, rules(4, **(FULL | {rule: step})), LOWS) for step in steps]
        for name in (breach, "any_breach"):
            assert (np.diff([getattr(answer, name) for answer in answers], axis=0) >= -1e-6).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), unit=st.sampled_from([1e-3, 0.25, 7.0, 1e4, 1e12]))
def test_the_currency_does_not_matter(seed, unit):
    shares = {"consistency_limit", "profit_split", "trailing"}
    scaled = {name: value if name in shares else value * unit for name, value in FULL.items()}
    paths = simulated(seed)
    small = found(breach_probabilities(paths, rules(4, **FULL), LOWS))
    large = found(breach_probabilities(paths * unit, rules(4, 100.0 * unit, **scaled), LOWS * unit))
    large["expected_payout"] /= unit
    for name, share in small.items():
        # A depth at the edge of a bin may fall to either side of it by rounding.
        np.testing.assert_allclose(large[name], share, rtol=0, atol=5e-3)


def test_the_order_of_paths_and_of_accounts_does_not_matter():
    paths, account = simulated(3, count=250), rules(250, **FULL)
    lows = np.tile(LOWS, (63, 1))[:250]
    answer = found(breach_probabilities(paths, account, lows))
    mixed = found(breach_probabilities(paths[:, ::-1], account, lows))
    turned = found(breach_probabilities(paths[::-1], account, lows[::-1]))
    for name, share in answer.items():
        np.testing.assert_allclose(mixed[name], share, rtol=1e-6)
        np.testing.assert_allclose(turned[name][::-1], share, rtol=1e-6)


def test_without_a_split_nothing_is_paid():
    answer = breach_probabilities(simulated(), rules(4, **(FULL | {"profit_split": np.nan})), LOWS)
    assert not answer.expected_payout.any()
    assert not answer.payout_probability.any()
    paid = breach_probabilities(simulated(), rules(4, **FULL), LOWS)
    assert (paid.expected_payout > 0).all()


@settings(max_examples=20, deadline=None)
@given(
    paths=hnp.arrays(
        np.float64, (3, 2, 3), elements=st.sampled_from([0.0, 1e-300, -5.0, 1e18, -1e300, 1.7e308])
    ),
    balance=st.sampled_from([0.0, -50.0, 100.0, 9.2e18, 1e300]),
)
def test_any_size_gives_finite_answers(paths, balance):
    account = rules(3, balance, **(FULL | {"payout_base": balance, "total_profit": np.nan}))
    answer = breach_probabilities(paths, account, np.full((3, 2), -1e300))
    assert all(np.isfinite(values).all() for values in found(answer).values())


def test_a_block_of_single_precision_agrees_with_doubles():
    paths, account = simulated(5), rules(4, **FULL)
    double = found(breach_probabilities(paths, account))
    single = found(breach_probabilities(paths.astype(np.float32), account))
    for name, share in double.items():
        np.testing.assert_allclose(single[name], share, rtol=1e-4)
