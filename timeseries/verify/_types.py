"""What a verification finds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

__all__ = ["AGGREGATES", "SUBJECTS", "Difference", "SubjectCheck", "SubjectState", "Verification"]

AGGREGATES = ("trades_5m", "trades_1d", "equity_5m", "equity_1d")
SUBJECTS = (*AGGREGATES, "daily_metrics")


@dataclass(frozen=True)
class Difference:
    """One value that is not what the raw data say, in the units of its column (money in minor units).

    A bucket or account-day that only one side has is one difference: its count of rows, with None on
    the side that lacks it.

    Attributes:
        account: the firm's name; None when there is no such account.
        symbol: None for equity and daily metrics.
        bucket: its start, UTC; of daily metrics the trading day at 00:00 UTC.
        kept: what the aggregate or table holds.
        recomputed: what the raw data say; for what a day carries forward, what the day before says.
    """

    subject: str
    account_id: int
    account: str | None
    symbol_id: int | None
    symbol: str | None
    bucket: datetime
    column_name: str
    kept: Decimal | None
    recomputed: Decimal | None


@dataclass(frozen=True)
class SubjectState:
    """How far an aggregate, or the daily metrics, can be trusted by what is known without comparing.

    Attributes:
        behind: how much newer the newest raw row's bucket or day is than the last computed one; None
            while the subject is empty.
        pending: ranges of an aggregate, or account-days, known to be out of date.
        since: raw data is kept in full from this moment (UTC) on; None: from the beginning.
    """

    subject: str
    behind: timedelta | None
    pending: int
    since: datetime | None


@dataclass(frozen=True)
class SubjectCheck:
    """What comparing one subject showed.

    Attributes:
        state: how far it was to be trusted when the comparison began.
        compared: buckets or account-days; what is known to be out of date is left out.
        differing: how many of them differ.
        healed: they did differ, and no longer do.
    """

    state: SubjectState
    compared: int
    differing: int
    healed: bool

    @property
    def subject(self) -> str:
        """Which aggregate, or ``daily_metrics``."""
        return self.state.subject


@dataclass(frozen=True)
class Verification:
    """One run of the trust meter.

    Attributes:
        started_at: UTC.
        whole: everything was compared, not a sample.
        seed: draws the same sample again from the same data.
        checks: one for each of ``SUBJECTS``.
        differences: the first thousand of each subject.
    """

    started_at: datetime
    whole: bool
    seed: int
    checks: tuple[SubjectCheck, ...]
    differences: tuple[Difference, ...]

    @property
    def compared(self) -> int:
        """Buckets and account-days compared, of all subjects."""
        return sum(check.compared for check in self.checks)

    @property
    def differing(self) -> int:
        """Buckets and account-days that differ, of all subjects."""
        return sum(check.differing for check in self.checks)

    @property
    def healed(self) -> bool:
        """Something differed, and nothing does any more."""
        return self.differing > 0 and all(check.healed for check in self.checks if check.differing)
