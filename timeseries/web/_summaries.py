"""``/symbols``, ``/features`` and ``/firm``: many accounts at once."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from timeseries.reads import (
    cohort_returns,
    feature_page,
    firm_days,
    group_comparison,
    payout_forecasts,
    symbol_performance,
    trading_hours,
)
from timeseries.web._dependencies import ReadingDatabase
from timeseries.web._memory import remembered
from timeseries.web._paging import place_of, written
from timeseries.web._parameters import AccountFilter, Cursor, Days, GroupFilter, Limit
from timeseries.web._values import Day, Model, Money, TradingDay

__all__ = ["router"]

router = APIRouter(tags=["firm"])


class Symbol(Model):
    """The trading of one symbol in one currency."""

    symbol: str
    currency: str
    accounts: int = Field(description="How many traded it.")
    trades: int
    wins: int
    losses: int
    win_rate: float | None = Field(description="0 to 1.")
    gross_profit: Money
    gross_loss: Money = Field(description="Negative or zero.")
    net_profit: Money = Field(description="After commission and swap.")
    profit_factor: float | None = Field(description="Gross profit over gross loss; null without a loss.")
    lots: Money


class Symbols(Model):
    """The symbols, the most traded first."""

    items: list[Symbol]
    next: str | None = None


class FirmSeries(Model):
    """Trading days in one currency, in columns of one length, oldest first; money as plain numbers."""

    currency: str
    trading_day: list[Day]
    net_profit: list[float]
    trades: list[int]
    active_accounts: list[int] = Field(description="Those that traded.")
    equity: list[float | None] = Field(
        description="At the end of the day, of the accounts with metrics on it."
    )


class FirmDays(Model):
    """One series for each currency."""

    series: list[FirmSeries]


class Group(Model):
    """A group's accounts in one currency over the days."""

    group: str | None = Field(description="Null: accounts in no group.")
    currency: str
    accounts: int
    active_accounts: int = Field(description="Those that traded on these days.")
    trades: int
    net_profit: Money
    win_rate: float | None
    profit_factor: float | None
    breached: int = Field(description="Accounts that are breached now.")


class Groups(Model):
    """The groups side by side."""

    items: list[Group]
    next: str | None = None


class Cell(Model):
    """One hour of one weekday, of UTC."""

    currency: str
    weekday: int = Field(ge=1, le=7, description="1 Monday to 7 Sunday.")
    hour: int = Field(ge=0, le=23)
    trades: int
    net_profit: Money


class Hours(Model):
    """When in the week is traded and earned; hours without a trade are left out."""

    cells: list[Cell]


class Cohort(Model):
    """How single days of a group's accounts went: net profit as a share of the initial balance."""

    group: str | None
    accounts: int = Field(description="Those that traded.")
    days: int = Field(description="Account-days with a trade.")
    p5: float
    p25: float
    p50: float
    p75: float
    p95: float
    volatility: float | None = Field(description="Standard deviation of these days.")


class Cohorts(Model):
    """The groups' days side by side."""

    items: list[Cohort]
    next: str | None = None


class Payout(Model):
    """What a group, or the whole firm, is expected to earn its traders; money as plain numbers."""

    group: str | None = Field(description="Null: the whole firm.")
    currency: str
    origin: Day = Field(description="The last trading day known when it was made.")
    horizon: int = Field(description="Trading days ahead.")
    accounts: int
    expected_payout: float | None
    payout_low: float | None = Field(description="At the lowest of `levels`.")
    payout_high: float | None = Field(description="At the highest of `levels`.")
    expected_breaches: float | None = Field(description="Accounts expected to break a rule.")
    mean: list[float] = Field(description="Net profit of each day ahead.")
    levels: list[float]
    total_quantiles: list[list[float]] = Field(description="[day][level] of the profit up to that day.")


class Payouts(Model):
    """The newest forecasts."""

    items: list[Payout]
    next: str | None = None


class Features(Model):
    """What the analytics know of an account on one trading day; money in its currency, plain numbers."""

    account: str
    cohort: str = Field(description="Plan and phase.")
    account_group: str | None
    status: str
    currency: str
    net_profit: float | None
    trades: float | None
    wins: float | None
    losses: float | None
    win_rate: float | None
    profit_factor: float | None
    lots: float | None
    largest_lots: float | None
    average_seconds_held: float | None
    balance_operations: float | None
    balance_end: float | None
    equity_end: float | None
    equity_low: float | None
    day_drawdown: float | None
    max_drawdown: float | None
    daily_loss_left: float | None
    max_drawdown_left: float | None
    consistency_share: float | None
    stale: bool


class FeaturePage(Model):
    """A page of accounts, by name."""

    items: list[Features]
    next: str | None


@router.get("/symbols", response_model=Symbols, summary="Symbol performance")
@remembered(10)
def symbols(
    database: ReadingDatabase, account: AccountFilter = None, group: GroupFilter = None, days: Days = 30
) -> dict[str, Any]:
    """Of an account, a group, or the firm (not both), the most traded first."""
    return {"items": symbol_performance(database, account=account, group=group, days=days)}


@router.get("/features", response_model=FeaturePage, summary="Feature rows")
@remembered(10)
def features(
    database: ReadingDatabase,
    day: Annotated[TradingDay | None, Query(description="By default the last complete one.")] = None,
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """What the analytics know of every account on one trading day."""
    place = place_of(cursor, str)
    after = None if place is None else place[0]
    rows = feature_page(database, day, after=after, limit=limit + 1)
    page, more = rows[:limit], len(rows) > limit
    return {"items": page, "next": written((page[-1]["account"],)) if more else None}


@router.get("/firm/days", response_model=FirmDays, summary="The firm's days")
@remembered(10)
def days_of_firm(database: ReadingDatabase, group: GroupFilter = None, days: Days = 90) -> dict[str, Any]:
    """Profit, trades, active accounts and equity by trading day, for each currency."""
    return {"series": firm_days(database, group=group, days=days)}


@router.get("/firm/groups", response_model=Groups, summary="Groups side by side")
@remembered(10)
def groups_of_firm(database: ReadingDatabase, days: Days = 30) -> dict[str, Any]:
    """Cross-group analytics over the last days."""
    return {"items": group_comparison(database, days=days)}


@router.get("/firm/hours", response_model=Hours, summary="Hour by weekday")
@remembered(10)
def hours_of_firm(
    database: ReadingDatabase, account: AccountFilter = None, group: GroupFilter = None, days: Days = 30
) -> dict[str, Any]:
    """When in the week an account, a group, or the firm trades and earns, in UTC."""
    return {"cells": trading_hours(database, account=account, group=group, days=days)}


@router.get("/firm/cohorts", response_model=Cohorts, summary="Cohorts compared")
@remembered(10)
def cohorts_of_firm(database: ReadingDatabase, days: Days = 30) -> dict[str, Any]:
    """How single days of each group's accounts went."""
    return {"items": cohort_returns(database, days=days)}


@router.get("/firm/payouts", response_model=Payouts, summary="Payout forecasts")
@remembered(10)
def payouts_of_firm(database: ReadingDatabase) -> dict[str, Any]:
    """The newest forecast of the whole firm, and of each group, for each currency."""
    return {"items": payout_forecasts(database)}
