"""Aggregates and daily metrics of every account equal what the raw rows say."""

from collections import defaultdict
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from recompute import Plan, daily
from sqlalchemy import text

from timeseries.database import Database

DST_WEEK = ("2026-03-06", "2026-03-31")  # New York changes on 8 March 2026, Prague on the 29th


def read(database: Database, query: str) -> pd.DataFrame:
    with database.transaction() as connection:
        result = connection.execute(text(query))
        return pd.DataFrame(result.all(), columns=list(result.keys()))


@pytest.fixture(scope="module")
def trades(loaded: Database) -> pd.DataFrame:
    return read(loaded, "SELECT * FROM plain.trades ORDER BY account, close_time")


def test_the_database_holds_exactly_the_good_trades(firm, trades):
    assert len(trades) == firm.counts.distinct_trades


def test_every_5_minute_trade_bucket_equals_the_trades_in_it(loaded, trades):
    kept = read(
        loaded,
        "SELECT account, symbol, bucket, trades, wins, losses, commission, swap, gross_profit, gross_loss,"
        " lots, largest_lots, seconds_held FROM trades_5m"
        " JOIN accounts USING (account_id) JOIN symbols USING (symbol_id)",
    ).set_index(["account", "symbol", "bucket"])
    trades = trades.assign(
        bucket=trades.close_time.dt.floor("5min"),
        win=trades.net_profit > 0,
        loss=trades.net_profit < 0,
        gained=trades.net_profit.where(trades.net_profit > 0, 0),
        lost=trades.net_profit.where(trades.net_profit < 0, 0),
        held=(trades.close_time - trades.open_time).dt.total_seconds(),
    )
    groups = trades.groupby(["account", "symbol", "bucket"])
    ours = groups.agg(
        trades=("ticket", "size"),
        wins=("win", "sum"),
        losses=("loss", "sum"),
        gross_profit=("gained", "sum"),
        gross_loss=("lost", "sum"),
        commission=("commission", "sum"),
        swap=("swap", "sum"),
        lots=("lots", "sum"),
        largest_lots=("lots", "max"),
        seconds_held=("held", "sum"),
    )
    kept = kept.loc[ours.index]
    assert len(kept) == len(ours) == len(read(loaded, "SELECT 1 FROM trades_5m"))
    for column in ("trades", "wins", "losses", "seconds_held"):
        assert (kept[column] == ours[column]).all(), column
    for column in ("gross_profit", "gross_loss", "commission", "swap"):
        assert (kept[column] == (ours[column] * 100).astype(int)).all(), column
    for column in ("lots", "largest_lots"):
        assert (kept[column] == (ours[column] * 100_000).astype(int)).all(), column


def test_every_5_minute_equity_bucket_equals_the_snapshots_in_it(loaded):
    snapshots = read(loaded, "SELECT account_id, time, balance, equity FROM equity ORDER BY account_id, time")
    groups = snapshots.assign(bucket=snapshots.time.dt.floor("5min")).groupby(["account_id", "bucket"])
    ours = groups.agg(
        first_balance=("balance", "first"),
        last_balance=("balance", "last"),
        first_equity=("equity", "first"),
        last_equity=("equity", "last"),
        min_equity=("equity", "min"),
        max_equity=("equity", "max"),
        snapshots=("equity", "size"),
    )
    kept = read(loaded, "SELECT * FROM equity_5m").set_index(["account_id", "bucket"]).sort_index()
    pd.testing.assert_frame_equal(kept[ours.columns], ours, check_dtype=False)


@pytest.mark.parametrize(
    ("coarse", "fine", "width"), [("trades_1d", "trades_5m", "1D"), ("equity_1d", "equity_5m", "1D")]
)
def test_coarser_aggregates_equal_the_finer_ones(loaded, coarse, fine, width):
    keys = ["account_id", "symbol_id", "bucket"] if fine == "trades_5m" else ["account_id", "bucket"]
    how = {"first_": "first", "last_": "last", "min_": "min", "max_": "max", "largest_": "max"}
    parts = read(loaded, f"SELECT * FROM {fine} ORDER BY bucket")  # noqa: S608
    columns = [column for column in parts if column not in keys]
    rules = {c: next((rule for start, rule in how.items() if c.startswith(start)), "sum") for c in columns}
    ours = parts.assign(bucket=parts.bucket.dt.floor(width)).groupby(keys).agg(rules)
    kept = read(loaded, f"SELECT * FROM {coarse}").set_index(keys).sort_index()  # noqa: S608
    pd.testing.assert_frame_equal(kept[columns], ours[columns], check_dtype=False)


def test_every_daily_metric_of_every_account_equals_a_recomputation(loaded, trades):
    kept = read(loaded, "SELECT * FROM plain.daily_metrics ORDER BY account, trading_day")
    assert not kept.stale.any()
    assert kept.trading_day.astype(str).between(*DST_WEEK).any()
    expected = recompute_all(loaded, trades, {a: g.trading_day.max() for a, g in kept.groupby("account")})
    seen = {(row["account"], row["trading_day"]): row for row in kept.to_dict("records")}
    assert seen.keys() == expected.keys()
    for key, metrics in expected.items():
        differing = {
            name: (seen[key][name], value)
            for name, value in metrics.items()
            if not same(seen[key][name], value)
        }
        assert not differing, (key, differing)


def same(kept: object, ours: object) -> bool:
    if ours is None:
        return bool(pd.isna(kept))
    return kept == pytest.approx(ours, rel=1e-12) if isinstance(ours, float) else kept == ours


def recompute_all(database: Database, trades: pd.DataFrame, until: dict) -> dict:
    plans = read(database, "SELECT * FROM plain.plans").set_index("plan").to_dict("index")
    accounts = read(database, "SELECT * FROM plain.accounts").to_dict("records")
    closed, snapshots = defaultdict(list), defaultdict(list)
    for row in trades[["account", "close_time", "net_profit"]].itertuples(index=False):
        closed[row.account].append((row.close_time.to_pydatetime(), row.net_profit))
    for row in read(database, "SELECT account, time, equity FROM plain.equity").itertuples(index=False):
        snapshots[row.account].append((row.time.to_pydatetime(), row.equity))
    result = {}
    for account in accounts:
        name = account["account"]
        plan = plans[account["plan"]]
        rules = Plan(
            initial_balance=account["initial_balance"],
            reset=plan["reset_time"],
            zone=ZoneInfo(plan["time_zone"]),
            **{
                key: plan[key]
                for key in (
                    "max_drawdown",
                    "max_drawdown_basis",
                    "max_drawdown_mode",
                    "daily_loss",
                    "daily_loss_basis",
                )
            },
        )
        if name in until:
            first = rules.day_of(account["opened_at"].to_pydatetime())
            days = daily(rules, closed[name], snapshots[name], [], until[name], opened=first)
            result |= {(name, day): metrics for day, metrics in days.items()}
    return result
