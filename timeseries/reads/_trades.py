"""An account's trades, page by page."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from timeseries.database import Database, run, statement
from timeseries.reads._scope import check_positive, find_account

__all__ = ["Trade", "TradePage", "account_trades", "trading_span"]

Place = tuple[datetime, int]
BEFORE_ALL_TICKETS = -(2**63)


@dataclass(frozen=True)
class Trade:
    """A closed trade; money in its account's currency, times UTC, net profit after commission and swap."""

    ticket: int
    symbol: str
    side: str
    lots: Decimal
    open_time: datetime
    close_time: datetime
    open_price: Decimal
    close_price: Decimal
    commission: Decimal
    swap: Decimal
    profit: Decimal
    net_profit: Decimal


@dataclass(frozen=True)
class TradePage:
    """Some trades in the account's currency, newest first.

    Attributes:
        older: give it as ``before`` to read on; None: there are no more.
    """

    currency: str
    trades: tuple[Trade, ...]
    older: Place | None


def account_trades(
    database: Database,
    account: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    symbol: str | None = None,
    before: Place | None = None,
    limit: int = 100,
) -> TradePage:
    """A page of an account's trades, the newest close first.

    Pages hang together by the close and ticket they end at, so a trade that is loaded meanwhile shifts none.

    Args:
        since: only trades closed at this moment or later, UTC.
        until: only trades closed before this moment, UTC.
        symbol: only trades in it.
        before: where the page before ended, its ``older``.
        limit: at most so many.

    Raises:
        NotFound: there is no such account.
        InputError: the limit is below one.
    """
    check_positive(trades=limit)
    end, ticket = before or (until, BEFORE_ALL_TICKETS)
    span = {"since": since or "-infinity", "until": end or "infinity", "ticket": ticket}
    kind = {"symbol": symbol, "limit": limit + 1}
    with database.transaction() as connection:
        found = find_account(connection, account)
        key = {"account_id": found.account_id, "currency_digits": found.currency_digits}
        rows = connection.execute(statement("reads.account_trades"), {**key, **span, **kind}).mappings().all()
    trades = tuple(Trade(**row) for row in rows[:limit])
    more = len(rows) > limit
    return TradePage(found.currency, trades, (trades[-1].close_time, trades[-1].ticket) if more else None)


def trading_span(database: Database, account: str, first: date, last: date) -> tuple[datetime, datetime]:
    """When the first of some trading days begins on the account's own calendar, and the last ends; UTC.

    Raises:
        NotFound: there is no such account.
    """
    with database.transaction() as connection:
        found = find_account(connection, account)
        days = {"account_id": found.account_id, "first": first, "last": last}
        span = run(connection, "reads.trading_span", days).one()
    return span.since, span.until
