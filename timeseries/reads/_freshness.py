"""How fresh an answer is."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from timeseries.database import Database, statement
from timeseries.metrics import PendingRange, last_complete_day, pending_ranges_on
from timeseries.reads._scope import find_account

__all__ = ["Freshness", "freshness"]

REFRESH = "`timeseries jobs run refresh`"


@dataclass(frozen=True)
class Freshness:
    """How far the answers of this moment reach, and what of them is known to be out of date.

    Attributes:
        account: whose answers; None: those about all accounts.
        newest_trade: start of the newest 5-minute bucket of trades that was computed, UTC; None: none was.
        newest_snapshot: the same of equity.
        complete_day: the last trading day that has ended on every plan's calendar; None without data.
        stale_days: account-days whose metrics wait to be computed again.
        rescoring: accounts with findings or forecasts made of numbers that changed since.
        pending: stretches of the aggregates that wait for a refresh, whichever accounts they touch.
    """

    account: str | None
    newest_trade: datetime | None
    newest_snapshot: datetime | None
    complete_day: date | None
    stale_days: int
    rescoring: int
    pending: tuple[PendingRange, ...]

    @property
    def newest(self) -> datetime | None:
        """The newest bucket of trades or equity that was computed, UTC."""
        return max((t for t in (self.newest_trade, self.newest_snapshot) if t is not None), default=None)

    @property
    def computed(self) -> bool:
        """Whether every number of the answer is up to date with what was loaded."""
        return not self.stale_days and not self.pending

    def sentence(self) -> str:
        """All this in a line for people."""
        parts = [self._reach(), self._backlog()]
        if self.rescoring:
            parts.append("findings wait to be scored again")
        return " · ".join(part for part in parts if part)

    def as_dict(self) -> dict[str, Any]:
        """All this for machines: one key for each attribute, and ``computed``."""
        return {**asdict(self), "computed": self.computed}

    def _reach(self) -> str:
        if self.newest is not None:
            return f"fresh to {self.newest:%Y-%m-%d %H:%M} UTC"
        return "nothing computed yet" if not self.computed else "no trades or equity loaded yet"

    def _backlog(self) -> str:
        if self.stale_days:
            days = "days of this account" if self.account else "account-days"
            counted = f"{self.stale_days:,} {days} wait"
            if self.stale_days == 1:
                counted = f"1 {days.replace('days', 'day')} waits"
            return f"{counted} for {REFRESH}"
        if self.pending:
            return f"{', '.join(sorted({p.aggregate for p in self.pending}))} wait for {REFRESH}"
        return "all days computed" if self.newest is not None else ""


def freshness(database: Database, account: str | None = None) -> Freshness:
    """How fresh answers about an account, or about all, are at this moment.

    Reads the newest buckets of the aggregates and the lists of what is out of date, no raw rows.

    Raises:
        NotFound: there is no such account.
    """
    with database.transaction() as connection:
        found = None if account is None else find_account(connection, account).account_id
        row = connection.execute(statement("reads.freshness"), {"account_id": found}).one()
        # When which part of an aggregate changed tells of everybody's accounts.
        pending = pending_ranges_on(connection) if row.of_whole_firm else []
    return Freshness(
        account=account,
        newest_trade=row.newest_trade,
        newest_snapshot=row.newest_snapshot,
        complete_day=last_complete_day(database).day,
        stale_days=row.stale_days,
        rescoring=row.rescoring,
        pending=tuple(pending),
    )
