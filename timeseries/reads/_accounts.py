"""Where accounts stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import Connection

from timeseries.database import Database, run, statement
from timeseries.errors import NotFound
from timeseries.reads._scope import check_known, check_positive, find_account

__all__ = [
    "AccountStanding",
    "Equity",
    "OpenPositions",
    "Overview",
    "Position",
    "account_days",
    "account_standing",
    "latest_equity",
    "open_positions",
    "overview",
]

Place = tuple[float | None, str]
ORDERS = {"name": "reads.accounts_by_name", "risk": "reads.accounts_by_risk"}


@dataclass(frozen=True)
class AccountStanding:
    """An account on its last trading day with metrics; money in its currency, instants in UTC.

    Attributes:
        profit_target: of the plan, as ``daily_loss`` and ``max_drawdown``; None: no such rule.
        last_day: the trading day that ``day_profit`` and what is left of the limits are of; None: no day yet.
        daily_loss_left: negative: breached; None: no such limit, or no day yet; as ``max_drawdown_left``.
        equity: of the newest 5-minute bucket with snapshots, beginning at ``equity_at``; None: no snapshot.
        last_trade_at: start of the 5-minute bucket of the newest trade.
        stale_days: days whose metrics wait to be computed again.
    """

    account: str
    plan: str
    phase: str
    account_group: str | None
    status: str
    currency: str
    opened_at: datetime
    initial_balance: Decimal
    profit_target: Decimal | None
    daily_loss: Decimal | None
    max_drawdown: Decimal | None
    last_day: date | None
    balance: Decimal
    net_profit: Decimal
    day_profit: Decimal | None
    daily_loss_left: Decimal | None
    max_drawdown_left: Decimal | None
    equity: Decimal | None
    equity_at: datetime | None
    last_trade_at: datetime | None
    open_positions: int
    stale_days: int

    @property
    def stale(self) -> bool:
        """Whether any of these numbers is known to be out of date."""
        return self.stale_days > 0


@dataclass(frozen=True)
class Overview:
    """Some accounts, and how many there are of the kind in all.

    Attributes:
        next: give it as ``after`` to read on in the same order; None: there are no more.
    """

    total: int
    accounts: tuple[AccountStanding, ...]
    next: Place | None = None


@dataclass(frozen=True)
class Equity:
    """A snapshot of an account at a moment, UTC; money in its currency; margin None where none was given."""

    time: datetime
    balance: Decimal
    equity: Decimal
    margin: Decimal | None


@dataclass(frozen=True)
class Position:
    """A position still open; money in the account's currency, times UTC."""

    ticket: int
    symbol: str
    side: str
    lots: Decimal
    open_time: datetime
    open_price: Decimal
    commission: Decimal
    swap: Decimal
    profit: Decimal


@dataclass(frozen=True)
class OpenPositions:
    """What was open at a moment, UTC; ``as_of`` None: no statement was loaded that would show any."""

    as_of: datetime | None
    positions: tuple[Position, ...]


def overview(
    database: Database,
    *,
    accounts: Sequence[str] | None = None,
    status: str | None = None,
    group: str | None = None,
    plan: str | None = None,
    sort: Literal["name", "risk"] = "name",
    after: Place | None = None,
    limit: int = 100,
) -> Overview:
    """Where accounts stand: those named, or all of a kind.

    Args:
        accounts: only these.
        status: only those ``active``, ``breached``, ``passed`` or ``closed``.
        group: only those of this group.
        plan: only those on this plan.
        sort: ``name``, or ``risk``: those with the smallest share of their drawdown limit left first.
        after: where the page before ended, its ``next``. By risk, an account whose share changes meanwhile
            may come twice or not at all.
        limit: at most so many.

    Raises:
        NotFound: there is no such account, group or plan.
        InputError: the limit is below one.
    """
    check_positive(accounts=limit)
    names = None if accounts is None else list(accounts)
    kind = {"accounts": names, "status": status, "group": group, "plan": plan}
    share, name = after or (None, None)
    page = {"after_share": share, "after_account": name, "limit": limit + 1}
    with database.transaction() as connection:
        check_known(connection, group=group, plan=plan)
        _check_names(connection, names)
        total = connection.execute(statement("reads.matching_accounts"), kind).scalar_one()
        found = run(connection, ORDERS[sort], {**kind, **page}).all()
        chosen = [row.account_id for row in found[:limit]]
        rows = connection.execute(statement("reads.overview"), {"account_ids": chosen}).mappings()
        standings = tuple(AccountStanding(**row) for row in rows)
    last = found[limit - 1] if len(found) > limit else None
    return Overview(total, standings, None if last is None else (last.share, last.account))


def account_standing(database: Database, account: str) -> AccountStanding:
    """Where one account stands.

    Raises:
        NotFound: there is no such account.
    """
    with database.transaction() as connection:
        chosen = [find_account(connection, account).account_id]
        row = run(connection, "reads.overview", {"account_ids": chosen}).mappings().one()
        return AccountStanding(**row)


def latest_equity(database: Database, account: str) -> Equity | None:
    """The newest snapshot of an account; None when there never was one.

    Where the raw snapshots were dropped it is that of the newest 5-minute bucket, at the bucket's start.

    Raises:
        NotFound: there is no such account.
    """
    with database.transaction() as connection:
        found = {"account_id": find_account(connection, account).account_id}
        row = connection.execute(statement("reads.latest_equity"), found).mappings().one_or_none()
    return None if row is None else Equity(**row)


def open_positions(database: Database, account: str) -> OpenPositions:
    """What the newest statement of an account shows as open, the oldest position first.

    Raises:
        NotFound: there is no such account.
    """
    with database.transaction() as connection:
        found = find_account(connection, account)
        rows = connection.execute(statement("reads.open_positions"), {"account_id": found.account_id})
        return OpenPositions(found.positions_as_of, tuple(Position(**row) for row in rows.mappings()))


def account_days(
    database: Database,
    account: str,
    *,
    since: date | None = None,
    until: date | None = None,
    before: date | None = None,
    days: int = 30,
) -> list[dict[str, Any]]:
    """One account's daily metrics, newest first, in ordinary numbers (see the view ``plain.daily_metrics``).

    Args:
        since, until: only trading days between these, both included.
        before: only earlier trading days: the last one of the page before.
        days: at most so many rows; days without metrics have none.

    Raises:
        NotFound: there is no such account.
        InputError: the number of days is below one.
    """
    check_positive(days=days)
    with database.transaction() as connection:
        find_account(connection, account)
        parameters = {"account": account, "since": since, "until": until, "before": before, "days": days}
        rows = connection.execute(statement("reads.account_days"), parameters)
        return [dict(row) for row in rows.mappings()]


def _check_names(connection: Connection, names: list[str] | None) -> None:
    unknown = connection.scalars(statement("reads.unknown_accounts"), {"accounts": names or []}).all()
    if unknown:
        raise NotFound(
            f"There is no account {', '.join(map(repr, unknown))}: `timeseries accounts` lists them."
        )
