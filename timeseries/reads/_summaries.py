"""What was traded over some days: by day, and by symbol. One row for each currency, never a sum of two."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from timeseries.database import Database, statement
from timeseries.reads._scope import check_positive, find_scope

__all__ = ["SymbolPerformance", "TradeSummary", "Trading", "symbol_performance", "trade_summary"]


@dataclass(frozen=True)
class Trading:
    """Trades in one currency, of one trading day or of a period.

    Attributes:
        trading_day: the day; None: the whole period.
        win_rate: trades with a net profit as a share of all; None without trades.
        gross_profit: of the winning trades, commission and swap included; ``gross_loss`` is negative.
        profit_factor: gross profit over gross loss; None without a loss.
        lots: of all trades together; ``largest_lots`` of the largest one.
        average_seconds_held: from open to close; None without trades.
    """

    currency: str
    trading_day: date | None
    trades: int
    wins: int
    losses: int
    win_rate: float | None
    gross_profit: Decimal
    gross_loss: Decimal
    net_profit: Decimal
    profit_factor: float | None
    lots: Decimal
    largest_lots: Decimal
    average_seconds_held: float | None


@dataclass(frozen=True)
class TradeSummary:
    """The trading of a period, from ``since`` to ``until`` inclusive; both None when there is no day at all.

    Attributes:
        totals: one for each currency.
        days: one for each currency and trading day, the oldest first within a currency; idle days included.
    """

    since: date | None
    until: date | None
    totals: tuple[Trading, ...]
    days: tuple[Trading, ...]


@dataclass(frozen=True)
class SymbolPerformance:
    """The trading of one symbol in one currency; ``accounts`` is how many traded it. Else as ``Trading``."""

    symbol: str
    currency: str
    accounts: int
    trades: int
    wins: int
    losses: int
    win_rate: float | None
    gross_profit: Decimal
    gross_loss: Decimal
    net_profit: Decimal
    profit_factor: float | None
    lots: Decimal


def trade_summary(
    database: Database,
    *,
    account: str | None = None,
    group: str | None = None,
    days: int = 30,
    until: date | None = None,
) -> TradeSummary:
    """The trading of an account, a group, or the firm over the last days, in all and by trading day.

    Args:
        days: how many calendar days.
        until: the last of them, a trading day; by default the newest with metrics, of the account where
            one is named.

    Raises:
        NotFound: there is no such account or group.
        InputError: both are given, or the number of days is below one.
    """
    check_positive(days=days)
    with database.transaction() as connection:
        scope = find_scope(connection, account, group)
        last = until or _newest(connection, "reads.newest_day", scope)
        if last is None:
            return TradeSummary(None, None, (), ())
        since = last - timedelta(days=days - 1)
        found = connection.execute(statement("reads.trade_summary"), {**scope, "since": since, "until": last})
        rows = [Trading(**row) for row in found.mappings()]
    whole = tuple(row for row in rows if row.trading_day is None)
    return TradeSummary(since, last, whole, tuple(row for row in rows if row.trading_day is not None))


def symbol_performance(
    database: Database,
    *,
    account: str | None = None,
    group: str | None = None,
    days: int = 30,
    until: date | None = None,
) -> list[SymbolPerformance]:
    """The symbols that an account, a group, or the firm traded over the last days, the most traded first.

    Args:
        days: how many days, of UTC.
        until: the last of them; by default the newest with trades, of the account where one is named.

    Raises:
        NotFound: there is no such account or group.
        InputError: both are given, or the number of days is below one.
    """
    check_positive(days=days)
    with database.transaction() as connection:
        scope = find_scope(connection, account, group)
        last = until or _newest(connection, "reads.newest_bucket", scope)
        if last is None:
            return []
        end = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
        span = {"since": end - timedelta(days=days), "until": end}
        found = connection.execute(statement("reads.symbol_performance"), {**scope, **span})
        return [SymbolPerformance(**row) for row in found.mappings()]


def _newest(connection: Connection, query: str, scope: dict[str, object]) -> date | None:
    newest = connection.execute(statement(query), {"account_id": scope["account_id"]}).scalar_one_or_none()
    return newest.date() if isinstance(newest, datetime) else newest
