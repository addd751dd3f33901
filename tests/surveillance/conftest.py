"""A desk that books trades the way production does, and looks for violations among them."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from timeseries.config import Settings
from timeseries.database import Database
from timeseries.ingest import Kind, load
from timeseries.metrics import refresh_aggregates, refresh_metrics
from timeseries.surveillance import Violation, find_violations

PLANS = """\
plan,currency,initial_balance,profit_target,max_drawdown,daily_loss,consistency_limit,time_zone,reset_time
utc,USD,10000,1000,1000,500,0.40,UTC,00:00
new-york,EUR,10000,,,,,America/New_York,17:00
"""
ACCOUNTS = """account,plan,phase,status,opened_at,closed_at
A,utc,evaluation,active,2026-01-01T12:00:00Z,
OLD,utc,evaluation,closed,2026-01-01T12:00:00Z,2026-02-12T12:00:00Z
B,utc,evaluation,active,2026-01-01T12:00:00Z,
C,new-york,funded,active,2026-01-01T12:00:00Z,
D,utc,evaluation,breached,2026-01-01T12:00:00Z,
""" + "".join(f"N{number:02},utc,evaluation,active,2026-01-01T12:00:00Z,\n" for number in range(60))
HEADER = "account,ticket,symbol,side,lots,open_time,close_time,open_price,close_price,profit\n"


class Desk:
    monday = date(2026, 3, 2)

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder, self.tickets = database, folder, 0
        self.rows: list[str] = []
        for kind, text in ((Kind.PLANS, PLANS), (Kind.ACCOUNTS, ACCOUNTS)):
            self.load(kind, text)

    def load(self, kind: Kind, text: str) -> None:
        path = self.folder / f"{kind}-{len(list(self.folder.iterdir()))}.csv"
        path.write_text(text)
        assert load(self.database, kind, path).rows_rejected == 0

    def trade(
        self,
        opened: datetime,
        *,
        account: str = "A",
        held: float = 600,
        lots: float = 1.0,
        profit: float = 10.0,
        symbol: str = "EURUSD",
        side: str = "buy",
    ) -> None:
        self.tickets += 1
        closed = opened + timedelta(seconds=held)
        self.rows.append(
            f"{account},{self.tickets},{symbol},{side},{lots:.2f},{opened:%Y-%m-%dT%H:%M:%SZ},"
            f"{closed:%Y-%m-%dT%H:%M:%SZ},1.1,1.2,{profit:.2f}\n"
        )

    def book(self) -> None:
        if self.rows:
            self.load(Kind.TRADES, HEADER + "".join(self.rows))
            self.rows = []
            refresh_metrics(self.database)
            refresh_aggregates(self.database)

    def found(
        self, rule: str, since: date | None = None, until: date | None = None, **parameters: Any
    ) -> list[Violation]:
        self.book()
        settings = Settings(rules={rule: parameters})
        first = since or self.monday - timedelta(days=40)
        last = until or self.monday + timedelta(days=60)
        return find_violations(self.database, settings, since=first, until=last, rules=[rule])


@pytest.fixture
def desk(clean_database: Database, tmp_path: Path) -> Desk:
    return Desk(clean_database, tmp_path)
