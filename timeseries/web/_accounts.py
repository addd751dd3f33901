"""``/accounts``: where they stand, their metrics, trades and positions."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from timeseries.reads import (
    AccountStanding,
    OpenPositions,
    account_days,
    account_standing,
    account_trades,
    open_positions,
    overview,
)
from timeseries.web._dependencies import ReadingDatabase
from timeseries.web._memory import remembered
from timeseries.web._paging import place_of, stranger, written
from timeseries.web._parameters import (
    AccountName,
    Cursor,
    GroupFilter,
    Limit,
    Since,
    SinceDay,
    Until,
    UntilDay,
)
from timeseries.web._values import Day, Instant, Model, Money, Text

__all__ = ["router"]

router = APIRouter(prefix="/accounts", tags=["accounts"])


class Standing(Model):
    """An account on its last trading day with metrics; money in its currency."""

    account: str = Field(description="The firm's name for it.")
    plan: str
    phase: str = Field(description="Of the plan, such as `challenge` or `funded`.")
    account_group: str | None
    status: str = Field(description="`active`, `breached`, `passed` or `closed`.")
    currency: str = Field(description="ISO 4217.", examples=["USD"])
    opened_at: Instant
    initial_balance: Money
    profit_target: Money | None = Field(description="Of the plan; null: no such rule.")
    daily_loss: Money | None = Field(description="The plan's limit; null: no such rule.")
    max_drawdown: Money | None = Field(description="The plan's limit; null: no such rule.")
    last_day: Day | None = Field(description="The trading day that the day's figures are of; null: none yet.")
    balance: Money
    net_profit: Money = Field(description="Since the account was opened, after commission and swap.")
    day_profit: Money | None = Field(description="Net profit of `last_day`.")
    daily_loss_left: Money | None = Field(description="Before the rule is broken; negative: it was.")
    max_drawdown_left: Money | None = Field(description="Before the rule is broken; negative: it was.")
    equity: Money | None = Field(description="Of the newest 5-minute bucket with snapshots.")
    equity_at: Instant | None = Field(description="Where that bucket begins, UTC.")
    last_trade_at: Instant | None = Field(
        description="Start of the 5-minute bucket of the newest trade, UTC."
    )
    open_positions: int
    stale_days: int = Field(description="Days whose metrics wait to be computed again.")


class Standings(Model):
    """A page of accounts."""

    items: list[Standing]
    next: str | None = Field(description="The cursor of the next page; null: this is the last.")
    total: int = Field(description="How many accounts there are of this kind, on all pages.")


class DailyMetrics(Model):
    """One trading day of an account; money in its currency."""

    account: str
    trading_day: Day
    currency: str
    trades: int
    wins: int
    losses: int
    break_even: int
    win_rate: float | None = Field(description="0 to 1; null without trades.")
    gross_profit: Money
    gross_loss: Money = Field(description="Negative or zero.")
    net_profit: Money
    profit_factor: float | None = Field(description="Gross profit over gross loss; null without a loss.")
    expectancy: float | None = Field(description="Net profit a trade; null without trades.")
    commission: Money
    swap: Money
    lots: Money
    largest_lots: Money
    average_seconds_held: float | None = Field(description="From open to close; null without trades.")
    balance_operations: Money = Field(description="Deposits less withdrawals.")
    balance_start: Money | None
    balance_end: Money | None
    balance_low: Money | None
    equity_start: Money | None
    equity_end: Money | None
    equity_low: Money | None
    equity_high: Money | None
    day_drawdown: Money | None = Field(description="Largest fall of equity from its peak within the day.")
    max_drawdown: Money | None = Field(description="Largest fall from the peak so far.")
    daily_loss_left: Money | None
    max_drawdown_left: Money | None
    consistency_share: float | None = Field(description="The best day's share of all profit, 0 to 1.")
    stale: bool = Field(description="Whether the day waits to be computed again.")


class MetricsPage(Model):
    """A page of an account's trading days, newest first."""

    items: list[DailyMetrics]
    next: str | None


