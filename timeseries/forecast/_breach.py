"""The chance that an account breaks its plan's rules, or reaches its target, within the coming days."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from timeseries.forecast._arrays import LEVELS, FloatArray, each_block, weighted_quantiles
from timeseries.forecast._rules import Position, Rules

__all__ = ["BreachProbabilities", "breach_probabilities"]

BLOCK = 500
RECENT_DAYS = 250


@dataclass(frozen=True)
class BreachProbabilities:
    """Shares of the simulated paths, between 0 and 1, each [series]; 0 where there is no such rule.

    A path ends on the first day on which any rule is broken, or the target reached at its end; later days
    do not count.

    Attributes:
        daily_loss: the path ends by a daily loss.
        max_drawdown: the path ends by falling to the drawdown floor; both may happen on the same day.
        any_breach: the path ends by either.
        profit_target: the balance is at the target, now or at the end of a day, and no rule was broken
            before or on that day.
    """

    daily_loss: npt.NDArray[np.float64]
    max_drawdown: npt.NDArray[np.float64]
    any_breach: npt.NDArray[np.float64]
    profit_target: npt.NDArray[np.float64]


def breach_probabilities(
    paths: npt.NDArray[np.floating], rules: Rules, low_excess: npt.ArrayLike | None = None, *, seed: int = 0
) -> BreachProbabilities:
    """Walk the simulated paths of every account under its own rules.

    Balance and equity both move by the day's profit: the profit open now stays open. Rules look at the lowest
    equity of a day: the lower of its start and its end, or, where it has happened, lower still. How much
    lower than the end is drawn from the account's own last 250 days in ``low_excess``, apart from the size
    of the day's move; an idle day of a path (no profit at all) has none.

    Args:
        paths: daily profit in account currency, [series, paths, horizon], as ``forecast(..., paths=n)``
            gives for a flow.
        rules: of the same series in the same order.
        low_excess: lowest equity of each past day minus the equity at its end, at most zero, [series, days];
            NaN for days without trading. None, or a series without a day: the lowest equity is that of the
            day's start or end.
        seed: of the draws of intraday lows.

    Raises:
        ValueError: shapes do not fit, or a balance or equity is not finite.
    """
    if paths.ndim != 3 or len(paths) != len(rules) or paths.shape[1] == 0:
        raise ValueError(f"paths must be [{len(rules)} series, paths, horizon], not of shape {paths.shape}")
    position, excess = Position.of(rules), excess_shape(low_excess, len(rules))
    answer = BreachProbabilities(*(np.zeros(len(rules)) for _ in fields(BreachProbabilities)))

    def of_rows(rows: slice) -> None:
        walk = Walk(position.rows(rows), paths.shape[1])
        rng = np.random.default_rng([seed, rows.start])
        for day in range(paths.shape[2]):
            place = rng.integers(len(LEVELS), size=walk.alive.shape, dtype=np.uint8).astype(np.intp)
            walk.advance(paths[rows, :, day], np.take_along_axis(excess[rows], place, axis=1))
        for name, share in walk.shares().items():
            getattr(answer, name)[rows] = share

    each_block(of_rows, len(rules), BLOCK)
    return answer


def excess_shape(low_excess: npt.ArrayLike | None, series: int) -> FloatArray:
    """Quantiles at ``LEVELS`` of how far below its end a day's equity goes, [series, LEVELS]."""
    if low_excess is None:
        return np.zeros((series, len(LEVELS)))
    array = np.asarray(low_excess, dtype=np.float64)
    if array.ndim != 2 or len(array) != series:
        raise ValueError(f"low_excess must be [{series} series, days], not of shape {array.shape}")
    recent = array[:, -RECENT_DAYS:]
    seen = np.isfinite(recent)
    return np.minimum(weighted_quantiles(np.where(seen, recent, 0.0), seen.astype(np.float64)), 0.0)


class Walk:
    """Simulated accounts on their way, [series, paths]: what each gained, its mark, how it ended."""

    def __init__(self, position: Position, paths: int) -> None:
        shape = (len(position.balance), paths)
        self.position = position
        self.gained = np.zeros(shape)
        self.mark = np.repeat(position.mark, paths, axis=1)
        self.daily_loss = np.zeros(shape, dtype=np.bool_)
        self.max_drawdown = np.zeros(shape, dtype=np.bool_)
        doomed = position.equity <= position.floor
        self.profit_target = np.repeat((position.balance >= position.target) & ~doomed, paths, axis=1)
        self.alive = ~self.profit_target

    def advance(self, profit: FloatArray, excess: FloatArray) -> None:
        """Live one day: its profit and how far below its end the lowest equity was."""
        now = self.position
        end = now.equity + self.gained + profit
        low = np.minimum(now.equity + self.gained, end + np.where(profit != 0, excess, 0.0))
        reference = np.where(now.on_equity, now.equity, now.balance) + self.gained
        floor = now.floor + np.where(now.trailing, self.mark - now.mark, 0.0)
        self.daily_loss |= self.alive & (low <= reference - now.daily_limit)
        self.max_drawdown |= self.alive & (low <= floor)
        self.gained = self.gained + profit
        self.alive &= ~(self.daily_loss | self.max_drawdown)
        self.profit_target |= self.alive & (now.balance + self.gained >= now.target)
        self.alive &= ~self.profit_target
        # Last: the floor of a day rests on the mark of the evening before.
        self.mark = np.maximum(self.mark, now.balance + self.gained)

    def shares(self) -> dict[str, FloatArray]:
        """Share of the paths that ended in each way, [series]."""
        any_breach = self.daily_loss | self.max_drawdown
        return {
            "daily_loss": self.daily_loss.mean(axis=1),
            "max_drawdown": self.max_drawdown.mean(axis=1),
            "any_breach": any_breach.mean(axis=1),
            "profit_target": self.profit_target.mean(axis=1),
        }
