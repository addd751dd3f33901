"""``/accounts/{account}``: its equity as a line, what is foretold of it, and what came of that."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from timeseries.errors import NotFound
from timeseries.reads import (
    AccountForecast,
    EquitySeries,
    ExpectedDays,
    account_forecast,
    equity_series,
    expected_days,
    forecast_outcomes_of,
)
from timeseries.web._dependencies import ReadingDatabase
from timeseries.web._parameters import AccountName, Limit, Since, SinceDay, Until, UntilDay
from timeseries.web._values import Day, Instant, Model, Money

__all__ = ["router"]

router = APIRouter(prefix="/accounts/{account}", tags=["accounts"])


class Equity(Model):
    """Equity and balance in columns of one length, oldest first; a stretch without snapshots has no entry."""

    level: str = Field(description="How long an entry is: `5 minutes`, `1 hour` or `1 day` (of UTC).")
    currency: str
    time: list[Instant] = Field(description="When each entry begins, UTC.")
    equity: list[float] = Field(description="The last of each entry.")
    low: list[float] = Field(description="The lowest equity of each entry.")
    high: list[float]
    balance: list[float] = Field(description="The last of each entry.")


class Breach(Model):
    """Chances of breaking a rule within the horizon, 0 to 1; null: no such rule."""

    daily_loss: float | None
    max_drawdown: float | None
    any: float | None


class Lines(Model):
    """What may still be lost, or is still to be earned; null: no such rule."""

    daily_loss_left: Money | None
    max_drawdown_left: Money | None
    profit_target_left: Money | None


class Forecast(Model):
    """The newest stored forecast of an account's net profit; money in its currency."""

    origin: Day = Field(description="The last trading day known when it was made.")
    made_at: Instant
    model: str
    horizon: int = Field(description="Trading days ahead.")
    currency: str
    levels: list[float] = Field(description="The quantiles' probabilities.")
    days: list[Day]
    mean: list[float] = Field(description="Of each day.")
    quantiles: list[list[float]] = Field(description="[day][level] of each day's net profit.")
    total_quantiles: list[list[float]] = Field(description="[day][level] of the profit up to that day.")
    breach: Breach
    profit_target_probability: float | None
    payout_probability: float | None
    expected_payout: Money | None
    lines: Lines


class Expected(Model):
    """What was foretold of trading days one day ahead, in columns of one length, oldest first."""

    currency: str
    trading_day: list[Day]
    median: list[float | None]
    low_80: list[float | None]
    high_80: list[float | None]
    low_95: list[float | None]
    high_95: list[float | None]


class Outcome(Model):
    """A forecast whose horizon is over, against what came; money in the account's currency."""

    origin: Day
    last_day: Day
    horizon: int
    model: str
    currency: str
    days_scored: int = Field(description="Days of the horizon that the account had metrics on.")
    inside_80: int | None = Field(description="How many of these were within the interval foretold.")
    inside_95: int | None
    total: Money | None = Field(description="Net profit of the whole horizon.")
    expected_total: Money | None
    low_80: Money | None
    high_80: Money | None
    total_inside_80: bool | None
    total_inside_95: bool | None
    daily_loss_breach: float | None = Field(description="The chance foretold; null: no such rule.")
    max_drawdown_breach: float | None
    any_breach: float | None
    profit_target_probability: float | None
    daily_loss_breached: bool | None = Field(description="What came.")
    max_drawdown_breached: bool | None
    any_breached: bool | None
    profit_target_reached: bool | None


class Outcomes(Model):
    """Forecasts against what came, newest first."""

    items: list[Outcome]
    next: str | None = None


Points = Annotated[
    int, Query(ge=2, le=5000, description="The most entries wanted; only days, the coarsest, may be more.")
]


@router.get("/equity", response_model=Equity, summary="Equity to draw")
def equity(
    database: ReadingDatabase,
    account: AccountName,
    since: Since = None,
    until: Until = None,
    points: Points = 800,
) -> EquitySeries:
    """Equity and balance from the aggregate that suits the length of the stretch."""
    return equity_series(database, account, since=since, until=until, points=points)


@router.get("/forecast", response_model=Forecast, summary="The newest forecast")
def forecast(database: ReadingDatabase, account: AccountName) -> dict[str, Any]:
    """Each day ahead, all days together, and the chances of breaking a rule."""
    found = account_forecast(database, account)
    if found is None:
        raise NotFound(
            f"There is no forecast of account {account!r} yet: `timeseries jobs run forecast` makes it."
        )
    return {**vars(found), "breach": _breach(found), "lines": found}


def _breach(found: AccountForecast) -> Breach:
    return Breach(
        daily_loss=found.daily_loss_breach, max_drawdown=found.max_drawdown_breach, any=found.any_breach
    )


@router.get("/expected", response_model=Expected, summary="What was foretold of each day")
def expected(
    database: ReadingDatabase, account: AccountName, since: SinceDay = None, until: UntilDay = None
) -> ExpectedDays:
    """One trading day ahead, to be held against what came."""
    return expected_days(database, account, since=since, until=until)


@router.get("/outcomes", response_model=Outcomes, summary="Forecasts against what came")
def outcomes(database: ReadingDatabase, account: AccountName, limit: Limit = 30) -> dict[str, Any]:
    """Forecasts whose horizon is over, newest first."""
    return {"items": forecast_outcomes_of(database, account, limit=limit)}
