"""The plans the firm sells: seven sizes of four rule books."""

from typing import NamedTuple

import numpy as np

from ._arrays import Bools, Floats, Ints
from ._calendar import RESETS


class _Rules(NamedTuple):
    name: str
    profit_target: float
    max_drawdown: float
    max_drawdown_basis: str
    max_drawdown_mode: str
    daily_loss: float
    daily_loss_basis: str
    reset: int
    consistency_limit: str


# Two bases, two modes and three clocks, so that every branch of a metric meets data.
_RULES = (
    _Rules("classic", 0.10, 0.10, "equity", "static", 0.05, "balance", 0, ""),
    _Rules("express", 0.08, 0.08, "balance", "trailing", 0.05, "balance", 1, "0.40"),
    _Rules("pro", 0.10, 0.12, "balance", "static", 0.06, "equity", 2, ""),
    _Rules("swing", 0.08, 0.10, "equity", "trailing", 0.06, "equity", 1, "0.30"),
)
# Only funded accounts are paid; all plans pay alike.
_PAYOUT = ("0.80", "50.00")
_RULE_SHARES = np.array([0.4, 0.2, 0.25, 0.15])
_SIZES = np.array([5, 10, 25, 50, 100, 200, 400]) * 1000
_SIZE_SHARES = np.array([0.15, 0.2, 0.2, 0.18, 0.17, 0.08, 0.02])
_RULE_OF = np.tile(np.arange(len(_RULES)), _SIZES.size)

BALANCE: Ints = np.repeat(_SIZES, len(_RULES)).astype(np.int64)
SHARES: Floats = np.repeat(_SIZE_SHARES, len(_RULES)) * _RULE_SHARES[_RULE_OF]
RESET: Ints = np.array([_RULES[rule].reset for rule in _RULE_OF], np.int64)
TRAILING: Bools = np.array([_RULES[rule].max_drawdown_mode == "trailing" for rule in _RULE_OF])
DRAWDOWN_ON_EQUITY: Bools = np.array([_RULES[rule].max_drawdown_basis == "equity" for rule in _RULE_OF])
DAILY_ON_EQUITY: Bools = np.array([_RULES[rule].daily_loss_basis == "equity" for rule in _RULE_OF])


def _amount(share: str) -> Ints:
    return np.rint([getattr(_RULES[rule], share) for rule in _RULE_OF] * BALANCE).astype(np.int64)


PROFIT_TARGET: Ints = _amount("profit_target")
MAX_DRAWDOWN: Ints = _amount("max_drawdown")
DAILY_LOSS: Ints = _amount("daily_loss")
NAMES: list[str] = [
    f"{size // 1000}k-{_RULES[rule].name}" for size, rule in zip(BALANCE.tolist(), _RULE_OF, strict=True)
]

COLUMNS = (
    *("plan", "currency", "initial_balance", "profit_target"),
    *("max_drawdown", "max_drawdown_basis", "max_drawdown_mode"),
    *("daily_loss", "daily_loss_basis", "reset_time", "time_zone", "consistency_limit"),
    *("profit_split", "minimum_payout"),
)


def plan_rows() -> list[list[str]]:
    """The plans file's rows; every amount in USD."""
    rows = []
    for number, name in enumerate(NAMES):
        rules = _RULES[_RULE_OF[number]]
        target, drawdown, daily = (a[number] for a in (PROFIT_TARGET, MAX_DRAWDOWN, DAILY_LOSS))
        money = [f"{BALANCE[number]}.00", f"{target}.00", f"{drawdown}.00"]
        kept = [rules.max_drawdown_basis, rules.max_drawdown_mode, f"{daily}.00", rules.daily_loss_basis]
        rows.append([name, "USD", *money, *kept, *RESETS[rules.reset], rules.consistency_limit, *_PAYOUT])
    return rows
