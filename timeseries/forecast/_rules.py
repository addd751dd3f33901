"""The rules of many accounts' plans, and where the accounts stand."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from timeseries.forecast._arrays import BoolArray, FloatArray

__all__ = ["Position", "Rules"]


@dataclass(frozen=True)
class Rules:
    """Where accounts stand and what their plans allow, money in account currency, every field [series].

    NaN in a rule means that the plan has no such rule.

    Attributes:
        balance: closed balance now, at the start of the first coming day.
        equity: balance plus open profit now.
        max_drawdown_floor: equity at or below this level ends the account.
        daily_loss_limit: equity this far (positive money) or farther below the day's reference ends it; the
            reference is the balance at the start of the day, or the equity then where
            ``daily_loss_on_equity``.
        profit_target: balance level, not gain, that completes the plan.
        trailing: whether the floor rises with the high-water mark; None means nowhere.
        high_water_mark: highest end-of-day balance so far; NaN or None means the balance now.
        daily_loss_on_equity: None means nowhere.
    """

    balance: FloatArray
    equity: FloatArray
    max_drawdown_floor: FloatArray
    daily_loss_limit: FloatArray
    profit_target: FloatArray
    trailing: BoolArray | None = None
    high_water_mark: FloatArray | None = None
    daily_loss_on_equity: BoolArray | None = None

    def __len__(self) -> int:
        return len(self.balance)


@dataclass(frozen=True)
class Position:
    """Rules made complete and comparable, one column an account: [series, 1] in every field.

    A rule the plan does not have lies infinitely far away.
    """

    balance: FloatArray
    equity: FloatArray
    floor: FloatArray
    daily_limit: FloatArray
    target: FloatArray
    trailing: BoolArray
    mark: FloatArray
    on_equity: BoolArray

    @classmethod
    def of(cls, rules: Rules) -> "Position":
        """The position of accounts under their rules.

        Raises:
            ValueError: shapes do not fit, or a balance or equity is not finite.
        """
        balance, equity = column(rules.balance, rules), column(rules.equity, rules)
        if not (np.isfinite(balance).all() and np.isfinite(equity).all()):
            raise ValueError("balance and equity must be finite")
        nowhere = np.zeros(len(rules), dtype=np.bool_)
        mark = balance if rules.high_water_mark is None else column(rules.high_water_mark, rules)
        return cls(
            balance=balance,
            equity=equity,
            floor=without_nan(column(rules.max_drawdown_floor, rules), -np.inf),
            daily_limit=without_nan(column(rules.daily_loss_limit, rules), np.inf),
            target=without_nan(column(rules.profit_target, rules), np.inf),
            trailing=column(nowhere if rules.trailing is None else rules.trailing, rules) != 0,
            mark=np.where(np.isnan(mark), balance, mark),
            on_equity=column(
                nowhere if rules.daily_loss_on_equity is None else rules.daily_loss_on_equity, rules
            )
            != 0,
        )

    def rows(self, rows: slice) -> "Position":
        """The position of some of the accounts."""
        return Position(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def column(values: npt.ArrayLike, rules: Rules) -> FloatArray:
    """One number an account as a column."""
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (len(rules),):
        raise ValueError(f"every rule must be an array of {len(rules)} accounts, not of shape {array.shape}")
    return array[:, None]


def without_nan(values: FloatArray, otherwise: float) -> FloatArray:
    """The values, with another in place of NaN."""
    return np.where(np.isnan(values), otherwise, values)
