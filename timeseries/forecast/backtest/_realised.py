"""What became of accounts under their rules within a horizon."""

import numpy as np
import numpy.typing as npt

from timeseries.forecast import Rules

__all__ = ["realised_outcomes"]

FloatArray = npt.NDArray[np.floating]
BoolArray = npt.NDArray[np.bool_]
# Shares have rounding errors: one exactly at its limit must not fail by them.
ROUNDING = 1 + 1e-6


def realised_outcomes(
    rules: Rules, profit: FloatArray, broken: BoolArray, daily_loss: BoolArray, max_drawdown: BoolArray
) -> dict[str, FloatArray]:
    """What came, told as ``breach_probabilities`` foretells it: the first breach or completion ends the path.

    Args:
        rules: as the accounts stood before the first day.
        profit: of each day, money, [series, horizon]; NaN counts as nothing earned.
        broken: days on which an account broke any rule, the same shape.
        daily_loss: days on which it lost too much.
        max_drawdown: days on which it fell too low.

    Returns:
        daily_loss, max_drawdown, any_breach, profit_target, consistency_failure and payout → 1 or 0,
        [series]; NaN where the plan has no such rule, or was complete from the start.
    """
    days = profit.shape[1]
    gained = np.cumsum(np.nan_to_num(profit), axis=1)
    consistent = consistency(rules, np.nan_to_num(profit), gained)
    at_target = (rules.balance[:, None] + gained) >= rules.profit_target[:, None]
    break_day, done_day = first_day(broken), first_day(at_target & consistent)
    breach = (break_day < days) & (break_day <= done_day)
    passed = done_day < break_day
    end = np.minimum(done_day, days - 1)[:, None]
    due = at(payout_due(rules, gained), end)
    fair = at(consistent, end)
    withheld = (at_target & ~consistent).any(axis=1) | (due & ~fair)
    break_at = np.minimum(break_day, days - 1)[:, None]
    came = {
        "daily_loss": breach & at(daily_loss, break_at),
        "max_drawdown": breach & at(max_drawdown, break_at),
        "any_breach": breach,
        "profit_target": passed,
        "consistency_failure": ~breach & ~passed & withheld,
        "payout": ~breach & due & fair,
    }
    ruled = rules_in_force(rules)
    return {risk: np.where(ruled[risk], outcome, np.nan) for risk, outcome in came.items()}


def rules_in_force(rules: Rules) -> dict[str, BoolArray]:
    """Where each risk exists, [series]: the plan has the rule, and is not complete before the first day."""
    nothing = np.zeros((len(rules), 1))
    complete = (rules.balance >= rules.profit_target) & consistency(rules, nothing, nothing)[:, 0]
    daily, deepest = np.isfinite(rules.daily_loss_limit), np.isfinite(rules.max_drawdown_floor)
    exists = {
        "daily_loss": daily,
        "max_drawdown": deepest,
        "any_breach": daily | deepest,
        "profit_target": np.isfinite(rules.profit_target),
        "consistency_failure": np.isfinite(given(rules.consistency_limit, rules)),
        "payout": np.isfinite(given(rules.profit_split, rules)),
    }
    return {risk: there & ~complete for risk, there in exists.items()}


def consistency(rules: Rules, profit: FloatArray, gained: FloatArray) -> BoolArray:
    """Whether the best day is a small enough share of the profit so far, by each day, [series, days]."""
    limit = given(rules.consistency_limit, rules)[:, None]
    before = np.fmax(given(rules.best_day, rules), 0.0)[:, None]
    best = np.maximum(before, np.maximum.accumulate(profit, axis=1))
    total = np.nan_to_num(given(rules.total_profit, rules))[:, None] + gained
    consistent: BoolArray = np.isnan(limit) | (best <= limit * np.maximum(total, 0) * ROUNDING)
    return consistent


def payout_due(rules: Rules, gained: FloatArray) -> BoolArray:
    """Whether the trader's share of the profit is enough to be paid, by each day, [series, days]."""
    base, split = given(rules.payout_base, rules), np.nan_to_num(given(rules.profit_split, rules))
    share = split[:, None] * np.maximum(rules.balance[:, None] + gained - base[:, None], 0.0)
    least = np.nan_to_num(given(rules.minimum_payout, rules))[:, None]
    due: BoolArray = (share > 0) & (share * ROUNDING >= least)
    return due


def given(values: FloatArray | None, rules: Rules) -> FloatArray:
    """The values of a rule; NaN where no plan has it."""
    return np.full(len(rules), np.nan) if values is None else np.asarray(values, dtype=np.float64)


def first_day(happened: BoolArray) -> npt.NDArray[np.integer]:
    """The first day on which it happened, [series]; the number of days where it never did."""
    first: npt.NDArray[np.integer] = np.where(
        happened.any(axis=1), happened.argmax(axis=1), happened.shape[1]
    )
    return first


def at(happened: BoolArray, day: npt.NDArray[np.integer]) -> BoolArray:
    """What is true on each series' own day, [series, 1]."""
    chosen: BoolArray = np.take_along_axis(happened, day, axis=1)[:, 0]
    return chosen
