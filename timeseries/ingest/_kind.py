"""What a file may hold."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["COLUMNS", "Columns", "Kind"]


class Kind(StrEnum):
    """What a file holds, and which table it goes to."""

    PLANS = "plans"
    ACCOUNTS = "accounts"
    TRADES = "trades"
    EQUITY = "equity"


@dataclass(frozen=True)
class Columns:
    """The column names of one kind of file; others in a file are ignored."""

    required: tuple[str, ...]
    optional: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Required ones first."""
        return self.required + self.optional


COLUMNS = {
    Kind.PLANS: Columns(
        ("plan", "currency", "initial_balance", "reset_time", "time_zone"),
        (
            "profit_target",
            "max_drawdown",
            "max_drawdown_basis",
            "max_drawdown_mode",
            "daily_loss",
            "daily_loss_basis",
            "consistency_limit",
            "profit_split",
            "minimum_payout",
        ),
    ),
    Kind.ACCOUNTS: Columns(
        ("account", "plan", "opened_at"),
        ("phase", "account_group", "initial_balance", "currency", "closed_at", "status"),
    ),
    Kind.TRADES: Columns(
        (
            "account",
            "ticket",
            "symbol",
            "side",
            "lots",
            "open_time",
            "close_time",
            "open_price",
            "close_price",
            "profit",
        ),
        ("commission", "swap", "updated_at", "cancelled"),
    ),
    Kind.EQUITY: Columns(("account", "time", "balance", "equity"), ("margin",)),
}
