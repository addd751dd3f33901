"""The rules of accounts as they stood at the end of a day, out of a panel."""

import numpy as np
import pandas as pd
import pytest

from timeseries.metrics import Accounts, Panel
from timeseries.pipeline._rules import low_excess, panel_until, rules_at

DAYS = np.array(["2026-03-02", "2026-03-03", "2026-03-04"], dtype="datetime64[D]")
NAN = np.nan


def accounts(**columns):
    """Two accounts: one under evaluation, trailing on its balance; one funded, static on its equity."""
    facts = {
        "account_id": [3, 7],
        "phase": ["evaluation", "funded"],
        "initial_balance": [1000.0, 5000.0],
        "profit_target": [100.0, 500.0],
        "max_drawdown": [80.0, 400.0],
        "max_drawdown_basis": ["balance", "equity"],
        "max_drawdown_mode": ["trailing", "static"],
        "daily_loss": [50.0, None],
        "daily_loss_basis": ["equity", None],
        "consistency_limit": [0.4, None],
        "profit_split": [0.8, 0.8],
        "minimum_payout": [50.0, 50.0],
        "balance_peak": [1030.0, None],
        "equity_peak": [1060.0, None],
        "best_day": [30.0, None],
        "total_net_profit": [10.0, None],
    }
    return Accounts(pd.DataFrame({**facts, **columns}))


@pytest.fixture
def panel():
    values = {
        "net_profit": [[30.0, -20.0, NAN], [NAN, NAN, NAN]],
        "trades": [[2.0, 1.0, NAN], [NAN, NAN, NAN]],
        "balance_operations": [[0.0, 0.0, NAN], [NAN, NAN, NAN]],
        "balance_end": [[1030.0, 1010.0, NAN], [NAN, NAN, NAN]],
        "balance_low": [[990.0, 1005.0, NAN], [NAN, NAN, NAN]],
        "equity_end": [[1040.0, 1010.0, NAN], [NAN, NAN, NAN]],
        "equity_low": [[980.0, 1010.0, NAN], [NAN, NAN, NAN]],
    }
    return Panel(accounts(), DAYS, {name: np.array(array) for name, array in values.items()})


def test_accounts_stand_where_they_were_last_known(panel):
    rules = rules_at(panel, DAYS[-1])
    np.testing.assert_array_equal(rules.balance, [1010, 5000])
    np.testing.assert_array_equal(rules.equity, [1010, 5000])
    np.testing.assert_array_equal(rules.max_drawdown_floor, [1030 - 80, 5000 - 400])
    np.testing.assert_array_equal(rules.high_water_mark, [1030, 5000])
    np.testing.assert_array_equal(rules.max_drawdown_on_balance, [True, False])
    np.testing.assert_array_equal(rules.daily_loss_on_equity, [True, False])
    np.testing.assert_array_equal(rules.daily_loss_limit, [50, NAN])
    np.testing.assert_array_equal(rules.best_day, [30, NAN])


def test_a_funded_account_has_no_target_and_only_it_is_paid(panel):
    rules = rules_at(panel, DAYS[-1])
    np.testing.assert_array_equal(rules.profit_target, [1100, NAN])
    np.testing.assert_array_equal(rules.profit_split, [NAN, 0.8])


def test_an_earlier_day_knows_nothing_of_the_later_ones(panel):
    then = accounts(balance_peak=[1030.0, None], best_day=[31.0, None])
    rules = rules_at(panel, DAYS[0], then)
    np.testing.assert_array_equal(rules.balance, [1030, 5000])
    np.testing.assert_array_equal(rules.equity, [1040, 5000])
    np.testing.assert_array_equal(rules.best_day, [31, NAN])
    assert low_excess(panel_until(panel, DAYS[0], then), "equity").shape == (2, 1)


def test_accounts_as_of_a_day_are_brought_into_the_panels_order(panel):
    table = accounts(total_net_profit=[1.0, 2.0]).table
    more = pd.concat([table[::-1], table[:1].assign(account_id=5, total_net_profit=9.0)])
    rules = rules_at(panel, DAYS[1], Accounts(more))
    np.testing.assert_array_equal(rules.total_profit, [1, 2])
    with pytest.raises(ValueError, match="lack some"):
        rules_at(panel, DAYS[1], Accounts(table[:1]))


@pytest.mark.parametrize(("day", "message"), [(DAYS[1], "give the accounts"), (DAYS[2] + 1, "not a day")])
def test_a_day_that_the_panel_cannot_answer_for_is_refused(panel, day, message):
    with pytest.raises(ValueError, match=message):
        rules_at(panel, day)


def test_lows_are_measured_from_the_lower_of_start_and_end(panel):
    # Equity: began at 1,000 and went to 980; then began at 1,040, ended at 1,010 and went no lower.
    np.testing.assert_array_equal(low_excess(panel, "equity")[0], [-20, 0, NAN])
    np.testing.assert_array_equal(low_excess(panel, "balance")[0], [-10, -5, NAN])
    assert np.isnan(low_excess(panel, "equity")[1]).all()


def test_a_deposit_is_no_low(panel):
    panel.values["balance_operations"][0, 1] = 500.0
    panel.values["balance_end"][0, 1:] += 500.0
    np.testing.assert_array_equal(low_excess(panel, "balance")[0, :2], [-10, -5])
