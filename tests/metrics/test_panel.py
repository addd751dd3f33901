"""The panel: what the analytics know of an account's rules and past, as of a day."""

from datetime import date

import numpy as np
import pytest

from timeseries.ingest import Kind, load
from timeseries.metrics import load_panel, refresh_metrics

PLANS = """plan,currency,initial_balance,consistency_limit,profit_split,minimum_payout,reset_time,time_zone
paid,USD,10000,0.4,0.8,50,00:00,UTC
unpaid,USD,10000,,,,00:00,UTC
"""
ACCOUNTS = """account,plan,opened_at
A,paid,2026-03-02T00:00:00Z
B,unpaid,2026-03-02T00:00:00Z
"""
TRADES = """account,ticket,symbol,side,lots,open_time,close_time,open_price,close_price,profit
A,1,EURUSD,buy,1,2026-03-04T10:00:00Z,2026-03-04T11:00:00Z,1.1,1.1,-50
A,2,EURUSD,buy,1,2026-03-04T12:00:00Z,2026-03-04T13:00:00Z,1.1,1.1,90
A,3,EURUSD,buy,1,2026-03-05T12:00:00Z,2026-03-05T13:00:00Z,1.1,1.1,-30
A,4,EURUSD,buy,1,2026-03-06T12:00:00Z,2026-03-06T13:00:00Z,1.1,1.1,70
"""


@pytest.fixture(scope="module")
def firm(database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("firm")
    for kind, content in ((Kind.PLANS, PLANS), (Kind.ACCOUNTS, ACCOUNTS), (Kind.TRADES, TRADES)):
        path = folder / f"{kind}.csv"
        path.write_text(content)
        assert load(database, kind, path).rows_rejected == 0
    refresh_metrics(database)
    return database


def test_a_panel_knows_what_a_plan_pays_out(firm):
    accounts = load_panel(firm, until=date(2026, 3, 6), days=5).accounts
    assert accounts.names == ["A", "B"]
    for name, value in (("consistency_limit", 0.4), ("profit_split", 0.8), ("minimum_payout", 50.0)):
        np.testing.assert_array_equal(accounts.column(name), [value, np.nan])


@pytest.mark.parametrize(
    ("until", "best", "total"),
    [(date(2026, 3, 3), np.nan, np.nan), (date(2026, 3, 5), 40.0, 10.0), (date(2026, 3, 6), 70.0, 80.0)],
)
def test_best_day_and_profit_are_those_up_to_the_last_day(firm, until, best, total):
    accounts = load_panel(firm, until=until, days=5, account="A").accounts
    np.testing.assert_array_equal(accounts.column("best_day"), [best])
    np.testing.assert_array_equal(accounts.column("total_net_profit"), [total])


def test_the_lowest_balance_of_a_day_is_below_where_it_ended(firm):
    panel = load_panel(firm, until=date(2026, 3, 6), days=3)
    np.testing.assert_array_equal(panel["balance_low"][0], [9950.0, 10010.0, 10010.0])
    np.testing.assert_array_equal(panel["balance_end"][0], [10040.0, 10010.0, 10080.0])
