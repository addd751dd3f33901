"""What is foretold of an account, what was, and what came of it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from timeseries.database import Database, run
from timeseries.reads._scope import check_positive, find_account

__all__ = [
    "AccountForecast",
    "ExpectedDays",
    "ForecastOutcome",
    "account_forecast",
    "expected_days",
    "forecast_outcomes_of",
]

Numbers = tuple[float, ...]


@dataclass(frozen=True)
class AccountForecast:
    """The newest stored forecast of an account; money in its currency.

    Attributes:
        origin: the last trading day known when it was made, at ``made_at`` (UTC).
        levels: the quantiles' probabilities.
        days: the weekdays ahead, ``horizon`` of them.
        mean: expected net profit of each day.
        quantiles: [day][level] of each day's net profit.
        total_quantiles: [day][level] of the profit from the first day to that one.
        daily_loss_breach, max_drawdown_breach, any_breach: probabilities within the horizon; None: no such
            rule. The other probabilities likewise.
        expected_payout: to the trader; None where nothing is paid out.
        daily_loss_left: what the plan allows to be lost on each day ahead; None: no such limit.
        max_drawdown_left: what could be lost from the end of the origin on; negative: it is lost already.
        profit_target_left: what is still to be earned; negative: more than that was. None: no target.
    """

    origin: date
    made_at: datetime
    model: str
    horizon: int
    currency: str
    levels: Numbers
    days: tuple[date, ...]
    mean: Numbers
    quantiles: tuple[Numbers, ...]
    total_quantiles: tuple[Numbers, ...]
    daily_loss_breach: float | None
    max_drawdown_breach: float | None
    any_breach: float | None
    profit_target_probability: float | None
    payout_probability: float | None
    expected_payout: Decimal | None
    daily_loss_left: Decimal | None
    max_drawdown_left: Decimal | None
    profit_target_left: Decimal | None


@dataclass(frozen=True)
class ExpectedDays:
    """What was foretold of trading days one day ahead, in columns of one length, oldest first.

    Net profit in the account's currency as plain numbers; None for an interval that was not stored.
    The last entry is the day after the newest forecast, which may be still to come.
    """

    currency: str
    trading_day: tuple[date, ...] = ()
    median: tuple[float | None, ...] = ()
    low_80: tuple[float | None, ...] = ()
    high_80: tuple[float | None, ...] = ()
    low_95: tuple[float | None, ...] = ()
    high_95: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class ForecastOutcome:
    """A forecast whose horizon is over, against what came; money in the account's currency.

    Attributes:
        days_scored: days of the horizon that the account had metrics on.
        inside_80, inside_95: how many of these were within the interval foretold.
        total: net profit of the whole horizon.
        expected_total, low_80, high_80: what was foretold of it; None where the forecast is kept no longer.
        total_inside_80, total_inside_95: whether the total was within the interval foretold.
        daily_loss_breach: the probability foretold, and ``daily_loss_breached`` what came; the others
            likewise. None: no such rule.
    """

    origin: date
    last_day: date
    horizon: int
    model: str
    currency: str
    days_scored: int
    inside_80: int | None
    inside_95: int | None
    total: Decimal | None
    expected_total: Decimal | None
    low_80: Decimal | None
    high_80: Decimal | None
    total_inside_80: bool | None
    total_inside_95: bool | None
    daily_loss_breach: float | None
    max_drawdown_breach: float | None
    any_breach: float | None
    profit_target_probability: float | None
    daily_loss_breached: bool | None
    max_drawdown_breached: bool | None
    any_breached: bool | None
    profit_target_reached: bool | None


def account_forecast(database: Database, account: str) -> AccountForecast | None:
    """The newest stored forecast of an account; None when there is none.

    Raises:
        NotFound: there is no such account.
    """
    with database.transaction() as connection:
        key = {"account_id": find_account(connection, account).account_id}
        row = run(connection, "outlooks.account_forecast", key).mappings().one_or_none()
    if row is None:
        return None
    vectors = {name: tuple(row[name]) for name in ("levels", "days", "mean")}
    matrices = {name: tuple(map(tuple, row[name])) for name in ("quantiles", "total_quantiles")}
    return AccountForecast(**{**row, **vectors, **matrices})


def expected_days(
    database: Database, account: str, *, since: date | None = None, until: date | None = None
) -> ExpectedDays:
    """What the stored forecasts said of each trading day on the trading day before it.

    Args:
        since, until: only days between these, both included.

    Raises:
        NotFound: there is no such account.
    """
    with database.transaction() as connection:
        found = find_account(connection, account)
        span = {"account_id": found.account_id, "since": since, "until": until}
        rows = run(connection, "outlooks.expected_days", span).all()
    return ExpectedDays(found.currency, *zip(*rows, strict=True))


def forecast_outcomes_of(database: Database, account: str, *, limit: int = 30) -> tuple[ForecastOutcome, ...]:
    """Forecasts of an account whose horizon is over, against what came, newest first.

    Raises:
        NotFound: there is no such account.
        InputError: the limit is below one.
    """
    check_positive(outcomes=limit)
    with database.transaction() as connection:
        key = {"account_id": find_account(connection, account).account_id, "limit": limit}
        rows = run(connection, "outlooks.outcomes", key).mappings()
        return tuple(ForecastOutcome(**row) for row in rows)
