"""Every rule of a row: what breaks one goes to the quarantine with its column and reason, the rest lands."""

from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

TRADES = [
    ({"account": ""}, "account", "missing"),
    ({"account": "Z9"}, "account", "no such account"),
    ({"ticket": ""}, "ticket", "missing"),
    ({"ticket": "12a"}, "ticket", "not a number"),
    ({"ticket": "1.5"}, "ticket", "whole number"),
    ({"ticket": "1" * 20}, "ticket", "not a number"),
    ({"symbol": ""}, "symbol", "missing"),
    ({"symbol": "X" * 65}, "symbol", "longer than 64"),
    ({"side": "long"}, "side", "buy or sell"),
    ({"side": ""}, "side", "buy or sell"),
    ({"lots": "0"}, "lots", "above zero"),
    ({"lots": "-1"}, "lots", "above zero"),
    ({"lots": ""}, "lots", "missing"),
    ({"lots": "1.000001"}, "lots", "more than 5 decimals"),
    ({"lots": "99999999"}, "lots", "more than the engine keeps"),
    ({"open_time": "soon"}, "open_time", "not a time"),
    ({"open_time": ""}, "open_time", "missing"),
    ({"open_time": "2025-03-03 10:00"}, "open_time", "no zone"),
    ({"open_time": "1989-12-31T00:00:00Z"}, "open_time", "before 1990"),
    ({"close_time": ""}, "close_time", "missing"),
    ({"close_time": "2025-03-03T09:59:59Z"}, "close_time", "closes before it opens"),
    ({"close_time": "2999-01-01T00:00:00Z"}, "close_time", "two days ahead"),
    ({"open_price": "0"}, "open_price", "above zero"),
    ({"open_price": "1.0123456789"}, "open_price", "more than 9 decimals"),
    ({"open_price": "9999999999"}, "open_price", "larger than"),
    ({"close_price": ""}, "close_price", "missing"),
    ({"close_price": "n/a"}, "close_price", "not a number"),
    ({"profit": ""}, "profit", "missing"),
    ({"profit": "10.005"}, "profit", "more decimals"),
    ({"profit": "1e16"}, "profit", "larger than"),
    ({"commission": "x"}, "commission", "not a number"),
    ({"swap": "0.001"}, "swap", "more decimals"),
]
EQUITY = [
    ({"account": "Z9"}, "account", "no such account"),
    ({"time": ""}, "time", "missing"),
    ({"time": "never"}, "time", "not a time"),
    ({"balance": ""}, "balance", "missing"),
    ({"equity": "nan"}, "equity", "not a number"),
    ({"equity": "1.001"}, "equity", "more decimals"),
    ({"margin": "?"}, "margin", "not a number"),
]
ACCOUNTS = [
    ({"account": ""}, "account", "missing"),
    ({"account": "X" * 201}, "account", "longer than 200"),
    ({"plan": ""}, "plan", "missing"),
    ({"plan": "none"}, "plan", "no such plan"),
    ({"phase": "demo"}, "phase", "must be evaluation, verification or funded"),
    ({"status": "dead"}, "status", "must be active"),
    ({"opened_at": ""}, "opened_at", "missing"),
    ({"opened_at": "x"}, "opened_at", "not a time"),
    ({"closed_at": "x"}, "closed_at", "not a time"),
    ({"closed_at": "2024-01-01T00:00:00Z"}, "closed_at", "closes before it opens"),
    ({"currency": "XXX"}, "currency", "not known"),
    ({"currency": "EUR"}, "initial_balance", "needed"),
    ({"initial_balance": "1.001"}, "initial_balance", "more decimals"),
    ({"initial_balance": "much"}, "initial_balance", "not a number"),
    ({"initial_balance": "-1"}, "initial_balance", "below zero"),
    ({"account": "A1", "currency": "EUR", "initial_balance": "1"}, "currency", "cannot change"),
    ({"account_group": "firm"}, "account_group", "No group can be called"),
    ({"account_group": "engine"}, "account_group", "No group can be called"),
]
PLANS = [
    ({"plan": ""}, "plan", "missing"),
    ({"currency": ""}, "currency", "missing"),
    ({"currency": "ABC"}, "currency", "not known"),
    ({"plan": "50k", "currency": "EUR"}, "currency", "another currency"),
    ({"initial_balance": ""}, "initial_balance", "missing"),
    ({"initial_balance": "-5"}, "initial_balance", "below zero"),
    ({"initial_balance": "1e16"}, "initial_balance", "larger than"),
    ({"reset_time": "17:03"}, "reset_time", "five minutes"),
    ({"reset_time": "25:00"}, "reset_time", "five minutes"),
    ({"reset_time": ""}, "reset_time", "five minutes"),
    ({"time_zone": "Mars"}, "time_zone", "no such time zone"),
    ({"time_zone": ""}, "time_zone", "no such time zone"),
    ({"time_zone": "localtime"}, "time_zone", "no such time zone"),
    ({"profit_target": "0"}, "profit_target", "above zero"),
    ({"max_drawdown": "-1"}, "max_drawdown", "above zero"),
    ({"max_drawdown": "1e-9"}, "max_drawdown", "above zero"),
    ({"daily_loss": "x"}, "daily_loss", "not a number"),
    ({"daily_loss": "0.001"}, "daily_loss", "more decimals"),
    ({"max_drawdown_basis": "cash"}, "max_drawdown_basis", "equity or balance"),
    ({"max_drawdown_mode": "odd"}, "max_drawdown_mode", "static or trailing"),
    ({"daily_loss_basis": "odd"}, "daily_loss_basis", "equity or balance"),
    ({"consistency_limit": "1.5"}, "consistency_limit", "share"),
    ({"consistency_limit": "0"}, "consistency_limit", "share"),
    ({"consistency_limit": "0.12345"}, "consistency_limit", "more than 4 decimals"),
    ({"profit_split": "80"}, "profit_split", "share"),
    ({"profit_split": "0"}, "profit_split", "share"),
    ({"minimum_payout": "0"}, "minimum_payout", "above zero"),
]
GOOD = {
    "trades": [{"ticket": "900"}, {"ticket": "901", "account": "A2", "side": "SELL", "lots": "1"}],
    "equity": [{}, {"account": "A2"}],
    "accounts": [{"account": "B1"}, {"account": "B2", "phase": "Funded"}],
    "plans": [{"plan": "good"}, {"plan": "fine", "reset_time": "17:00", "time_zone": "America/New_York"}],
}
KEYS = {
    "trades": lambda n: {"ticket": str(n)},
    "equity": lambda n: {"time": f"2025-03-04T00:{n:02}:00Z"},
    "accounts": lambda n: {"account": f"X{n}"},
    "plans": lambda n: {"plan": f"X{n}"},
}
COUNTS = {
    "trades": "SELECT count(*) FROM trades",
    "equity": "SELECT count(*) FROM equity",
    "accounts": "SELECT count(*) FROM accounts",
    "plans": "SELECT count(*) FROM plans",
}
RULES = {"trades": TRADES, "equity": EQUITY, "accounts": ACCOUNTS, "plans": PLANS}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("kind", list(RULES))
def test_each_bad_row_is_blamed_and_the_good_ones_land(desk, kind, suffix):
    rules = RULES[kind]
    bad = [KEYS[kind](number) | change for number, (change, _, _) in enumerate(rules, start=1)]
    before = desk.one(COUNTS[kind])
    path = desk.file(kind, [GOOD[kind][0], *bad, GOOD[kind][1]], f"{kind}.{suffix}")
    report = desk.load(kind, path)
    blamed = {row.line: (row.column_name, row.reason) for row in desk.rejected(path)}
    first = 3 if suffix == "csv" else 2
    for number, (change, column, reason) in enumerate(rules, start=first):
        assert number in blamed, change
        assert blamed[number][0] == column, (change, blamed[number])
        assert reason in blamed[number][1], (change, blamed[number])
    assert (report.rows_new, report.rows_duplicate, report.rows_rejected) == (2, 0, len(rules))
    assert desk.one(COUNTS[kind]) == before + 2


