"""Money, prices and lots are whole numbers inside and ordinary ones outside, and nothing is lost between."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from timeseries.database import Database

MONEY = text(
    "SELECT as_money(units, CAST(:digits AS smallint)) FROM unnest(CAST(:units AS bigint[])) AS units"
)
WHOLE = st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=60, deadline=None)
@given(units=st.lists(WHOLE, min_size=1, max_size=30), digits=st.integers(0, 9))
def test_money_is_exact(database: Database, units: list[int], digits: int) -> None:
    with database.transaction() as connection:
        found = connection.scalars(MONEY, {"units": units, "digits": digits}).all()
    assert found == [Decimal(unit).scaleb(-digits) for unit in units]
    assert all(-value.as_tuple().exponent == digits for value in found)  # 1.50, not 1.5


@pytest.fixture
def account(clean_database: Database) -> Database:
    with clean_database.transaction() as connection:
        for statement in (
            "INSERT INTO symbols (symbol) VALUES ('EURUSD')",
            "INSERT INTO plans (plan, currency, initial_balance, daily_loss)"
            " VALUES ('p', 'USD', 10000000, 500001)",
            "INSERT INTO accounts (account, plan_id, currency, currency_digits, initial_balance, opened_at)"
            " SELECT 'A-1', plan_id, 'USD', 2, 10000000, '2024-01-01' FROM plans",
        ):
            connection.execute(text(statement))
    return clean_database


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    price=st.integers(1, 10**12),
    move=st.integers(-(10**9), 10**9),
    digits=st.integers(0, 9),
    lots=st.integers(1, 2**31 - 1),
    lot_digits=st.integers(0, 5),
    profit=st.integers(-(10**15), 10**15),
    commission=st.integers(-(10**9), 0),
    swap=st.integers(-(10**9), 10**9),
)
def test_a_trade_reads_as_it_was(account: Database, **trade: int) -> None:
    insert = text("""
        INSERT INTO trades
        SELECT timestamptz '2024-03-10 12:00+00', 1, :price, :move, :profit, :commission, :swap,
               account_id, 3661, :lots, symbol_id, -1, :digits, :lot_digits FROM accounts, symbols
    """)
    with account.transaction() as connection:
        connection.execute(text("DELETE FROM trades"))
        connection.execute(insert, trade)
        row = connection.execute(text("SELECT * FROM plain.trades")).mappings().one()
    exact = {
        "lots": Decimal(trade["lots"]).scaleb(-trade["lot_digits"]),
        "open_price": Decimal(trade["price"]).scaleb(-trade["digits"]),
        "close_price": Decimal(trade["price"] + trade["move"]).scaleb(-trade["digits"]),
        "profit": Decimal(trade["profit"]).scaleb(-2),
        "net_profit": Decimal(trade["profit"] + trade["commission"] + trade["swap"]).scaleb(-2),
    }
    assert {name: row[name] for name in exact} == exact
    assert (row["account"], row["symbol"], row["side"]) == ("A-1", "EURUSD", "sell")
    assert str(row["open_time"]) == "2024-03-10 10:58:59+00:00"


def test_plans_and_equity_read_as_they_were(account: Database) -> None:
    with account.transaction() as connection:
        connection.execute(
            text("INSERT INTO equity SELECT '2024-03-10', 10000050, 9999901, NULL, account_id FROM accounts")
        )
        plan = connection.execute(text("SELECT * FROM plain.plans")).mappings().one()
        equity = connection.execute(text("SELECT * FROM plain.equity")).mappings().one()
    assert (str(plan["initial_balance"]), str(plan["daily_loss"])) == ("100000.00", "5000.01")
    assert plan["max_drawdown"] is None
    assert (str(equity["balance"]), str(equity["equity"]), equity["margin"]) == (
        "100000.50",
        "99999.01",
        None,
    )


def test_the_five_minute_aggregate_counts_break_even_apart_and_lots_exactly(account: Database) -> None:
    insert = text("""
        INSERT INTO trades
        SELECT timestamptz '2024-03-10 12:01+00', n, 1, 0, profit, -100, 0, account_id, 60, lots,
               symbol_id, 1, 5, lot_digits
        FROM accounts, symbols,
             (VALUES (1, 500, 1, 2), (2, 100, 15, 1), (3, -300, 1, 0)) AS t (n, profit, lots, lot_digits)
    """)
    with account.transaction() as connection:
        connection.execute(insert)
    with account.autocommit() as connection:
        connection.execute(text("CALL refresh_continuous_aggregate('trades_5m', NULL, NULL)"))
    with account.transaction() as connection:
        row = connection.execute(text("SELECT * FROM trades_5m")).mappings().one()
    assert (row["trades"], row["wins"], row["losses"]) == (3, 1, 1)
    assert (row["gross_profit"], row["gross_loss"]) == (400, -400)
    assert row["lots"] == 1_000 + 150_000 + 100_000
    assert row["largest_lots"] == 150_000
