"""The cases that daily metrics are most easily wrong about, each by hand."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from timeseries.database import Database, compress
from timeseries.ingest import Kind, load
from timeseries.metrics import refresh_metrics
from timeseries.reads import account_days

PLAN = """plan,currency,initial_balance,max_drawdown,max_drawdown_mode,daily_loss,reset_time,time_zone
new-york,USD,10000,1000,trailing,500,17:00,America/New_York
"""
ACCOUNT = "account,plan,opened_at\nA,new-york,2026-03-02T12:00:00Z\n"
HEADER = "account,ticket,symbol,side,lots,open_time,close_time,open_price,close_price,commission,profit\n"
ROW = "A,{ticket},EURUSD,buy,1.00,{opened},{closed},1.1,1.2,{commission},{profit}\n"


class Desk:
    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.load(Kind.PLANS, PLAN)
        self.load(Kind.ACCOUNTS, ACCOUNT)

    def load(self, kind: Kind, text: str) -> None:
        path = self.folder / f"{kind}-{len(list(self.folder.iterdir()))}.csv"
        path.write_text(text)
        assert load(self.database, kind, path).rows_rejected == 0

    def trade(
        self, ticket: int, closed: str, profit: str, opened: str | None = None, commission: str = "0"
    ) -> None:
        row = ROW.format(
            ticket=ticket, opened=opened or closed, closed=closed, profit=profit, commission=commission
        )
        self.load(Kind.TRADES, HEADER + row)

    def days(self) -> dict[date, dict]:
        refresh_metrics(self.database)
        return {row["trading_day"]: row for row in account_days(self.database, "A", days=100)}


@pytest.fixture
def desk(clean_database: Database, tmp_path: Path) -> Desk:
    return Desk(clean_database, tmp_path)


def test_a_break_even_trade_is_neither_won_nor_lost(desk):
    desk.trade(1, "2026-03-04T12:00:00Z", "7.00", commission="-7.00")
    day = desk.days()[date(2026, 3, 4)]
    assert (day["trades"], day["wins"], day["losses"], day["break_even"]) == (1, 0, 0, 1)
    assert day["net_profit"] == 0
    assert day["commission"] == Decimal("-7.00")


def test_a_trade_across_the_reset_counts_on_the_day_it_closes(desk):
    desk.trade(1, "2026-03-05T22:10:00Z", "10", opened="2026-03-05T21:50:00Z")
    assert [key for key, row in desk.days().items() if row["trades"]] == [date(2026, 3, 6)]


@pytest.mark.parametrize(
    ("closed", "day"),
    [
        ("2026-03-06T21:59:59Z", date(2026, 3, 6)),  # winter: the reset is at 22:00 UTC
        ("2026-03-05T22:00:00Z", date(2026, 3, 6)),
        ("2026-03-09T20:59:59Z", date(2026, 3, 9)),  # summer: at 21:00 UTC
        ("2026-03-09T21:00:00Z", date(2026, 3, 10)),
        ("2026-03-08T21:30:00Z", date(2026, 3, 9)),  # Sunday evening is Monday
    ],
)
def test_the_day_begins_at_the_reset_through_a_change_of_clocks(desk, closed, day):
    desk.trade(1, closed, "10")
    assert [key for key, row in desk.days().items() if row["trades"]] == [day]


def test_a_late_trade_into_a_compressed_chunk_moves_every_later_balance(desk):
    desk.trade(2, "2026-03-04T12:00:00Z", "-300")
    desk.trade(3, "2026-03-06T12:00:00Z", "50")
    assert desk.days()[date(2026, 3, 6)]["balance_end"] == Decimal("9750.00")
    assert compress(desk.database) > 0
    desk.trade(1, "2026-03-03T12:00:00Z", "200")
    days = desk.days()
    assert days[date(2026, 3, 3)]["net_profit"] == 200
    assert days[date(2026, 3, 6)]["balance_end"] == Decimal("9950.00")
    # The drawdown limit trails the highest value of the days before: 10,200 now.
    assert days[date(2026, 3, 4)]["max_drawdown_left"] == Decimal("700.00")
    assert days[date(2026, 3, 4)]["max_drawdown"] == Decimal("300.00")


def test_only_changed_days_and_those_after_them_are_computed(desk):
    for ticket, day in enumerate(("03", "04", "05", "06"), start=1):
        desk.trade(ticket, f"2026-03-{day}T12:00:00Z", "10")
    desk.days()
    assert refresh_metrics(desk.database).account_days == 0
    desk.trade(9, "2026-03-05T13:00:00Z", "5")
    assert refresh_metrics(desk.database).account_days == 1
    assert desk.days()[date(2026, 3, 6)]["balance_end"] == Decimal("10045.00")


def test_consistency_is_the_best_days_share_of_all_profit(desk):
    desk.trade(1, "2026-03-04T12:00:00Z", "60")
    desk.trade(2, "2026-03-05T12:00:00Z", "-20")
    desk.trade(3, "2026-03-06T12:00:00Z", "40")
    days = desk.days()
    assert days[date(2026, 3, 4)]["consistency_share"] == 1
    assert days[date(2026, 3, 6)]["consistency_share"] == pytest.approx(0.75)