def test_numbers_keep_their_exact_value(desk):
    desk.load("plans", [{"plan": "yen", "currency": "JPY", "initial_balance": "1000000"}])
    desk.load("accounts", [{"account": "J", "plan": "yen"}])
    desk.load(
        "trades",
        [
            {"ticket": "1", "lots": "0.1", "profit": "-0.01", "commission": "", "swap": "-1.5"},
            {
                "ticket": "2",
                "lots": "1.00001",
                "side": "sell",
                "open_price": "0.000000001",
                "close_price": "123456",
            },
            {"ticket": "3", "account": "J", "profit": "1380", "commission": "0", "swap": "0.0"},
        ],
    )
    kept = desk.rows(
        "SELECT ticket, side, lots, open_price, close_price, commission, swap, profit, net_profit,"
        " open_time::text, close_time::text FROM plain.trades ORDER BY ticket"
    )
    hours = ("2025-03-03 10:00:00+00", "2025-03-03 11:00:00+00")
    assert [tuple(map(str, row)) for row in kept] == [
        ("1", "buy", "0.10", "1.08001", "1.08101", "0.00", "-1.50", "-0.01", "-1.51", *hours),
        ("2", "sell", "1.00001", "1E-9", "123456.000000000", "-0.70", "0.00", "10.00", "9.30", *hours),
        ("3", "buy", "0.10", "1.08001", "1.08101", "0", "0", "1380", "1380", *hours),
    ]


