"""Reads of a whole firm say what its raw rows say, and open no more of them than they need."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from query_plans import Scan, scans_of
from recompute import Plan
from sqlalchemy import text

from timeseries import reads
from timeseries.database import Database, compress
from timeseries.demo import generate
from timeseries.ingest import Kind, load
from timeseries.metrics import refresh_metrics
from timeseries.reads import AccountStanding, Trading

TRADES = """
    SELECT t.account, account_group, symbol, ticket, close_time, open_time, lots, net_profit,
           reset_time, time_zone
    FROM plain.trades t
    JOIN plain.accounts a USING (account)
    JOIN plain.plans USING (plan)
    ORDER BY t.account, close_time, ticket
"""
FEW = settings(max_examples=12, deadline=None)


@dataclass(frozen=True)
class Scope:
    kind: str

    def names(self, one: reads.AccountStanding) -> dict[str, str | None]:
        chosen = {"account": one.account, "group": one.account_group}
        return {name: value for name, value in chosen.items() if name == self.kind}

    def rows(self, trades: pd.DataFrame, one: reads.AccountStanding) -> pd.DataFrame:
        if self.kind == "firm":
            return trades
        column = {"account": "account", "group": "account_group"}[self.kind]
        return trades[trades[column] == (one.account if self.kind == "account" else one.account_group)]


scopes = st.sampled_from([Scope("account"), Scope("group"), Scope("firm")])


@pytest.fixture(scope="module")
def loaded(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A synthetic firm, loaded, computed and compressed the way production does it."""
    firm = generate(tmp_path_factory.mktemp("firm"), accounts=80, days=110, seed=23)
    for kind, paths in firm.files.items():
        for path in paths:
            load(database, Kind(kind), path)
    refresh_metrics(database)
    assert compress(database) > 0
    return database


@pytest.fixture(scope="module")
def standings(loaded: Database) -> dict[str, AccountStanding]:
    return {one.account: one for one in reads.overview(loaded, limit=10_000).accounts}


@pytest.fixture(scope="module")
def busiest(standings: dict[str, AccountStanding]) -> AccountStanding:
    """An account that still trades, the one that has earned most."""
    active = (one for one in standings.values() if one.status == "active" and one.last_trade_at)
    return max(active, key=lambda one: one.net_profit)


@pytest.fixture(scope="module")
def trades(loaded: Database) -> pd.DataFrame:
    """Every raw trade, with the trading day of its account's plan."""
    with loaded.transaction() as connection:
        result = connection.execute(text(TRADES))
        table = pd.DataFrame(result.all(), columns=list(result.keys()))
    table["trading_day"] = [
        _plan(reset, zone).day_of(close)
        for reset, zone, close in zip(table.reset_time, table.time_zone, table.close_time, strict=True)
    ]
    table["seconds"] = (table.close_time - table.open_time).dt.total_seconds()
    return table


def _plan(reset, zone: str) -> Plan:
    return Plan(Decimal(0), None, "equity", "static", None, "equity", reset, ZoneInfo(zone))


def agree(said: Trading, rows: pd.DataFrame) -> None:
    gained, lost = (
        sum(rows.net_profit[sign], Decimal(0)) for sign in (rows.net_profit > 0, rows.net_profit < 0)
    )
    assert said.trades == len(rows)
    assert (said.wins, said.losses) == ((rows.net_profit > 0).sum(), (rows.net_profit < 0).sum())
    assert (said.gross_profit, said.gross_loss, said.net_profit) == (gained, lost, gained + lost)
    assert said.lots == sum(rows.lots, Decimal(0))
    assert said.largest_lots == max([*rows.lots, Decimal(0)])
    assert said.win_rate == (pytest.approx((rows.net_profit > 0).mean()) if len(rows) else None)
    assert said.profit_factor == (pytest.approx(float(gained / -lost)) if lost else None)
    assert said.average_seconds_held == (pytest.approx(rows.seconds.mean()) if len(rows) else None)


@FEW
@given(scope=scopes, days=st.integers(1, 60), back=st.integers(0, 60))
def test_a_summary_is_what_the_trades_of_its_days_say(loaded, trades, busiest, scope, days, back):
    until = busiest.last_day - timedelta(days=back)
    found = reads.trade_summary(loaded, **scope.names(busiest), days=days, until=until)
    rows = scope.rows(trades, busiest)
    rows = rows[(rows.trading_day > until - timedelta(days=days)) & (rows.trading_day <= until)]
    if found.totals:
        agree(found.totals[0], rows)
    assert {day.trading_day for day in found.days if day.trades} == set(rows.trading_day)
    for day in found.days:
        agree(day, rows[rows.trading_day == day.trading_day])


def test_by_default_a_summary_ends_on_the_newest_day(loaded, standings, busiest):
    newest = max(one.last_day for one in standings.values() if one.last_day)
    firm = reads.trade_summary(loaded)
    assert (firm.since, firm.until) == (newest - timedelta(days=29), newest)
    ended = next(one for one in standings.values() if one.last_day and one.last_day < newest)
    assert reads.trade_summary(loaded, account=ended.account).until == ended.last_day


