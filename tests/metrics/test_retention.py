"""Dropping old raw data must not take the history that was made of it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from timeseries.database import Database, retain
from timeseries.ingest import Kind, load
from timeseries.metrics import account_days, refresh_metrics

PLANS = "plan,currency,initial_balance,reset_time,time_zone\nutc,USD,10000,00:00,UTC\n"
HEADER = "account,ticket,symbol,side,lots,open_time,close_time,open_price,close_price,profit\n"


def test_metrics_and_aggregates_of_dropped_trades_stay(clean_database: Database, tmp_path):
    now = datetime.now(UTC).replace(microsecond=0)
    old, recent = now - timedelta(days=150), now - timedelta(days=5)

    def put(kind: Kind, name: str, content: str) -> None:
        (tmp_path / name).write_text(content)
        assert load(clean_database, kind, tmp_path / name).rows_rejected == 0

    def trade(ticket: int, moment: datetime) -> str:
        return f"{HEADER}A,{ticket},EURUSD,buy,1.00,{moment:%FT%TZ},{moment:%FT%TZ},1.1,1.2,100\n"

    put(Kind.PLANS, "plans.csv", PLANS)
    put(Kind.ACCOUNTS, "accounts.csv", f"account,plan,opened_at\nA,utc,{old:%FT%TZ}\n")
    put(Kind.TRADES, "old.csv", trade(1, old))
    put(Kind.TRADES, "recent.csv", trade(2, recent))
    refresh_metrics(clean_database)
    assert retain(clean_database, 60) > 0
    put(Kind.TRADES, "newer.csv", trade(3, recent + timedelta(hours=1)))
    refresh_metrics(clean_database)

    with clean_database.transaction() as connection:
        assert connection.scalar(text("SELECT count(*) FROM trades")) == 2
        assert connection.scalar(text("SELECT sum(trades) FROM trades_5m")) == 3
        assert connection.scalar(text("SELECT sum(trades) FROM trades_1d")) == 3
    days = account_days(clean_database, "A", days=1000)
    assert sum(day["trades"] for day in days) == 3
    assert days[0]["balance_end"] == 10300
