import numpy as np
import pandas as pd
import pytest

from timeseries.demo import generate_trades
from timeseries.errors import InputError


@pytest.fixture(scope="module")
def firm(tmp_path_factory):
    return generate_trades(tmp_path_factory.mktemp("trades"), accounts=400, days=180, seed=11)


@pytest.fixture(scope="module")
def rows(firm):
    return pd.read_csv(firm.trades, dtype=str)


def test_the_counts_are_those_of_the_file(firm, rows):
    assert len(rows) == firm.rows == firm.distinct_trades + firm.duplicates + firm.broken
    assert int(rows.duplicated().sum()) == firm.duplicates
    assert len(pd.read_csv(firm.accounts)) == firm.account_count == 400
    # Broken rows have tickets of their own.
    assert rows.ticket.nunique() == firm.distinct_trades + firm.broken


def test_rows_come_in_closing_order_but_for_late_and_repeated_ones(firm, rows):
    closed = pd.to_datetime(rows.close_time, utc=True)
    behind = int((closed < closed.cummax()).sum())
    assert firm.late < behind <= firm.late + firm.duplicates + firm.broken
    assert (closed.tail(firm.late) < closed.max()).mean() > 0.99


def test_stops_and_targets_are_left_out(rows):
    assert list(rows.columns) == [
        *("account", "ticket", "symbol", "side", "lots", "open_time", "close_time"),
        *("open_price", "close_price", "commission", "swap", "profit"),
    ]


def test_the_same_seed_gives_the_same_bytes(firm, tmp_path):
    again = generate_trades(tmp_path, accounts=400, days=180, seed=11)
    assert again.trades.read_bytes() == firm.trades.read_bytes()


def test_a_firm_larger_than_one_branch_uses_all_its_accounts(tmp_path):
    files = generate_trades(tmp_path, accounts=10_500, days=3, seed=11)
    traded = pd.read_csv(files.trades, usecols=["account"]).account.str.slice(1).astype(np.int64)
    beyond = traded[(traded > 10_000) & (traded <= 10_500)].nunique()
    assert beyond / 500 == pytest.approx(traded[traded <= 10_000].nunique() / 10_000, rel=0.15)


def test_a_firm_needs_an_account(tmp_path):
    with pytest.raises(InputError, match="at least 1 account"):
        generate_trades(tmp_path, accounts=0)