@FEW
@given(scope=scopes, days=st.integers(1, 60), back=st.integers(0, 60))
def test_symbols_are_what_the_trades_of_utc_days_say(loaded, trades, busiest, scope, days, back):
    until = busiest.last_trade_at.date() - timedelta(days=back)
    found = reads.symbol_performance(loaded, **scope.names(busiest), days=days, until=until)
    rows = scope.rows(trades, busiest)
    day = rows.close_time.dt.date
    rows = rows[(day > until - timedelta(days=days)) & (day <= until)]
    assert {(one.symbol, one.trades, one.net_profit, one.lots, one.accounts, one.wins) for one in found} == {
        (
            symbol,
            len(part),
            sum(part.net_profit),
            sum(part.lots),
            part.account.nunique(),
            sum(part.net_profit > 0),
        )
        for symbol, part in rows.groupby("symbol")
    }


@FEW
@given(limit=st.integers(1, 60), span=st.integers(1, 130))
def test_pages_follow_one_another_without_a_gap_or_a_repeat(loaded, trades, busiest, limit, span):
    since = busiest.last_trade_at - timedelta(days=span)
    until = busiest.last_trade_at - timedelta(days=span // 3)
    seen, before = [], None
    while True:
        page = reads.account_trades(
            loaded, busiest.account, since=since, until=until, before=before, limit=limit
        )
        assert len(page.trades) <= limit
        seen += [(trade.close_time, trade.ticket, trade.net_profit, trade.lots) for trade in page.trades]
        before = page.older
        if before is None:
            break
    rows = trades[
        (trades.account == busiest.account) & (trades.close_time >= since) & (trades.close_time < until)
    ]
    rows = rows.sort_values(["close_time", "ticket"], ascending=False)
    assert seen == list(zip(rows.close_time, rows.ticket, rows.net_profit, rows.lots, strict=True))


def test_the_overview_says_where_each_account_stands(loaded, trades, standings):
    profits = trades.groupby("account").net_profit.sum()
    last = trades.groupby("account").close_time.max()
    for name, one in standings.items():
        assert one.net_profit == profits.get(name, Decimal(0))
        assert one.last_trade_at == (last[name].floor("5min") if name in last else None)
        assert not one.stale
    for name, one in list(standings.items())[::10]:
        newest = reads.account_days(loaded, name, days=1)
        assert [day["trading_day"] for day in newest] == ([one.last_day] if one.last_day else [])
        for day in newest:
            assert (day["balance_end"], day["net_profit"]) == (one.balance, one.day_profit)
            assert day["max_drawdown_left"] == one.max_drawdown_left


def test_the_latest_equity_is_the_newest_raw_snapshot(loaded, standings):
    with loaded.transaction() as connection:
        rows = connection.execute(
            text("SELECT DISTINCT ON (account) account, time, balance, equity, margin FROM plain.equity "
                 "ORDER BY account, time DESC")
        ).all()  # fmt: skip
    newest = {account: reads.Equity(*rest) for account, *rest in rows}
    for name in list(standings)[::10]:
        assert reads.latest_equity(loaded, name) == newest.get(name)
        assert standings[name].equity == (newest[name].equity if name in newest else None)


def test_accounts_are_chosen_and_ordered(loaded, standings):
    group, plan = "london", next(iter(standings.values())).plan
    for kind in (
        {"group": group},
        {"plan": plan},
        {"status": "breached"},
        {"group": group, "status": "active"},
    ):
        wanted = [
            name
            for name, one in standings.items()
            if all(
                getattr(one, {"group": "account_group"}.get(key, key)) == value for key, value in kind.items()
            )
        ]
        found = reads.overview(loaded, **kind, limit=3)
        assert found.total == len(wanted)
        assert [one.account for one in found.accounts] == sorted(wanted)[:3]
    names = sorted(standings)[5:50:9]
    assert [one.account for one in reads.overview(loaded, accounts=names[::-1]).accounts] == names


def test_risk_is_the_share_left_of_the_drawdown_limit(loaded):
    found = reads.overview(loaded, sort="risk", status="active", limit=1_000).accounts
    shares = [one.max_drawdown_left / one.max_drawdown for one in found if one.max_drawdown_left is not None]
    assert shares
    assert shares == sorted(shares)
    assert all(one.max_drawdown_left is None for one in found[len(shares) :])


def test_feature_rows_are_the_days_of_all_accounts(loaded, standings):
    table = reads.feature_rows(loaded)
    day = reads.freshness(loaded).complete_day
    assert day is not None
    assert table.equals(reads.feature_rows(loaded, day))
    for row in table.iloc[:: max(1, len(table) // 5)].itertuples():
        (expected,) = [d for d in reads.account_days(loaded, row.account, days=5) if d["trading_day"] == day]
        for name in ("net_profit", "trades", "lots", "balance_end", "equity_low", "day_drawdown", "losses"):
            assert getattr(row, name) == pytest.approx(float(expected[name]))
        one = standings[row.account]
        assert row.cohort == f"{one.plan}/{one.phase}"
    assert reads.feature_rows(loaded, date(1999, 1, 1)).empty


def test_everything_is_fresh(loaded, trades):
    fresh = reads.freshness(loaded)
    assert fresh.computed
    assert fresh.newest_trade == trades.close_time.max().floor("5min")
    assert fresh.sentence().endswith("all days computed")
    assert datetime(2000, 1, 1, tzinfo=UTC) < fresh.newest


# ---- what they open

RAW = ("trades", "equity")
Read = Callable[[Database, AccountStanding], object]

FROM_AGGREGATES: dict[str, Read] = {
    "overview": lambda database, one: reads.overview(database, limit=100),
    "overview of a group": lambda database, one: reads.overview(database, group=one.account_group),
    "overview by risk": lambda database, one: reads.overview(database, sort="risk", status="active"),
    "account days": lambda database, one: reads.account_days(database, one.account),
    "trades of an account": lambda database, one: reads.trade_summary(database, account=one.account),
    "trades of a group": lambda database, one: reads.trade_summary(database, group=one.account_group),
    "trades of the firm": lambda database, one: reads.trade_summary(database),
    "symbols of an account": lambda database, one: reads.symbol_performance(database, account=one.account),
    "symbols of a group": lambda database, one: reads.symbol_performance(database, group=one.account_group),
    "symbols of the firm": lambda database, one: reads.symbol_performance(database),
    "open positions": lambda database, one: reads.open_positions(database, one.account),
    "feature rows": lambda database, one: reads.feature_rows(database),
}
FROM_RAW_ROWS: dict[str, Read] = {
    "latest equity": lambda database, one: reads.latest_equity(database, one.account),
    "newest trades": lambda database, one: reads.account_trades(database, one.account, limit=5),
    "a month of trades": lambda database, one: reads.account_trades(
        database, one.account, since=one.last_trade_at - timedelta(days=30), until=one.last_trade_at
    ),
    "freshness": lambda database, one: reads.freshness(database),
    "freshness of an account": lambda database, one: reads.freshness(database, one.account),
}
OF_ONE_ACCOUNT = {
    name: FROM_AGGREGATES[name] for name in FROM_AGGREGATES if name.endswith(("an account", "days"))
}
OF_LAST_DAYS = {name: FROM_AGGREGATES[name] for name in FROM_AGGREGATES if name.endswith(("group", "firm"))}
del OF_LAST_DAYS["overview of a group"]


def each(found: dict[str, Read]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("read", found.values(), ids=found)


def is_selective(scan: Scan) -> bool:
    return scan.by_index or scan.by_batch_limits


@each(FROM_AGGREGATES)
def test_what_an_aggregate_knows_is_never_read_from_raw_rows(loaded, busiest, read):
    assert [scan for scan in scans_of(loaded, lambda: read(loaded, busiest)) if scan.hypertable in RAW] == []


@each(FROM_RAW_ROWS)
def test_raw_rows_are_read_by_index_or_from_the_batches_that_may_hold_them(loaded, busiest, read):
    raw = [scan for scan in scans_of(loaded, lambda: read(loaded, busiest)) if scan.hypertable in RAW]
    assert raw
    assert [scan for scan in raw if not is_selective(scan)] == []


@each(OF_ONE_ACCOUNT)
def test_one_accounts_rows_are_found_by_index(loaded, busiest, read):
    scans = scans_of(loaded, lambda: read(loaded, busiest))
    assert scans
    assert [scan for scan in scans if not scan.by_index or "account_id" not in scan.condition] == []


@each(OF_LAST_DAYS)
def test_old_days_are_left_out(loaded, busiest, read):
    opened = [scan for scan in scans_of(loaded, lambda: read(loaded, busiest)) if scan.opened]
    assert [scan for scan in opened if not scan.by_index and ">=" not in scan.condition] == []


def test_the_latest_equity_opens_the_one_chunk_that_holds_it(loaded, busiest):
    scans = scans_of(loaded, lambda: reads.latest_equity(loaded, busiest.account))
    assert len({scan.chunk for scan in scans if scan.opened}) == 1


def test_a_page_opens_no_older_chunk_than_it_needs(loaded, busiest):
    scans = scans_of(loaded, lambda: reads.account_trades(loaded, busiest.account, limit=1))
    chunks = {scan.chunk for scan in scans}
    assert len({scan.chunk for scan in scans if scan.opened}) <= 2 < len(chunks)


def test_a_page_far_back_leaves_newer_chunks_out(loaded, busiest):
    def chunks(**bounds: object) -> set[str]:
        scans = scans_of(loaded, lambda: reads.account_trades(loaded, busiest.account, **bounds))
        return {scan.chunk for scan in scans}

    far_back = busiest.last_trade_at - timedelta(days=70)
    assert len(chunks(before=(far_back, 0))) <= len(chunks()) - 2
