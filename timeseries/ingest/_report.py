"""What a load did."""

from dataclasses import dataclass, field
from decimal import Decimal

from timeseries.ingest._kind import Kind

__all__ = ["Counts", "LoadReport", "StatementTotals"]


@dataclass(frozen=True)
class StatementTotals:
    """What an MT4 statement held beside its closed trades.

    Attributes:
        account: the account it went to.
        closed_profit: net profit of the closed trades in account currency, as the statement sums it.
        balance_operations: deposits, withdrawals, interest and the like.
        open_positions: positions open when the statement was made.
        skipped: cancelled orders and the like, of no account to anybody.
    """

    account: str
    currency: str
    closed_profit: Decimal
    balance_operations: int
    open_positions: int
    skipped: int


@dataclass(frozen=True)
class Counts:
    """What became of rows; ``rows_read`` is the sum of the others.

    Attributes:
        rows_new: added; for plans and accounts also those changed.
        rows_duplicate: already there with the same values, or older than what is there.
        rows_corrected: trades that took the place of an older version.
        rows_cancelled: cancellations of trades.
        rows_rejected: in the quarantine, see ``rejected_rows``.
    """

    rows_read: int = 0
    rows_new: int = 0
    rows_duplicate: int = 0
    rows_corrected: int = 0
    rows_cancelled: int = 0
    rows_rejected: int = 0


@dataclass(frozen=True, kw_only=True)
class LoadReport(Counts):
    """What became of a file.

    Attributes:
        name: the file's name, without its folder.
        seconds: wall clock.
        already_loaded: the same content was loaded before without a rejection; nothing was done.
        statement: given for MT4 statements; their trades and balance operations are the rows.
        notes: sentences a person should read.
    """

    name: str
    kind: Kind
    seconds: float
    already_loaded: bool = False
    statement: StatementTotals | None = None
    notes: tuple[str, ...] = field(default=())
