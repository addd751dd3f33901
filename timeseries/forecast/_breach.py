"""The chance that an account breaks its plan's rules, completes it or is paid, within the coming days."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from timeseries.forecast._arrays import FloatArray, each_block
from timeseries.forecast._lows import RECENT_DAYS, IntradayLows, typical_move
from timeseries.forecast._rules import Position, Rules
from timeseries.forecast._walk import Lows, Walk

__all__ = ["BreachProbabilities", "PathRules", "breach_probabilities", "typical_past"]

# Small enough for a block's paths to stay in the processor's cache from day to day.
BLOCK = 200
# Far beyond any rule, and sums of it stay in single precision.
FARTHEST = 1e30


@dataclass(frozen=True)
class BreachProbabilities:
    """What comes of the simulated paths, each [series]; probabilities between 0 and 1, 0 without the rule.

    A path ends on the first day on which a rule is broken, or else the plan completed at its end; later days
    do not count. So ``any_breach``, ``profit_target`` and ``consistency_failure`` exclude each other.

    The consistency rule ends nothing, as with the firms that have one: the best day may be at most so large a
    share of the total profit when the plan is completed or profit paid out; until then trading goes on.

    Attributes:
        daily_loss: the path ends by a daily loss.
        max_drawdown: the path ends by falling to the drawdown floor; both may happen on the same day.
        any_breach: the path ends by either.
        profit_target: the balance is at the target, now or at the end of a day, consistently so, and no rule
            was broken before or on that day.
        consistency_failure: no rule is broken and the plan not completed, but it would be, or a payout would
            be made, without the consistency rule: the balance was at the target at the end of a day, or a
            payout is due at the end of the last.
        payout_probability: a payout is made: no rule is broken, and at the end of the path the trader's
            share of the balance above the payout base is at least the minimum payout, consistently so.
        expected_payout: mean payout over all paths, in account currency; zero where none is made.
    """

    daily_loss: npt.NDArray[np.float64]
    max_drawdown: npt.NDArray[np.float64]
    any_breach: npt.NDArray[np.float64]
    profit_target: npt.NDArray[np.float64]
    consistency_failure: npt.NDArray[np.float64]
    payout_probability: npt.NDArray[np.float64]
    expected_payout: npt.NDArray[np.float64]


def breach_probabilities(
    paths: npt.NDArray[np.floating],
    rules: Rules,
    low_excess: npt.ArrayLike | None = None,
    *,
    balance_low_excess: npt.ArrayLike | None = None,
    past_profit: npt.ArrayLike | None = None,
) -> BreachProbabilities:
    """Walk the simulated paths of every account under its own rules.

    Balance and equity both move by the day's profit: the profit open now stays open. Rules look at the lowest
    value of a day: the lower of its start and its end, or deeper still. How much deeper, in typical daily
    moves, is taken from the account's own last 250 days and from those of all series given, which count as
    much as 20 of its own; then it is scaled by the typical move on the account's paths. It is the same for
    gains and losses, and enters as a chance, not as a draw, so nothing here is random. An idle day of a path
    (no profit at all) has no low of its own. Where one rule watches the balance and another the equity, they
    break together as far as their chances allow.

    The consistency rule is the best-day rule of FTMO, Topstep and Apex: best day / total profit <= limit.

    Args:
        paths: daily profit in account currency, [series, paths, horizon], as ``forecast(..., paths=n)``
            gives for a flow.
        rules: of the same series in the same order.
        low_excess: lowest equity of each past day minus the lower of the equities at its start and its end,
            money, at most zero, [series, days]; NaN for days without trading. None: no day goes deeper.
        balance_low_excess: the same of the closed balance, for rules that watch that; None: as the equity.
        past_profit: daily profit on the same past days, [series, days], whose typical size the lows are
            measured against; None: the past moved as the paths do.

    Raises:
        ValueError: shapes do not fit, or a balance or equity is not finite.
    """
    if paths.ndim != 3 or len(paths) != len(rules) or paths.shape[1] == 0:
        raise ValueError(f"paths must be [{len(rules)} series, paths, horizon], not of shape {paths.shape}")
    if past_profit is not None:
        past = typical_past(past_profit, len(rules))
    else:
        past = np.concatenate(
            [np.zeros(0), *each_block(lambda rows: typical_move(paths[rows]), len(paths), BLOCK)]
        )
    path_rules = PathRules.of(rules, past, low_excess, balance_low_excess)
    answer = BreachProbabilities(*(np.zeros(len(rules)) for _ in fields(BreachProbabilities)))

    def of_rows(rows: slice) -> None:
        found, _ = path_rules.walk(rows, paths[rows])
        for field in fields(answer):
            getattr(answer, field.name)[rows] = getattr(found, field.name)

    each_block(of_rows, len(rules), BLOCK)
    return answer


@dataclass(frozen=True)
class PathRules:
    """The rules of all accounts and how deep their days go, ready for the paths of any of them.

    Attributes:
        position: the accounts under their rules.
        of_daily_loss: intraday lows of what the daily loss watches.
        of_drawdown: of what the drawdown floor watches.
    """

    position: Position
    of_daily_loss: IntradayLows
    of_drawdown: IntradayLows

    @classmethod
    def of(
        cls,
        rules: Rules,
        typical: FloatArray,
        low_excess: npt.ArrayLike | None,
        balance_low_excess: npt.ArrayLike | None,
    ) -> "PathRules":
        """Arguments as of :func:`breach_probabilities`; typical move of the past days, [series]."""
        position, series = Position.of(rules), len(rules)
        equity = IntradayLows.of(low_excess, typical, series)
        balance = equity
        if balance_low_excess is not None:
            balance = IntradayLows.of(balance_low_excess, typical, series)
        return cls(
            position,
            equity.where(position.daily_on_equity, balance),
            equity.where(position.floor_on_equity, balance),
        )

    def walk(self, rows: slice, paths: npt.NDArray[np.floating]) -> tuple[BreachProbabilities, FloatArray]:
        """What comes of the paths of some accounts, [rows, paths, horizon], and the payout on each path."""
        position = self.position.rows(rows)
        with np.errstate(over="ignore"):
            coming = typical_move(paths)
            # Paths that never move have no low to scale.
            typical = np.where(coming > 0, coming / position.unit[:, 0], 1.0)
        lows = Lows(
            self.of_daily_loss.rows(rows),
            self.of_drawdown.rows(rows),
            np.clip(typical, 1 / FARTHEST, FARTHEST).astype(np.float32)[:, None],
        )
        walk = walked(paths, position, lows)
        shares = {f.name: getattr(walk, f.name) / paths.shape[1] for f in fields(BreachProbabilities)}
        shares["expected_payout"] *= position.unit[:, 0]
        with np.errstate(over="ignore"):
            return BreachProbabilities(**shares), walk.paid * position.unit


def walked(paths: npt.NDArray[np.floating], position: Position, lows: Lows) -> Walk:
    """The accounts at the end of their paths, [series, paths, horizon]."""
    walk = Walk(position, lows, paths.shape[1])
    move = np.empty(paths.shape[:2], dtype=np.float32)
    scale = (1 / position.unit).astype(paths.dtype)
    for day in range(paths.shape[2]):
        with np.errstate(over="ignore", under="ignore"):
            np.multiply(paths[:, :, day], scale, out=move, casting="same_kind")
        walk.advance(np.clip(move, -FARTHEST, FARTHEST, out=move))
    walk.finish()
    return walk


def typical_past(past_profit: npt.ArrayLike, series: int) -> FloatArray:
    """Typical move of past days, [series]."""
    array = np.asarray(past_profit, dtype=np.float64)
    if array.ndim != 2 or len(array) != series:
        raise ValueError(f"past_profit must be [{series} series, days], not of shape {array.shape}")
    recent = array[:, -RECENT_DAYS:]
    return typical_move(np.where(np.isfinite(recent), recent, 0.0))
