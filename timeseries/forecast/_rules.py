"""The rules of many accounts' plans, and where the accounts stand."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from timeseries.forecast._arrays import BoolArray, FloatArray

__all__ = ["Position", "Rules"]

SMALLEST_UNIT, LARGEST_UNIT = 1e-30, 1e300


@dataclass(frozen=True)
class Rules:
    """Where accounts stand and what their plans allow, money in account currency, every field [series].

    NaN in a rule means that the plan has no such rule; None, that no plan has.

    Attributes:
        balance: closed balance now, at the start of the first coming day.
        equity: balance plus open profit now.
        max_drawdown_floor: the watched value at or below this level ends the account.
        daily_loss_limit: the watched value this far (positive money) or farther below what it was at the
            start of the day ends the account.
        profit_target: balance level, not gain, that completes the plan.
        trailing: whether the floor rises with the high-water mark; None means nowhere.
        high_water_mark: highest end-of-day value so far of what ``max_drawdown_floor`` watches; NaN or None
            means the value now.
        daily_loss_on_equity: whether the daily loss watches the equity, with what is open, rather than the
            closed balance; None means nowhere.
        max_drawdown_on_balance: whether the floor watches the closed balance rather than the equity; None
            means nowhere.
        consistency_limit: largest share, 0 to 1, that the best single day may have in the total profit for
            the plan to be completed or a profit to be paid out.
        best_day: profit of the best day so far; NaN, None or a loss means no day with profit yet.
        total_profit: profit of all days so far, payouts and deposits apart; NaN or None means none yet.
        profit_split: the trader's share, 0 to 1, of the profit that is paid out.
        payout_base: balance above which there is profit to pay out, such as the initial balance.
        minimum_payout: money; a smaller payout to the trader is not made. NaN or None means any is.
    """

    balance: FloatArray
    equity: FloatArray
    max_drawdown_floor: FloatArray
    daily_loss_limit: FloatArray
    profit_target: FloatArray
    trailing: BoolArray | None = None
    high_water_mark: FloatArray | None = None
    daily_loss_on_equity: BoolArray | None = None
    max_drawdown_on_balance: BoolArray | None = None
    consistency_limit: FloatArray | None = None
    best_day: FloatArray | None = None
    total_profit: FloatArray | None = None
    profit_split: FloatArray | None = None
    payout_base: FloatArray | None = None
    minimum_payout: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.balance)


@dataclass(frozen=True)
class Position:
    """Rules made complete and comparable, one column an account: [series, 1] in every field.

    Levels are distances from where the account stands now, in units of its own size, so that single
    precision does for any currency. A rule the plan does not have lies infinitely far away.
    """

    unit: FloatArray
    daily_floor: FloatArray
    floor: FloatArray
    target: FloatArray
    mark: FloatArray
    trailing: BoolArray
    daily_on_equity: BoolArray
    floor_on_equity: BoolArray
    limited: BoolArray
    consistency: FloatArray
    best: FloatArray
    total: FloatArray
    split: FloatArray
    paid_from: FloatArray
    least_payout: FloatArray

    @classmethod
    def of(cls, rules: Rules) -> "Position":
        """The position of accounts under their rules.

        Raises:
            ValueError: shapes do not fit, or a balance or equity is not finite.
        """
        balance, equity = _column(rules, "balance"), _column(rules, "equity")
        if not (np.isfinite(balance).all() and np.isfinite(equity).all()):
            raise ValueError("balance and equity must be finite")
        unit = _unit(np.maximum(np.abs(balance), np.abs(equity)))
        floor_on_equity = ~_flag(rules, "max_drawdown_on_balance")
        watched = np.where(floor_on_equity, equity, balance)
        limit = _column(rules, "consistency_limit")
        return cls(
            unit=unit,
            daily_floor=_single(-_column(rules, "daily_loss_limit") / unit, -np.inf),
            floor=_single((_column(rules, "max_drawdown_floor") - watched) / unit, -np.inf),
            target=_single((_column(rules, "profit_target") - balance) / unit, np.inf),
            mark=_single((_column(rules, "high_water_mark") - watched) / unit, 0.0),
            trailing=_flag(rules, "trailing"),
            daily_on_equity=_flag(rules, "daily_loss_on_equity"),
            floor_on_equity=floor_on_equity,
            limited=np.isfinite(limit),
            consistency=_single(limit, 1.0),
            best=np.maximum(_single(_column(rules, "best_day") / unit, 0.0), 0.0),
            total=_single(_column(rules, "total_profit") / unit, 0.0),
            split=_single(_column(rules, "profit_split"), 0.0),
            paid_from=_single((_column(rules, "payout_base") - balance) / unit, np.inf),
            least_payout=_single(_column(rules, "minimum_payout") / unit, 0.0),
        )

    def rows(self, rows: slice) -> "Position":
        """The position of some of the accounts."""
        return Position(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def _column(rules: Rules, name: str) -> FloatArray:
    """One number an account as a column; NaN where nothing is given."""
    values: npt.ArrayLike | None = getattr(rules, name)
    array = np.full(len(rules), np.nan) if values is None else np.asarray(values, dtype=np.float64)
    if array.shape != (len(rules),):
        raise ValueError(f"every rule must be an array of {len(rules)} accounts, not of shape {array.shape}")
    return array[:, None]


def _flag(rules: Rules, name: str) -> BoolArray:
    values = _column(rules, name)
    flag: BoolArray = (values != 0) & ~np.isnan(values)
    return flag


def _single(values: FloatArray, otherwise: float) -> npt.NDArray[np.float32]:
    """In single precision, with another value in place of NaN."""
    with np.errstate(over="ignore", under="ignore"):
        return np.where(np.isnan(values), otherwise, values).astype(np.float32)


def _unit(size: FloatArray) -> FloatArray:
    """A power of two near the size, so that dividing by it rounds nothing; 1 for an emptied account."""
    bounded = np.clip(np.where(size > 0, size, 1.0), SMALLEST_UNIT, LARGEST_UNIT)
    unit: FloatArray = np.exp2(np.ceil(np.log2(bounded)))
    return unit