def test_plans_and_accounts_have_their_defaults(desk):
    assert desk.rows(
        "SELECT max_drawdown_basis, max_drawdown_mode, daily_loss_basis, max_drawdown FROM plans"
    ) == [("equity", "static", "equity", None)]
    assert desk.rows(
        "SELECT phase, status, currency, currency_digits, initial_balance, account_group"
        " FROM accounts WHERE account = 'A1'"
    ) == [("evaluation", "active", "USD", 2, 5000000, None)]


def test_what_an_account_row_leaves_empty_is_kept(desk):
    desk.load(
        "accounts", [{"phase": "funded", "status": "passed", "initial_balance": "777", "account_group": "g"}]
    )
    desk.load("accounts", [{"status": "breached", "closed_at": "2025-06-01T00:00:00Z"}])
    query = (
        "SELECT phase, status, initial_balance, account_group, closed_at::date::text"
        " FROM accounts WHERE account = 'A1'"
    )
    assert desk.rows(query) == [("funded", "breached", 77700, "g", "2025-06-01")]
    desk.load("accounts", [{"closed_at": "", "account_group": ""}])
    assert desk.rows(query) == [("funded", "breached", 77700, None, None)]


def test_what_a_plan_pays_out_is_kept_as_written(desk):
    desk.load(
        "plans", [{"profit_split": "0.8", "minimum_payout": "50.5"}, {"plan": "unpaid", "profit_split": ""}]
    )
    kept = desk.rows("SELECT profit_split, minimum_payout FROM plain.plans ORDER BY plan")
    assert kept == [(Decimal("0.8"), Decimal("50.50")), (None, None)]
    desk.load("plans", [{"profit_split": ""}])
    assert desk.rows("SELECT profit_split, minimum_payout FROM plans WHERE plan = '50k'") == [(None, None)]


def test_loading_firms_again_changes_nothing(desk):
    plan = {"max_drawdown": "5000", "consistency_limit": "0.4", "profit_target": "", "profit_split": "0.9"}
    assert desk.load("plans", [plan, {"plan": "new"}]).rows_new == 2
    again = desk.load("plans", [{"plan": "new"}, plan, plan])
    assert (again.rows_new, again.rows_duplicate) == (0, 3)
    accounts = [
        {"account_group": "a", "closed_at": "2025-05-01T00:00:00Z"},
        {"account": "A2", "closed_at": ""},
    ]
    assert desk.load("accounts", accounts).rows_new == 1
    assert desk.load("accounts", accounts[::-1]).rows_new == 0


def test_text_with_nul_is_kept_out_of_the_database(desk):
    table = {name: [value] * 2 for name, value in desk_trade().items()} | {
        "account": ["A\0", "A1"],
        "symbol": ["EURUSD", "EUR\0USD"],
        "ticket": ["1", "2"],
    }
    path = desk.folder / "nul.parquet"
    pq.write_table(pa.table(table), path)
    report = desk.load("trades", path)
    assert (report.rows_new, report.rows_rejected) == (1, 1)
    assert desk.one("SELECT symbol FROM symbols") == "EUR?USD"


def desk_trade():
    return {
        "side": "buy",
        "lots": "1",
        "open_time": "2025-03-03T10:00:00Z",
        "close_time": "2025-03-03T11:00:00Z",
        "open_price": "1",
        "close_price": "1",
        "profit": "1",
    }


def test_a_zone_for_the_whole_file_reads_naive_times(desk):
    row = {"open_time": "2025-07-01 10:00:00", "close_time": "2025-07-01 12:00:00"}
    desk.load("trades", [row], zone="Europe/Prague")
    assert desk.one("SELECT close_time::text FROM trades") == "2025-07-01 10:00:00+00"
