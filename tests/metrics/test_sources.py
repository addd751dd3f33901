"""A day's metrics are the same from raw rows and aggregates; only what was marked is counted again."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from timeseries.database import Database, compress
from timeseries.metrics import pending_ranges, refresh_aggregates, refresh_metrics

# A week on both sides of the changes of clocks, New York's on 8 March 2026 and Prague's on the 29th.
FIRST, LAST = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 5, tzinfo=UTC)
PLANS = """
INSERT INTO plans (plan, currency, initial_balance, max_drawdown, max_drawdown_basis, max_drawdown_mode,
                   daily_loss, daily_loss_basis, reset_time, time_zone)
VALUES ('new-york', 'USD', 1e6, 1e5, 'equity', 'trailing', 5e4, 'equity', '17:00', 'America/New_York'),
       ('prague', 'USD', 1e6, 1e5, 'balance', 'static', 5e4, 'balance', '00:00', 'Europe/Prague')
"""
TRADE = """
INSERT INTO trades (account_id, ticket, close_time, open_price, price_move, profit, commission, swap,
                    seconds_held, lots, symbol_id, side, price_digits, lot_digits)
VALUES (:account, :ticket, :time, 110000, 10, :profit, -7, :swap, 60, :lots, :symbol, 1, 5, :lot_digits)
"""
SNAPSHOT = "INSERT INTO equity (account_id, time, balance, equity) VALUES (:account, :time, 1000000, :equity)"
MARK = """
INSERT INTO stale_days (account_id, trading_day, of_trades, of_equity, of_operations)
SELECT :account, trading_day_of(:time, reset_time, time_zone), :of_trades, :of_equity, false
FROM accounts JOIN plans USING (plan_id) WHERE account_id = :account
ON CONFLICT (account_id, trading_day) DO UPDATE
SET marked_at = excluded.marked_at, of_trades = stale_days.of_trades OR excluded.of_trades,
    of_equity = stale_days.of_equity OR excluded.of_equity
"""
MARK_ALL = """
INSERT INTO stale_days (account_id, trading_day)
SELECT account_id, trading_day FROM daily_metrics WHERE account_id BETWEEN :first AND :last
ON CONFLICT DO NOTHING
"""
ROWS = (
    "SELECT * FROM daily_metrics WHERE account_id BETWEEN :first AND :last ORDER BY account_id, trading_day"
)
MATERIALIZED = text(
    "SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) "
    "FROM timescaledb_information.continuous_aggregates WHERE view_name = :view"
)

tickets = count(1)
numbers = count(1)
moments = st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)
# The instants at which a day begins, on both calendars and on both sides of their changes.
EDGES = [
    datetime(2026, 3, day, hour, tzinfo=UTC) + timedelta(seconds=seconds)
    for day, hour in ((5, 22), (8, 21), (9, 21), (27, 23), (28, 23), (29, 22), (30, 22))
    for seconds in (-1, 0, 1, 299, 300)
]
ON_EDGES = {
    "trades": [(moment, place, 1) for place, moment in enumerate(EDGES)],
    "snapshots": {moment: 1_000_000 + place for place, moment in enumerate(EDGES)},
}
edges = st.sampled_from(EDGES)
trades = st.lists(st.tuples(moments | edges, st.integers(-5000, 5000), st.integers(1, 3)), max_size=12)
snapshots = st.dictionaries(moments | edges, st.integers(900_000, 1_100_000), max_size=12)


@pytest.fixture(scope="module")
def plans(database: Database) -> Database:
    with database.transaction() as connection:
        connection.execute(text(PLANS))
        for symbol in ("EURUSD", "XAUUSD", "US30"):
            connection.execute(text("INSERT INTO symbols (symbol) VALUES (:symbol)"), {"symbol": symbol})
    return database


@pytest.fixture
def account(plans: Database) -> int:
    with plans.transaction() as connection:
        return add_account(connection, "new-york")


def add_account(connection: Connection, plan: str) -> int:
    query = (
        "INSERT INTO accounts (account, plan_id, currency, currency_digits, initial_balance, opened_at) "
        "SELECT :name, plan_id, 'USD', 2, 1000000, :opened FROM plans WHERE plan = :plan RETURNING account_id"
    )
    values = {"name": f"A{next(numbers)}", "opened": FIRST, "plan": plan}
    return connection.execute(text(query), values).scalar_one()


def add_trade(connection: Connection, account: int, time: datetime, profit: int, symbol: int = 1) -> None:
    values = {"ticket": next(tickets), "time": time, "profit": profit, "symbol": symbol, "swap": symbol - 1}
    connection.execute(
        text(TRADE), {"account": account, "lots": 10 * symbol, "lot_digits": symbol - 1} | values
    )
    mark(connection, account, time, of_trades=True)


def add_snapshot(connection: Connection, account: int, time: datetime, equity: int) -> None:
    connection.execute(text(SNAPSHOT), {"account": account, "time": time, "equity": equity})
    mark(connection, account, time, of_equity=True)


def mark(
    connection: Connection, account: int, time: datetime, *, of_trades: bool = False, of_equity: bool = False
) -> None:
    values = {"account": account, "time": time, "of_trades": of_trades, "of_equity": of_equity}
    connection.execute(text(MARK), values)


def touch(database: Database) -> None:
    """Note both hypertables' whole extent as changed, without changing anything."""
    with database.transaction() as connection:
        for table, time, amount in (("trades", "close_time", "profit"), ("equity", "time", "equity")):
            query = (
                f"UPDATE {table} SET {amount} = {amount} "  # noqa: S608
                f"WHERE {time} IN ((SELECT min({time}) FROM {table}), (SELECT max({time}) FROM {table}))"
            )
            connection.execute(text(query))


