"""The public contract: the views are there, agree with the tables they tell of, and are read by time"
" and account."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from two_desks import Desk

from timeseries.access import reader
from timeseries.database import Database

PAGE = Path(__file__).parents[2] / "docs" / "dashboard-views.md"
COLUMNS = """
SELECT table_name AS view, string_agg(column_name, ', ' ORDER BY ordinal_position) AS columns
FROM information_schema.columns WHERE table_schema = 'dashboard' GROUP BY 1
"""


@pytest.fixture(scope="module")
def firm(database: Database) -> Database:
    """A database with two desks."""
    Desk("alpha", date(2024, 3, 4), 1000).settle_in(database)
    Desk("beta", date(2024, 3, 11), 7000).settle_in(database)
    return database


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_the_page_describes_the_columns_as_they_are(firm: Database) -> None:
    described = dict(
        re.findall(r"^### `dashboard\.(\w+)`\n+(?:.+\n)+?\nColumns: `([^`]+)`", PAGE.read_text(), re.M)
    )
    assert described == dict(rows(firm, COLUMNS))


def test_the_contract_has_one_version(firm: Database) -> None:
    [(version,)] = rows(firm, "SELECT version FROM dashboard.contract")
    assert f"version {version}" in PAGE.read_text()


@pytest.mark.parametrize(
    ("dashboard", "plain"),
    [
        (
            "SELECT account, time, ticket, symbol, side, lots, open_time, open_price, close_price,"
            " commission, swap,"
            " profit, net_profit FROM dashboard.trades",
            "SELECT account, close_time, ticket, symbol, side, lots, open_time, open_price,"
            " close_price, commission,"
            " swap, profit, net_profit FROM plain.trades",
        ),
        (
            "SELECT account, trading_day, currency, trades, wins, losses, gross_profit, net_profit,"
            " lots, balance_end,"
            " equity_low, max_drawdown_left, stale FROM dashboard.daily_metrics",
            "SELECT account, trading_day, currency, trades, wins, losses, gross_profit, net_profit,"
            " lots, balance_end,"
            " equity_low, max_drawdown_left, stale FROM plain.daily_metrics",
        ),
        (
            "SELECT account, account_group, plan, phase, status, currency, initial_balance, opened_at,"
            " closed_at"
            " FROM dashboard.accounts",
            "SELECT account, account_group, plan, phase, status, currency, initial_balance, opened_at,"
            " closed_at"
            " FROM plain.accounts",
        ),
        (
            "SELECT account, symbol, time, trades, net_profit, commission, swap, lots, largest_lots,"
            " seconds_held"
            " FROM dashboard.trades_1d",
            "SELECT account, symbol, date_trunc('day', close_time), count(*), sum(net_profit),"
            " sum(commission),"
            " sum(swap), sum(lots), max(lots), extract(epoch FROM sum(close_time - open_time))"
            " FROM plain.trades GROUP BY 1, 2, 3",
        ),
        (
            "SELECT account, symbol, time, wins, losses, gross_profit, gross_loss FROM dashboard.trades_5m",
            "SELECT account, symbol, time_bucket('5 minutes', close_time), count(*) FILTER (WHERE"
            " net_profit > 0),"
            " count(*) FILTER (WHERE net_profit < 0), sum(greatest(net_profit, 0)), sum(least(net_profit, 0))"
            " FROM plain.trades GROUP BY 1, 2, 3",
        ),
        (
            "SELECT account, time, balance, equity, low, high, snapshots FROM dashboard.equity_5m",
            "SELECT account, time_bucket('5 minutes', time), max(balance), max(equity), min(equity),"
            " max(equity), 1"
            " FROM plain.equity GROUP BY 1, 2",
        ),
        (
            "SELECT account, time, low, high, snapshots FROM dashboard.equity_1d",
            "SELECT account, date_trunc('day', time), min(equity), max(equity), count(*) FROM"
            " plain.equity GROUP BY 1, 2",
        ),
        (
            "SELECT account, trading_day, day_profit, balance, max_drawdown_left FROM dashboard.standings",
            "SELECT DISTINCT ON (account) account, trading_day, net_profit, balance_end, max_drawdown_left"
            " FROM plain.daily_metrics ORDER BY account, trading_day DESC",
        ),
    ],
    ids=[
        "trades",
        "daily_metrics",
        "accounts",
        "trades_1d",
        "trades_5m",
        "equity_5m",
        "equity_1d",
        "standings",
    ],
)
def test_views_agree_with_the_plain_ones(firm: Database, dashboard: str, plain: str) -> None:
    seen = rows(firm, dashboard)
    assert len(seen) >= 6
    assert sorted(seen, key=repr) == sorted(rows(firm, plain), key=repr)


def test_a_forecast_lies_on_the_weekdays_after_its_origin(firm: Database) -> None:
    found = rows(
        firm,
        "SELECT trading_day, level, quantile FROM dashboard.forecasts WHERE account = 'alpha-1' ORDER"
        " BY 1, 2",
    )
    days = [date(2024, 3, day) for day in (8, 11, 12, 13, 14, 15, 18)]  # from Thursday, the seventh of March
    assert [day for day, _, _ in found] == [day for day in days for _ in range(3)]
    assert [level for _, level, _ in found[:3]] == [0.1, 0.5, 0.9]
    assert {quantile for _, _, quantile in found} == {Decimal("1001.00")}


def test_only_the_newest_forecast_of_an_account_is_shown(firm: Database) -> None:
    with firm.connection() as connection:
        connection.execute(
            text(
                "INSERT INTO forecasts (origin, account_id, horizon, model, model_version,"
                " quantile_levels, mean,"
                " quantiles, total_quantiles, any_breach) SELECT origin - 1, account_id, 1, model, '1',"
                " '{0.5}', '{0}',"
                " '{{0}}', '{{0}}', 0.77 FROM forecasts"
            )
        )
        risks = connection.execute(text("SELECT account, any_breach FROM dashboard.forecast_risks")).all()
        rows_of_one = connection.scalar(
            text("SELECT count(*) FROM dashboard.forecasts WHERE account = 'beta-2'"),
        )
        connection.rollback()
    assert sorted({breach for _, breach in risks}) == [0.1, 0.7]
    assert len(risks) == 6
    assert rows_of_one == 21


def test_money_at_stake_and_payouts_are_in_ordinary_units(firm: Database) -> None:
    assert rows(firm, "SELECT DISTINCT at_stake FROM dashboard.findings WHERE account = 'beta-1'") == [
        (Decimal(70),)
    ]
    assert rows(firm, "SELECT DISTINCT at_stake FROM dashboard.alerts WHERE account = 'alpha-1'") == [
        (Decimal(10),)
    ]
    [(group, low, expected)] = rows(
        firm,
        "SELECT account_group, payout_low, expected_payout FROM dashboard.payouts WHERE account_group ="
        " 'beta'",
    )
    assert (group, low, expected) == ("beta", Decimal("7000.00"), Decimal("7000.00"))


def test_how_fresh_the_data_are_depends_on_who_asks(firm: Database) -> None:
    query = "SELECT newest_trade, newest_snapshot, stale_days, rescoring FROM dashboard.freshness"
    [whole] = rows(firm, query)
    [alpha] = rows(reader(firm, ["alpha"]), query)
    [nobody] = rows(reader(firm, []), query)
    assert rows(reader(firm), query) == [whole]
    # In UTC buckets: the last of eight days of trading, at ten and at noon.
    assert whole == (
        *rows(firm, "SELECT max(bucket), (SELECT max(bucket) FROM equity_5m) FROM trades_5m")[0],
        3,
        6,
    )
    assert [moment.date() for moment in alpha[:2]] == [date(2024, 3, 11)] * 2
    assert nobody == (None, None, 0, 0)


def test_a_scoped_reader_is_not_told_of_the_engine(firm: Database) -> None:
    for view in ("job_runs", "storage"):
        count = f"SELECT count(*) FROM dashboard.{view}"  # noqa: S608
        assert rows(reader(firm), count)[0][0] > 0
        assert rows(reader(firm, ["alpha"]), count) == [(0,)]


@pytest.mark.parametrize("view", ["equity_5m", "trades_5m", "trades_1d", "daily_metrics", "trades"])
@pytest.mark.parametrize("groups", [None, ["alpha"]], ids=["firm", "scoped"])
def test_conditions_on_time_and_account_reach_the_tables(
    firm: Database, view: str, groups: list[str] | None
) -> None:
    time = "trading_day" if view == "daily_metrics" else "time"
    with reader(firm, groups).transaction() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(
            connection.scalars(
                text(
                    f"EXPLAIN (COSTS OFF) SELECT * FROM dashboard.{view} WHERE account = 'alpha-1'"  # noqa: S608
                    f" AND {time} >= '2024-03-05' AND {time} < '2024-03-07'"
                )
            )
        )
    # With so little data the order of joins is anybody's; both conditions must get down to the tables.
    assert re.search(r"Index Cond:.*2024-03-05.*2024-03-07", plan), plan
    assert re.search(
        r" on accounts(\n +Index Cond: .*)?\n +(Index Cond|Filter): .*account = 'alpha-1'", plan
    ), plan
    assert not re.search(r"Subquery Scan on .*\n +Filter", plan), plan