class ClosedTrade(Model):
    """A closed trade; money in its account's currency, times UTC."""

    ticket: int = Field(description="The trading platform's number.")
    symbol: str
    side: str = Field(description="`buy` or `sell`.")
    lots: Money
    open_time: Instant
    close_time: Instant
    open_price: Money
    close_price: Money
    commission: Money
    swap: Money
    profit: Money
    net_profit: Money = Field(description="After commission and swap.")


class TradesPage(Model):
    """A page of an account's trades, the newest close first."""

    currency: str
    items: list[ClosedTrade]
    next: str | None


class OpenPosition(Model):
    """A position still open; money in the account's currency, times UTC."""

    ticket: int
    symbol: str
    side: str
    lots: Money
    open_time: Instant
    open_price: Money
    commission: Money
    swap: Money
    profit: Money


class Positions(Model):
    """What was open at a moment."""

    as_of: Instant | None = Field(description="Null: no statement was loaded that would show any.")
    positions: list[OpenPosition]


Status = Annotated[
    Literal["active", "breached", "passed", "closed"] | None,
    Query(description="Only accounts of this status."),
]
Plan = Annotated[Text | None, Query(max_length=200, description="Only accounts on this plan.")]
Order = Annotated[
    Literal["name", "risk"],
    Query(description="`risk`: those with the smallest share of their drawdown limit left first."),
]
Symbol = Annotated[Text | None, Query(max_length=100, description="Only trades of this symbol.")]


@router.get("", response_model=Standings, summary="Where accounts stand")
@remembered(3)
def list_accounts(
    database: ReadingDatabase,
    group: GroupFilter = None,
    plan: Plan = None,
    status: Status = None,
    sort: Order = "name",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Accounts by name or by risk, each on its last trading day with metrics."""
    place = place_of(cursor, str, float, str)
    if place is not None and place[0] != sort:
        raise stranger()
    after = None if place is None else place[1:]
    found = overview(database, group=group, plan=plan, status=status, sort=sort, after=after, limit=limit)
    return {
        "items": found.accounts,
        "next": written(found.next and (sort, *found.next)),
        "total": found.total,
    }


@router.get("/{account}", response_model=Standing, summary="Where one account stands")
def one_account(database: ReadingDatabase, account: AccountName) -> AccountStanding:
    """One account on its last trading day with metrics."""
    return account_standing(database, account)


@router.get("/{account}/metrics", response_model=MetricsPage, summary="Daily metrics")
def metrics(
    database: ReadingDatabase,
    account: AccountName,
    since: SinceDay = None,
    until: UntilDay = None,
    limit: Limit = 30,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """One row a trading day, newest first."""
    place = place_of(cursor, Day)
    before = None if place is None else place[0]
    rows = account_days(database, account, since=since, until=until, before=before, days=limit + 1)
    page = [{**row, "average_seconds_held": _seconds(row["average_holding_time"])} for row in rows[:limit]]
    more = len(rows) > limit
    return {"items": page, "next": written((page[-1]["trading_day"],)) if more else None}


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


@router.get("/{account}/trades", response_model=TradesPage, summary="Closed trades")
def trades(
    database: ReadingDatabase,
    account: AccountName,
    since: Since = None,
    until: Until = None,
    symbol: Symbol = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The newest close first. A trade that is loaded meanwhile shifts no page."""
    before = place_of(cursor, Instant, int)
    found = account_trades(
        database, account, since=since, until=until, symbol=symbol, before=before, limit=limit
    )
    return {"currency": found.currency, "items": found.trades, "next": written(found.older)}


@router.get("/{account}/positions", response_model=Positions, summary="Open positions")
def positions(database: ReadingDatabase, account: AccountName) -> OpenPositions:
    """What the account's newest statement shows as open, the oldest position first."""
    return open_positions(database, account)
