"""The whole firm at once: its days, its groups side by side, its hours, and what it may have to pay out."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from sqlalchemy import Connection

from timeseries.database import Database, run
from timeseries.reads._scope import check_known, check_positive, find_scope

__all__ = [
    "CohortReturns",
    "FirmDays",
    "GroupComparison",
    "PayoutForecast",
    "TradingHour",
    "cohort_returns",
    "firm_days",
    "group_comparison",
    "payout_forecasts",
    "trading_hours",
]


@dataclass(frozen=True)
class FirmDays:
    """Trading days of all accounts in one currency, in columns of one length, oldest first.

    Money as plain numbers.

    Attributes:
        net_profit: of the day's trades, all accounts together.
        active_accounts: how many of them traded.
        equity: at the end of the day, of the accounts with metrics on it; the balance where no snapshot was.
    """

    currency: str
    trading_day: tuple[date, ...]
    net_profit: tuple[float, ...]
    trades: tuple[int, ...]
    active_accounts: tuple[int, ...]
    equity: tuple[float | None, ...]


@dataclass(frozen=True)
class GroupComparison:
    """A group's accounts in one currency over some trading days.

    Attributes:
        group: None: accounts in no group.
        accounts: all there are; ``breached`` of them are in that state.
        active_accounts: those that traded on these days.
        net_profit: of these days; win rate and profit factor as in :class:`~timeseries.reads.Trading`.
    """

    group: str | None
    currency: str
    accounts: int
    active_accounts: int
    trades: int
    net_profit: Decimal
    win_rate: float | None
    profit_factor: float | None
    breached: int


@dataclass(frozen=True)
class TradingHour:
    """Trades closed in one hour (0 to 23, UTC) of one weekday (1 Monday to 7 Sunday), in one currency."""

    currency: str
    weekday: int
    hour: int
    trades: int
    net_profit: Decimal


@dataclass(frozen=True)
class CohortReturns:
    """How single days of a group's accounts went: net profit as a share of the initial balance.

    Attributes:
        group: None: accounts in no group.
        accounts: that traded.
        days: account-days with a trade; the others are left out.
        p5, p25, p50, p75, p95: quantiles of these days.
        volatility: their standard deviation; None with a single day.
    """

    group: str | None
    accounts: int
    days: int
    p5: float
    p25: float
    p50: float
    p75: float
    p95: float
    volatility: float | None


@dataclass(frozen=True)
class PayoutForecast:
    """What a group, or the whole firm, is expected to earn its traders, in one currency.

    Attributes:
        group: None: the whole firm.
        origin: the last trading day known when it was made.
        expected_payout: to the traders within the horizon; ``payout_low`` and ``payout_high`` at the
            outermost of ``levels``. None: nothing is paid out.
        expected_breaches: accounts expected to break a rule within the horizon.
        mean: net profit of each day ahead, all accounts together.
        total_quantiles: [day][level] of the profit from the first day to that one.
    """

    group: str | None
    currency: str
    origin: date
    horizon: int
    accounts: int
    expected_payout: float | None
    payout_low: float | None
    payout_high: float | None
    expected_breaches: float | None
    mean: tuple[float, ...]
    levels: tuple[float, ...]
    total_quantiles: tuple[tuple[float, ...], ...]


def firm_days(database: Database, *, group: str | None = None, days: int = 90) -> tuple[FirmDays, ...]:
    """The last trading days of the firm, or of a group, one series for each currency.

    Args:
        days: how many calendar days, up to the newest with metrics.

    Raises:
        NotFound: there is no account in such a group.
        InputError: the number of days is below one.
    """
    check_positive(days=days)
    with database.transaction() as connection:
        check_known(connection, group=group)
        span = _last_days(connection, days, group)
        rows = run(connection, "firm.days", {**span, "group": group}).all() if span else []
    by_currency = groupby(rows, key=lambda row: row.currency)
    return tuple(FirmDays(currency, *tuple(zip(*part, strict=True))[1:]) for currency, part in by_currency)


def group_comparison(database: Database, *, days: int = 30) -> tuple[GroupComparison, ...]:
    """The groups side by side over the last trading days, by name; one entry for each currency.

    Args:
        days: how many calendar days, up to the newest with metrics.

    Raises:
        InputError: the number of days is below one.
    """
    check_positive(days=days)
    nothing = {"since": date.max, "until": date.min}
    with database.transaction() as connection:
        rows = run(connection, "firm.groups", _last_days(connection, days) or nothing)
        return tuple(GroupComparison(**row) for row in rows.mappings())


def trading_hours(
    database: Database, *, account: str | None = None, group: str | None = None, days: int = 30
) -> tuple[TradingHour, ...]:
    """When in the week an account, a group, or the firm trades and earns; hours without trades are left out.

    Args:
        days: how many days of UTC, up to the newest with trades, of the account where one is named.

    Raises:
        NotFound: there is no such account or group.
        InputError: both are given, or the number of days is below one.
    """
    check_positive(days=days)
    with database.transaction() as connection:
        scope = find_scope(connection, account, group)
        last = run(connection, "reads.newest_bucket", scope).scalar_one_or_none()
        if last is None:
            return ()
        end = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
        span = {"since": end - timedelta(days=days), "until": end}
        return tuple(
            TradingHour(**row) for row in run(connection, "firm.hours", {**scope, **span}).mappings()
        )


def cohort_returns(database: Database, *, days: int = 30) -> tuple[CohortReturns, ...]:
    """How the trading days of each group's accounts went, by name; groups without a trade are left out.

    Args:
        days: how many calendar days, up to the newest with metrics.

    Raises:
        InputError: the number of days is below one.
    """
    check_positive(days=days)
    with database.transaction() as connection:
        span = _last_days(connection, days)
        rows = run(connection, "firm.cohorts", span).mappings() if span else ()
        return tuple(CohortReturns(**row) for row in rows)


def payout_forecasts(database: Database) -> tuple[PayoutForecast, ...]:
    """The newest forecasts of the whole firm, which comes first, and of its groups, one for each currency."""
    with database.transaction() as connection:
        rows = run(connection, "firm.payouts", {}).mappings().all()
    return tuple(
        PayoutForecast(
            **{
                **row,
                "mean": tuple(row["mean"]),
                "levels": tuple(row["levels"]),
                "total_quantiles": tuple(map(tuple, row["total_quantiles"])),
            }
        )
        for row in rows
    )


def _last_days(connection: Connection, days: int, group: str | None = None) -> dict[str, date] | None:
    last = run(connection, "firm.last_day", {"group": group}).scalar_one_or_none()
    return None if last is None else {"since": last - timedelta(days=days - 1), "until": last}
