"""MT4 statements: trades, balance operations, open positions, and totals that must add up."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from timeseries.errors import InputError, NotFound
from timeseries.ingest import LoadReport, StatementOptions, load
from timeseries.metrics import refresh_metrics

TITLES = "<td>Ticket</td><td>Open Time</td><td>Type</td><td>Size</td><td>Item</td><td>Price</td>"
EVERY_TABLE = (
    "SELECT (SELECT count(*) FROM trades), (SELECT count(*) FROM balance_operations),"
    " (SELECT count(*) FROM accounts), (SELECT count(*) FROM open_positions),"
    " (SELECT count(*) FROM ingested_files), (SELECT count(*) FROM symbols)"
)
NET = "SELECT coalesce(sum(net_profit), 0) FROM plain.trades"


def cells(*texts: object, tag: str = "td") -> str:
    return "<tr align=right>" + "".join(f"<{tag}>{text}</{tag}>" for text in texts) + "</tr>\n"


def deal(ticket, profit, *, side="buy", closed="2025.03.03 11:00:00", **change):
    values = {
        "opened": "2025.03.03 10:00:00",
        "lots": "0.10",
        "symbol": "eurusd",
        "open": "1.08001",
        "close": "1.08101",
        "commission": "-0.70",
        "taxes": "0.00",
        "swap": "0.00",
    } | change
    return cells(
        ticket, values["opened"], side, values["lots"], values["symbol"], values["open"], "0.00000", "0",
        closed, values["close"], values["commission"], values["taxes"], values["swap"], profit,
    )  # fmt: skip


def balance_row(ticket, amount, kind="balance", comment="Deposit"):
    return cells(ticket, "2025.03.01 09:00:00", kind, comment, amount)


def statement(
    *closed: str,
    profit: str,
    balance: str,
    opened: tuple[str, ...] = (),
    account: str = "777",
    currency: str = "USD",
    made: str = "2025 March 10, 19:33",
) -> str:
    return (
        "<html><head><title>Statement: 777</title></head><body><table>"
        + cells(
            f"<b>Account: {account}</b>",
            "<b>Name: Somebody</b>",
            f"<b>Currency: {currency}</b>",
            f"<b>{made}</b>",
        )
        + cells("<b>Closed Transactions:</b>")
        + f"<tr>{TITLES}</tr>"
        + "".join(closed)
        + cells("&nbsp;", "-0.70", "0.00", "0.00", profit)
        + cells("<b>Closed P/L:</b>", f"<b>{profit}</b>")
        + cells("<b>Open Trades:</b>")
        + f"<tr>{TITLES}</tr>"
        + ("".join(opened) or cells("No transactions"))
        + cells("<b>Floating P/L:</b>", "0.00")
        + cells("<b>Working Orders:</b>")
        + cells("500", "2025.03.09 10:00:00", "buy limit", "0.10", "eurusd", "1.05", "0", "0", "1.08", "", "")
        + cells("<b>Summary:</b>")
        + cells("<b>Deposit/Withdrawal:</b>", "0.00", "<b>Credit Facility:</b>", "0.00")
        + cells("<b>Closed Trade P/L:</b>", profit, "<b>Floating P/L:</b>", "0.00")
        + cells("<b>Balance:</b>", f"<b>{balance}</b>", "<b>Equity:</b>", balance)
        + "</table></body></html>"
    )


EVERYTHING = statement(
    deal(11, "10.00"),
    "<tr><td colspan=9>&nbsp;</td><td>434343</td><td colspan=3>&nbsp;</td></tr>",
    deal(12, "-1 234.55", side="sell", taxes="-0.10", swap="-1.25"),
    balance_row(1, "50 000.00"),
    balance_row(2, "100.00", kind="credit", comment="Bonus"),
    cells(13, "2025.03.03 10:00:00", "buy limit", "0.10", "eurusd", "1.05", "0", "0", "", "1", "cancelled"),
    deal(14, "0.00", lots="0.00", commission="0.00"),
    profit="-1 227.30",
    balance="48 772.70",
    opened=(
        deal(15, "3.20", closed="&nbsp;", opened="2025.03.10 19:50:00"),
        "<tr><td colspan=9>&nbsp;</td><td>a comment</td><td colspan=3>&nbsp;</td></tr>",
    ),
)  # fmt: skip


@pytest.fixture
def read(bare_desk):
    def read(content: str | Path, name: str = "statement.htm", **options: str) -> LoadReport:
        path = content if isinstance(content, Path) else bare_desk.write(name, content)
        return load(bare_desk.database, "trades", path, options=StatementOptions(**options))

    return read


def positions(desk):
    query = (
        "SELECT ticket, symbol, side, lots, open_price, profit, open_time::text"
        " FROM plain.open_positions ORDER BY ticket"
    )
    return [tuple(map(str, row)) for row in desk.rows(query)]


# ---- a real one


def test_a_real_statement_adds_up_to_its_own_totals_twice_in_a_row(bare_desk, read, shared_data):
    path = shared_data / "mt4_statement.htm"
    first = read(path)
    assert first.statement.closed_profit == 5390
    assert (first.statement.account, first.statement.currency) == ("1654565", "JPY")
    assert first.statement.balance_operations == 21
    assert first.rows_read == first.rows_new == 21 + bare_desk.one("SELECT count(*) FROM trades")
    for _ in range(2):
        assert bare_desk.one(NET) == 5390
        assert bare_desk.one("SELECT sum(amount) FROM plain.balance_operations") == -62
        again = read(path)
        assert (again.rows_new, again.rows_duplicate, again.already_loaded) == (0, first.rows_read, True)
    refresh_metrics(bare_desk.database)
    newest = "SELECT balance_end FROM plain.daily_metrics ORDER BY trading_day DESC LIMIT 1"
    assert bare_desk.one(newest) == 1158200
    assert bare_desk.one("SELECT sum(net_profit) FROM plain.daily_metrics") == 5390
    assert not [note for note in first.notes if "balance" in note]


# ---- what is read


def test_every_kind_of_row(bare_desk, read):
    report = read(EVERYTHING)
    assert (report.rows_read, report.rows_new, report.rows_rejected) == (3, 3, 0)
    assert report.statement.closed_profit == Decimal("-1227.30")
    assert (report.statement.balance_operations, report.statement.open_positions) == (1, 1)
    assert report.statement.skipped == 3
    assert bare_desk.one(NET) == Decimal("-1227.30")
    assert bare_desk.rows("SELECT ticket, symbol, side, commission FROM plain.trades ORDER BY ticket") == [
        (11, "EURUSD", "buy", Decimal("-0.70")),
        (12, "EURUSD", "sell", Decimal("-0.80")),
    ]
    assert bare_desk.rows("SELECT ticket, amount, comment FROM plain.balance_operations") == [
        (1, 50000, "Deposit")
    ]
    assert positions(bare_desk) == [
        ("15", "EURUSD", "buy", "0.10", "1.08001", "3.20", "2025-03-10 19:50:00+00")
    ]
    assert bare_desk.rows("SELECT account, plan, initial_balance, opened_at::text FROM plain.accounts") == [
        ("777", "no-limits-USD", 0, "2025-03-01 09:00:00+00")
    ]
    refresh_metrics(bare_desk.database)
    assert bare_desk.one(
        "SELECT balance_end FROM plain.daily_metrics ORDER BY trading_day DESC LIMIT 1"
    ) == Decimal("48772.70")
    assert read(EVERYTHING).already_loaded


def test_options_name_the_account_the_plan_and_the_brokers_clock(bare_desk, read):
    bare_desk.load("plans", [{"plan": "real"}])
    report = read(EVERYTHING, account="firm-1", plan="real", account_group="g", time_zone="Europe/Athens")
    assert report.notes == ()
    assert bare_desk.rows("SELECT account, plan, account_group FROM plain.accounts") == [
        ("firm-1", "real", "g")
    ]
    assert bare_desk.one("SELECT min(close_time)::text FROM trades") == "2025-03-03 09:00:00+00"
    assert bare_desk.one("SELECT open_time::text FROM open_positions") == "2025-03-10 17:50:00+00"
    assert bare_desk.one("SELECT time::text FROM balance_operations") == "2025-03-01 07:00:00+00"


def test_a_statement_loaded_before_can_go_to_another_account(bare_desk, read):
    read(EVERYTHING)
    assert read(EVERYTHING, account="other").rows_new == 3
    assert bare_desk.one(NET) == 2 * Decimal("-1227.30")


def test_a_statement_read_on_another_clock_is_corrected_not_counted_twice(bare_desk, read):
    read(EVERYTHING)
    moments = "SELECT time FROM balance_operations UNION ALL SELECT close_time FROM trades ORDER BY 1"
    before = bare_desk.rows(moments)
    report = read(EVERYTHING, time_zone="+03:00")
    assert (report.rows_new, report.rows_corrected, report.rows_rejected) == (0, report.rows_read, 0)
    assert bare_desk.one(NET) == Decimal("-1227.30")
    assert bare_desk.rows(moments) == [(moment - timedelta(hours=3),) for (moment,) in before]
    again = read(EVERYTHING, time_zone="+03:00")
    assert again.rows_duplicate == again.rows_read


def test_a_later_statement_brings_only_what_is_new(bare_desk, read):
    read(EVERYTHING)
    rows = (
        deal(12, "-1 234.55", side="sell", taxes="-0.10", swap="-1.25"),
        deal(15, "4.00"),
        balance_row(1, "50000.00"),
    )
    report = read(
        statement(*rows, profit="-1 233.30", balance="48 776.00", made="2025 March 11, 10:00"), "later.htm"
    )
    assert (report.rows_new, report.rows_duplicate) == (1, 2)
    assert bare_desk.one(NET) == Decimal("-1224.00")
    assert positions(bare_desk) == []


def test_a_balance_that_differs_is_told(bare_desk, read):
    bare_desk.load("plans", [{}])
    bare_desk.load("accounts", [{"account": "777"}])
    (note,) = read(EVERYTHING, time_zone="UTC").notes
    assert "98772.70 here, but to 48772.70" in note


# ---- open positions


def holding(*tickets: int, day: int, closed: tuple[str, ...] = (), profit: str = "0.00") -> str:
    opened = tuple(deal(ticket, "1.00", closed="", opened="2025.03.02 10:00:00") for ticket in tickets)
    return statement(*closed, profit=profit, balance="0.00", opened=opened, made=f"2025 March {day}, 10:00")


def test_positions_are_those_of_the_newest_statement(bare_desk, read):
    read(holding(1, 2, day=10), "a.htm")
    read(holding(2, 3, day=11), "b.htm")
    assert [row[0] for row in positions(bare_desk)] == ["2", "3"]
    read(holding(1, 9, day=9), "older.htm")
    assert [row[0] for row in positions(bare_desk)] == ["2", "3"]
    read(holding(1, 2, day=10), "a.htm")
    assert [row[0] for row in positions(bare_desk)] == ["2", "3"]


def test_positions_that_any_statement_shows_closed_are_gone(bare_desk, read):
    read(holding(1, 2, day=10), "a.htm")
    read(holding(2, day=12, closed=(deal(1, "5.00"),), profit="4.30"), "b.htm")
    assert [row[0] for row in positions(bare_desk)] == ["2"]
    read(holding(day=13, closed=(deal(2, "5.00"),), profit="4.30"), "c.htm")
    assert positions(bare_desk) == []
    read(holding(1, 2, day=10), "a.htm")
    assert positions(bare_desk) == []


# ---- what is refused, whole


GOOD = deal(11, "10.00")


@pytest.mark.parametrize(
    ("content", "options", "error", "says"),
    [
        (
            statement(GOOD, profit="9.31", balance="9.31"),
            {},
            InputError,
            "closed P/L is 9.31.* add up to 9.30",
        ),
        (
            statement(GOOD, deal(12, "1.005"), profit="9.605", balance="9.605"),
            {},
            InputError,
            "add up to 9.30. Row 5 is the first bad one: The amount has more decimals",
        ),
        (EVERYTHING[: EVERYTHING.index("Summary")], {}, InputError, "no line 'Balance:'"),
        (EVERYTHING[: EVERYTHING.index("Closed P/L")], {}, InputError, "no line 'Closed P/L:'"),
        (
            EVERYTHING.replace("Currency: USD", "Currency: XAU"),
            {},
            InputError,
            "is in XAU. The currency is not known",
        ),
        (EVERYTHING.replace("Currency: USD", ""), {}, InputError, "no named currency"),
        (EVERYTHING.replace("2025 March 10", "10 March 2025"), {}, InputError, "is not an MT4 statement"),
        (EVERYTHING, {"plan": "unknown"}, NotFound, "There is no plan unknown"),
        (EVERYTHING, {"time_zone": "Mars"}, InputError, "There is no time zone"),
        (
            "<html><title>Trade History Report</title><table></table></html>",
            {},
            InputError,
            "MetaTrader 5 report",
        ),
        ("<html><title>Statement</title></html>", {}, InputError, "is not an MT4 statement"),
        (
            statement(profit="0", balance="0", opened=(deal(1, "x", closed=""),)),
            {},
            InputError,
            "open position in row .*, profit: This is not a number",
        ),
    ],
)
def test_a_statement_is_refused_whole(shared_desk, content, options, error, says):
    before = shared_desk.rows(EVERY_TABLE)
    path = shared_desk.write("statement.htm", content.replace("Account: 777", "Account: 888"))
    with pytest.raises(error, match=says) as caught:
        load(shared_desk.database, "trades", path, options=StatementOptions(**options))
    assert type(caught.value) is error
    assert shared_desk.rows(EVERY_TABLE) == before


def test_an_account_keeps_its_currency(desk):
    path = desk.write("statement.htm", EVERYTHING)
    with pytest.raises(InputError, match="is in EUR, but the account A1 is in USD"):
        load(desk.database, "trades", path, options=StatementOptions(currency="EUR", account="A1"))
    assert desk.one("SELECT count(*) FROM trades") == 0


def test_a_statement_is_loaded_as_trades_only(bare_desk, read):
    with pytest.raises(InputError, match="load it as trades"):
        bare_desk.load("equity", bare_desk.write("statement.htm", EVERYTHING))
