"""A desk that puts days and forecasts straight into the tables, and reads what came of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from timeseries.database import Database
from timeseries.metrics import refresh_aggregates
from timeseries.pipeline import ForecastColumns, store_forecasts

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
ACCOUNTS = """
INSERT INTO accounts (account, plan_id, currency, currency_digits, initial_balance, opened_at)
SELECT 'A' || a, 1, 'USD', 2, 1000000, '2024-01-01' FROM generate_series(1, 3) AS a
"""
DAY = """
INSERT INTO daily_metrics (
    trading_day, account_id, trades, wins, losses, gross_profit, gross_loss, commission, swap, lots,
    largest_lots, seconds_held, balance_operations, closed_low, closed_high, snapshots, balance_end,
    daily_loss_left, max_drawdown_left
)
VALUES (:day, :account, 1, 0, 0, greatest(:net, 0), least(:net, 0), 0, 0, 1, 1, 1, 0, 0, 0, 0, :balance,
        :daily, :most)
"""
EVERYTHING = "accounts, plans, daily_metrics, forecasts, forecast_outcomes, scored_days, rescoring"


@dataclass(frozen=True)
class Desk:
    database: Database

    def clear(self) -> None:
        self.run(f"TRUNCATE {EVERYTHING} RESTART IDENTITY CASCADE")
        self.run(
            "INSERT INTO plans (plan, currency, initial_balance, daily_loss, max_drawdown, profit_target) "
            "VALUES ('p', 'USD', 1000000, 50000, 100000, 80000)"
        )
        self.run(ACCOUNTS)

    def day(
        self, account: int, day: date, net: float, *, balance: float = 10000, daily: int = 1, most: int = 1
    ) -> None:
        """A day that ended with a net profit and a balance, so much away from the limits."""
        values = {"net": round(net * 100), "balance": round(balance * 100), "daily": daily, "most": most}
        self.run(DAY, account=account, day=day, **values)

    def days(self, days: list[tuple[int, date, float]]) -> None:
        """Many plain days: account, day and net profit."""
        plain = {"balance": 1_000_000, "daily": 1, "most": 1}
        rows = [{"account": a, "day": day, "net": round(net * 100), **plain} for a, day, net in days]
        with self.database.transaction() as connection:
            connection.execute(text(DAY), rows)

    def forecast(self, origin: date, accounts: list[int], **columns: Any) -> None:
        """Forecasts, by default of the same quantiles on each of three days, beside a naive of zeros."""
        count = len(accounts)
        quantiles = columns.pop("quantiles", np.tile([-20.0, -10, 0, 10, 20], (count, 3, 1)))
        totals = columns.pop("total_quantiles", None)
        values = {
            "account_ids": np.array(accounts),
            "model": np.full(count, "simple"),
            "cohort": np.full(count, "p/evaluation"),
            "skill": np.full(count, 0.05),
            "mean": np.zeros(quantiles.shape[:2]),
            "quantiles": quantiles,
            "total_quantiles": quantiles * 2 if totals is None else totals,
            "naive_mean": np.zeros(count),
            "naive_deviation": np.zeros(count),
            "risks": {},
        } | columns
        with self.database.transaction() as connection:
            store_forecasts(connection, origin, ForecastColumns(**values), levels=LEVELS)

    def outcomes(self) -> list[dict[str, Any]]:
        """What is known of every forecast, by origin, account and model."""
        return self.rows("SELECT * FROM forecast_outcomes ORDER BY origin, account_id, model")

    def rows(self, query: str) -> list[dict[str, Any]]:
        with self.database.transaction() as connection:
            return [dict(row) for row in connection.execute(text(query)).mappings()]

    def run(self, sql: str, **values: Any) -> None:
        with self.database.transaction() as connection:
            connection.execute(text(sql), values)


@pytest.fixture(scope="module")
def open_desk(database: Database) -> Iterator[Desk]:
    """Data reaches far beyond every day of a test, so a day with metrics is a day that is over."""
    with database.transaction() as connection:
        insert = text("INSERT INTO equity (time, account_id, balance, equity) VALUES (:time, 99, 0, 0)")
        connection.execute(insert, {"time": datetime(2026, 1, 2, tzinfo=UTC)})
    refresh_aggregates(database)
    yield Desk(database)


@pytest.fixture
def desk(open_desk: Desk) -> Desk:
    open_desk.clear()
    return open_desk
