"""Reading daily metrics for people."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from timeseries.database import Database, statement
from timeseries.errors import InputError
from timeseries.metrics._panel import load_accounts

__all__ = ["Freshness", "account_days", "account_list", "known_day", "last_complete_day"]


@dataclass(frozen=True)
class Freshness:
    """How far the daily metrics reach.

    Attributes:
        day: the last weekday with data that has ended on every plan's calendar; None without data.
        stale: account-days whose metrics are out of date.
    """

    day: date | None
    stale: int


def last_complete_day(database: Database) -> Freshness:
    """The day that detection and forecasts take as "yesterday"."""
    with database.transaction() as connection:
        row = connection.execute(statement("metrics.last_complete_day")).one()
    return Freshness(row.day, row.stale)


def known_day(database: Database) -> date:
    """The last complete day, for work that cannot do without one.

    Raises:
        InputError: there is none.
    """
    day = last_complete_day(database).day
    if day is None:
        raise InputError(
            "There is no complete trading day yet: load trades with `timeseries ingest trades FILE`."
        )
    return day


def account_days(
    database: Database, account: str, *, since: date | None = None, days: int = 30
) -> list[dict[str, Any]]:
    """One account's daily metrics, newest first, in ordinary numbers (see the view ``plain.daily_metrics``).

    Raises:
        NotFound: there is no such account.
    """
    with database.transaction() as connection:
        found = connection.execute(
            statement("metrics.account_days"), {"account": account, "since": since, "days": days}
        )
        rows = [dict(row) for row in found.mappings()]
    if not rows:
        load_accounts(database, account=account)
    return rows


def account_list(
    database: Database, *, status: str | None = None, limit: int = 50
) -> tuple[int, list[dict[str, Any]]]:
    """Accounts by name with where they stand, and how many there are in all."""
    with database.transaction() as connection:
        found = connection.execute(statement("metrics.account_list"), {"status": status, "limit": limit})
        rows = [dict(row) for row in found.mappings()]
    total = int(rows[0]["total"]) if rows else 0
    return total, [{name: value for name, value in row.items() if name != "total"} for row in rows]
