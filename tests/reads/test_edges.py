"""Two currencies, nothing loaded, something not computed yet, something dropped: each by hand."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

import cli
from timeseries import reads
from timeseries.database import Database, retain
from timeseries.errors import InputError, NotFound
from timeseries.ingest import Kind, load
from timeseries.metrics import refresh_metrics

PLANS = """plan,currency,initial_balance,max_drawdown,reset_time,time_zone
dollars,USD,10000,1000,00:00,UTC
yen,JPY,1000000,,00:00,UTC
"""
ACCOUNTS = """account,plan,opened_at,account_group
A,dollars,2026-03-02T00:00:00Z,desk
B,yen,2026-03-02T00:00:00Z,desk
C,dollars,2026-03-02T00:00:00Z,
"""
TRADES = """account,ticket,symbol,side,lots,open_time,close_time,open_price,close_price,profit
A,1,EURUSD,buy,1.00,2026-03-03T10:00:00Z,2026-03-03T10:02:00Z,1.1,1.2,100.50
A,2,USDJPY,sell,0.50,2026-03-04T10:00:00Z,2026-03-04T11:07:00Z,150.1,150.2,-40.25
B,1,EURUSD,buy,2.00,2026-03-04T10:00:00Z,2026-03-04T12:00:00Z,1.1,1.2,5000
"""
SNAPSHOTS = "account,time,balance,equity\nA,2026-03-04T13:00:00Z,10060.25,10010.75\n"

Put = Callable[[Kind, str], None]


@pytest.fixture
def put(clean_database: Database, tmp_path: Path) -> Put:
    def put(kind: Kind, content: str) -> None:
        path = tmp_path / f"{kind}-{len(list(tmp_path.iterdir()))}.csv"
        path.write_text(content)
        assert load(clean_database, kind, path).rows_rejected == 0

    return put


@pytest.fixture
def desk(clean_database: Database, put: Put) -> Database:
    put(Kind.PLANS, PLANS)
    put(Kind.ACCOUNTS, ACCOUNTS)
    put(Kind.TRADES, TRADES)
    put(Kind.EQUITY, SNAPSHOTS)
    return clean_database


@pytest.fixture
def computed(desk: Database) -> Database:
    refresh_metrics(desk)
    return desk


def test_money_of_two_currencies_is_never_one_sum(computed):
    for scope in ({}, {"group": "desk"}):
        totals = {total.currency: total.net_profit for total in reads.trade_summary(computed, **scope).totals}
        assert totals == {"USD": Decimal("60.25"), "JPY": Decimal(5000)}
        symbols = {(s.symbol, s.currency): s.net_profit for s in reads.symbol_performance(computed, **scope)}
        assert symbols[("EURUSD", "USD")] == Decimal("100.50")
        assert symbols[("EURUSD", "JPY")] == Decimal(5000)


def test_an_account_without_a_single_row_has_answers_too(computed):
    (standing,) = reads.overview(computed, accounts=["C"]).accounts
    assert (standing.balance, standing.equity, standing.last_trade_at) == (Decimal(10000), None, None)
    assert reads.latest_equity(computed, "C") is None
    assert reads.open_positions(computed, "C") == reads.OpenPositions(None, ())
    assert reads.account_trades(computed, "C").trades == ()
    assert reads.symbol_performance(computed, account="C") == []


def test_open_positions_are_those_of_the_newest_statement(computed):
    moment = datetime(2026, 3, 5, 9, tzinfo=UTC)
    with computed.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO open_positions SELECT account_id, 7, symbol_id, -1, 25, 2, 5, :moment, 110500,"
                " -300, 0, 12345, :moment FROM accounts, symbols WHERE account = 'A' AND symbol = 'EURUSD'"
            ),
            {"moment": moment},
        )
        connection.execute(
            text("UPDATE accounts SET positions_as_of = :m WHERE account = 'A'"), {"m": moment}
        )
    found = reads.open_positions(computed, "A")
    assert found.as_of == moment
    (position,) = found.positions
    assert (position.side, position.lots, position.open_price) == (
        "sell",
        Decimal("0.25"),
        Decimal("1.10500"),
    )
    assert (position.profit, position.commission) == (Decimal("123.45"), Decimal("-3.00"))
    assert reads.overview(computed, accounts=["A"]).accounts[0].open_positions == 1


def test_what_is_not_computed_yet_is_said(desk, put):
    before = reads.freshness(desk)
    assert before.stale_days == 3
    assert not before.computed
    assert "3 account-days wait" in before.sentence()
    refresh_metrics(desk)
    put(
        Kind.TRADES,
        TRADES.splitlines()[0] + "\nA,3,EURUSD,buy,1,2026-03-05T10:00:00Z,2026-03-05T10:09:00Z,1,2,1\n",
    )
    late, other = reads.freshness(desk, "A"), reads.freshness(desk, "B")
    assert (late.stale_days, late.newest_trade) == (1, datetime(2026, 3, 4, 11, 5, tzinfo=UTC))
    assert "1 day of this account waits" in late.sentence()
    assert other.stale_days == 0
    assert reads.overview(desk, accounts=["A"]).accounts[0].stale
    refresh_metrics(desk)
    after = reads.freshness(desk, "A")
    assert after.computed
    assert after.newest_trade == datetime(2026, 3, 5, 10, 5, tzinfo=UTC)
    assert after.sentence() == "fresh to 2026-03-05 10:05 UTC · all days computed"


def test_findings_that_wait_to_be_scored_again_are_said(computed):
    with computed.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO rescoring (kind, account_id, since)"
                " SELECT 'anomaly', account_id, date '2026-03-04' FROM accounts WHERE account = 'A'"
            )
        )
    assert reads.freshness(computed).rescoring == reads.freshness(computed, "A").rescoring == 1
    assert "scored again" in reads.freshness(computed, "A").sentence()
    assert reads.freshness(computed, "B").rescoring == 0


def test_an_aggregate_behind_its_raw_rows_is_said(computed):
    with computed.transaction() as connection:
        connection.execute(text("DELETE FROM trades WHERE ticket = 2"))
    fresh = reads.freshness(computed)
    assert not fresh.computed
    assert {"trades_5m", "trades_1d"} <= {one.aggregate for one in fresh.pending}
    assert "trades_5m wait for" in fresh.sentence()


def test_nothing_loaded_is_said_and_not_an_error(clean_database):
    fresh = reads.freshness(clean_database)
    assert (fresh.newest, fresh.complete_day, fresh.computed) == (None, None, True)
    assert fresh.sentence() == "no trades or equity loaded yet"
    assert reads.trade_summary(clean_database) == reads.TradeSummary(None, None, (), ())
    assert reads.symbol_performance(clean_database) == []
    assert reads.overview(clean_database) == reads.Overview(0, ())


def test_the_latest_equity_outlives_its_raw_snapshot(clean_database, put):
    old = datetime.now(UTC).replace(microsecond=0, second=7, minute=2) - timedelta(days=150)
    put(Kind.PLANS, PLANS)
    put(Kind.ACCOUNTS, f"account,plan,opened_at\nA,dollars,{old:%FT%TZ}\n")
    put(Kind.EQUITY, f"account,time,balance,equity,margin\nA,{old:%FT%TZ},10000,9990,5\n")
    exact = reads.Equity(old, Decimal("10000.00"), Decimal("9990.00"), Decimal("5.00"))
    assert reads.latest_equity(clean_database, "A") == exact
    refresh_metrics(clean_database)
    assert retain(clean_database, 60) > 0
    bucket = old.replace(minute=0, second=0)
    assert reads.latest_equity(clean_database, "A") == reads.Equity(bucket, exact.balance, exact.equity, None)


def test_what_cannot_be_answered_is_an_error(clean_database, put):
    put(Kind.PLANS, PLANS)
    put(Kind.ACCOUNTS, ACCOUNTS)
    for error, read in (
        (NotFound, partial(reads.freshness, account="nobody")),
        (NotFound, partial(reads.account_trades, account="nobody")),
        (NotFound, partial(reads.overview, accounts=["A", "nobody"])),
        (NotFound, partial(reads.overview, plan="none")),
        (NotFound, partial(reads.symbol_performance, group="none")),
        (InputError, partial(reads.trade_summary, account="A", group="desk")),
        (InputError, partial(reads.trade_summary, days=0)),
        (InputError, reads.feature_rows),
    ):
        with pytest.raises(error):
            read(clean_database)


# ---- the verbs


class Verbs:
    def __init__(self, database: Database) -> None:
        self.url = database.url

    def __call__(self, *arguments: str) -> str:
        done = CliRunner().invoke(
            cli.timeseries, ["--database-url", self.url, *arguments], catch_exceptions=False
        )
        assert done.exit_code == 0, done.output
        return done.output

    def json(self, *arguments: str):
        return json.loads(self(*arguments, "--json"))


def test_the_verbs_show_and_give_what_the_reads_say(computed):
    run = Verbs(computed)
    assert [row["account"] for row in run.json("accounts")] == ["A", "B", "C"]
    assert [row["account"] for row in run.json("accounts", "list", "--sort", "risk")] == ["C", "A", "B"]
    assert [row["account"] for row in run.json("accounts", "--group", "desk")] == ["A", "B"]
    page = run.json("accounts", "show", "A")
    assert page["account"]["net_profit"] == "60.25"
    assert page["equity"]["equity"] == "10010.75"
    assert [total["trades"] for total in page["trading"]["totals"]] == [2]
    assert [row["symbol"] for row in page["symbols"]] == ["EURUSD", "USDJPY"]
    assert page["freshness"]["stale_days"] == 0
    trades = run.json("accounts", "trades", "A", "--since", "2026-03-04")
    assert [row["ticket"] for row in trades["rows"]] == [2]
    assert {row["currency"] for row in run.json("symbols")["rows"]} == {"USD", "JPY"}


def test_people_are_told(computed):
    run = Verbs(computed)
    for arguments, said in {
        "accounts": ["dollars", "60.25", "all days computed"],
        "accounts --top 1": ["1 of 3 accounts"],
        "accounts show A": ["group desk", "max drawdown", "10,010.75", "50% won", "USDJPY", "fresh to"],
        "accounts show C": ["No open positions known", "No trades"],
        "accounts trades A --top 1": ["2026-03-04 11:07 UTC", "150.1", "more with --top"],
        "accounts trades C": ["ingest trades"],
        "symbols --group desk": ["JPY", "accounts", "fresh to"],
        "metrics A": ["2026-03-04", "all days computed"],
        "alerts list": ["No alerts"],
    }.items():
        shown = run(*arguments.split())
        assert [words for words in said if words not in shown] == [], shown


def test_an_empty_database_says_what_to_load(clean_database):
    run = Verbs(clean_database)
    assert "timeseries ingest accounts" in run("accounts")
    assert "timeseries ingest trades" in run("symbols")


def test_a_sunday_is_the_seventh_day_of_the_week(desk, put):
    put(
        Kind.TRADES,
        TRADES.splitlines()[0] + "\nA,3,EURUSD,buy,1,2026-03-08T10:00:00Z,2026-03-08T23:59:59Z,1,2,5\n",
    )
    refresh_metrics(desk)
    cells = reads.trading_hours(desk, account="A")
    assert [(cell.weekday, cell.hour) for cell in cells] == [(2, 10), (3, 11), (7, 23)]