def spoil(database: Database) -> None:
    """Make the 5-minute aggregates wrong: who reads them gets other numbers."""
    with database.transaction() as connection:
        for view, column in (("trades_5m", "gross_profit"), ("equity_5m", "last_equity")):
            table = connection.execute(MATERIALIZED, {"view": view}).scalar_one()
            connection.execute(text(f"UPDATE {table} SET {column} = {column} + 1000"))  # noqa: S608


def rows(database: Database, first: int, last: int | None = None) -> list:
    with database.transaction() as connection:
        return list(connection.execute(text(ROWS), {"first": first, "last": last or first}))


def mark_all(database: Database, first: int, last: int) -> None:
    with database.transaction() as connection:
        connection.execute(text(MARK_ALL), {"first": first, "last": last})


def count_of(database: Database, query: str) -> int:
    with database.transaction() as connection:
        return connection.execute(text(query)).scalar_one()


@given(trades=trades, snapshots=snapshots, plan=st.sampled_from(["new-york", "prague"]))
@example(**ON_EDGES, plan="new-york")
@example(**ON_EDGES, plan="prague")
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_raw_rows_and_aggregates_give_the_same_days(plans, trades, snapshots, plan):
    with plans.transaction() as connection:
        account = add_account(connection, plan)
        for time, profit, symbol in trades:
            add_trade(connection, account, time, profit, symbol)
        for time, equity in snapshots.items():
            add_snapshot(connection, account, time, equity)
    refresh_aggregates(plans)
    assert not pending_ranges(plans)
    refresh_metrics(plans)
    from_aggregates = rows(plans, account)
    assert sum(row.trades for row in from_aggregates) == len(trades)
    assert sum(row.snapshots for row in from_aggregates) == len(snapshots)
    touch(plans)
    spoil(plans)
    mark_all(plans, account, account)
    refresh_metrics(plans)
    assert rows(plans, account) == from_aggregates
    refresh_aggregates(plans)


def test_a_mark_of_trades_leaves_the_equity_as_it_is(plans, account):
    noon = datetime(2026, 3, 11, 12, tzinfo=UTC)
    with plans.transaction() as connection:
        add_trade(connection, account, noon, 500)
        add_snapshot(connection, account, noon, 1_000_700)
    refresh_metrics(plans)
    with plans.transaction() as connection:
        connection.execute(text("UPDATE equity SET equity = 1 WHERE account_id = :a"), {"a": account})
        add_trade(connection, account, noon + timedelta(minutes=1), 300)
    refresh_metrics(plans)
    day = next(row for row in rows(plans, account) if row.trading_day == noon.date())
    assert (day.trades, day.gross_profit, day.last_equity, day.snapshots) == (2, 786, 1_000_700, 1)


def test_a_mark_of_nothing_only_carries_forward(plans, account):
    noon = datetime(2026, 3, 11, 12, tzinfo=UTC)
    with plans.transaction() as connection:
        add_trade(connection, account, noon, 507)
    refresh_metrics(plans)
    with plans.transaction() as connection:
        connection.execute(text("UPDATE trades SET profit = 1 WHERE account_id = :a"), {"a": account})
        connection.execute(
            text("UPDATE accounts SET initial_balance = 2000000 WHERE account_id = :a"), {"a": account}
        )
        mark(connection, account, FIRST + timedelta(days=1, hours=12))
    refresh_metrics(plans)
    last = rows(plans, account)[-1]
    assert (last.total_net_profit, last.balance_end, last.balance_peak) == (500, 2_000_500, 2_000_500)


def test_a_late_trade_in_a_compressed_chunk_needs_no_refresh_of_old_ranges(plans, account):
    with plans.transaction() as connection:
        for day in range(2, 30, 3):
            add_trade(connection, account, FIRST + timedelta(days=day), 100)
        add_trade(connection, account, datetime(2026, 6, 1, 12, tzinfo=UTC), 100)
    refresh_metrics(plans)
    refresh_aggregates(plans)
    compress(plans)
    late = FIRST + timedelta(days=9, hours=3, minutes=7)
    with plans.transaction() as connection:
        add_trade(connection, account, late, 1007)
    refresh_metrics(plans)
    assert rows(plans, account)[-1].total_net_profit == 11 * 93 + 1000
    bucket = late - timedelta(minutes=2)
    pending = {one.aggregate: (one.since, one.until) for one in pending_ranges(plans)}
    assert pending["trades_5m"] == (bucket, bucket + timedelta(minutes=5))
    midnight = bucket.replace(hour=0, minute=0)
    assert pending["trades_1d"] == (midnight, midnight + timedelta(days=1))
    refresh_aggregates(plans)
    assert not pending_ranges(plans)


def test_what_lies_beyond_the_aggregates_is_pending(plans, account):
    newest = datetime(2026, 7, 1, 12, 2, tzinfo=UTC)
    refresh_aggregates(plans)
    with plans.transaction() as connection:
        add_trade(connection, account, newest, 100)
    [five, day] = sorted(
        (one for one in pending_ranges(plans) if "trades" in one.aggregate),
        key=lambda one: one.aggregate,
        reverse=True,
    )
    assert five.until == newest + timedelta(minutes=3)
    assert day.until == datetime(2026, 7, 2, tzinfo=UTC)
    refresh_aggregates(plans, recent=True)
    assert not pending_ranges(plans)
    with plans.transaction() as connection:
        connection.execute(text("DELETE FROM trades WHERE close_time = :newest"), {"newest": newest})
    assert {one.aggregate for one in pending_ranges(plans)} == {"trades_5m", "trades_1d"}
    refresh_aggregates(plans)
    assert not pending_ranges(plans)
    assert count_of(plans, "SELECT max(bucket) < '2026-07-01' FROM trades_1d")
