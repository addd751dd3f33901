"""Dropping old raw data must not take the history that was made of it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from timeseries.database import Database, retain
from timeseries.ingest import Kind, load, rejected_rows
from timeseries.metrics import refresh_aggregates, refresh_metrics
from timeseries.reads import account_days

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
    (tmp_path / "late.csv").write_text(trade(4, old + timedelta(hours=1)))
    late = load(clean_database, Kind.TRADES, tmp_path / "late.csv")
    assert (late.rows_new, late.rows_rejected) == (0, 1)
    assert "raw data of that time was dropped" in rejected_rows(clean_database)[0].reason
    refresh_aggregates(clean_database)
    refresh_metrics(clean_database)
    with clean_database.transaction() as connection:
        assert connection.scalar(text("SELECT sum(trades) FROM trades_1d")) == 3
    days = account_days(clean_database, "A", days=1000)
    assert sum(day["trades"] for day in days) == 3
    assert days[0]["balance_end"] == 10300


def test_a_day_cut_by_the_retention_keeps_what_was_dropped_of_it(clean_database: Database, tmp_path):
    """The oldest chunk left begins at midnight UTC, an hour after the day in Prague."""
    plan = PLANS.replace("utc,USD,10000,00:00,UTC", "prague,USD,10000,00:00,Europe/Prague")

    def put(kind: Kind, name: str, content: str) -> None:
        (tmp_path / name).write_text(content)
        assert load(clean_database, kind, tmp_path / name).rows_rejected == 0

    def trade(ticket: int, moment: str) -> str:
        return f"A,{ticket},EURUSD,buy,1.00,{moment},{moment},1.1,1.2,100\n"

    put(Kind.PLANS, "plans.csv", plan)
    put(Kind.ACCOUNTS, "accounts.csv", "account,plan,opened_at\nA,prague,2026-03-07T23:00:00Z\n")
    rows = (
        trade(1, "2026-03-07T23:30:00Z") + trade(2, "2026-03-08T10:00:00Z") + trade(3, "2026-04-20T10:00:00Z")
    )
    put(Kind.TRADES, "trades.csv", HEADER + rows)
    refresh_metrics(clean_database)
    with clean_database.transaction() as connection:
        dropped = connection.execute(
            text("SELECT drop_chunks('trades', older_than => timestamptz '2026-03-08')")
        )
        assert len(dropped.all()) == 1
    put(Kind.TRADES, "late.csv", HEADER + trade(4, "2026-03-08T12:00:00Z"))
    refresh_metrics(clean_database)
    day = account_days(clean_database, "A", days=1000)[-1]
    assert (str(day["trading_day"]), day["trades"]) == ("2026-03-08", 3)
