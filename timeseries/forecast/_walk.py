"""Simulated accounts on their way through the coming days."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeseries.forecast._arrays import BoolArray, FloatArray, IntArray
from timeseries.forecast._lows import IntradayLows
from timeseries.forecast._rules import Position

__all__ = ["Lows", "Walk"]

# Shares and payouts have single precision: one exactly at its limit must not fail by rounding.
ROUNDING = 1 + 1e-6


@dataclass(frozen=True)
class Lows:
    """Intraday lows of what each rule watches, and the typical move of the paths they are scaled with.

    Attributes:
        of_daily_loss: of what the daily loss watches.
        of_drawdown: of what the drawdown floor watches.
        typical: in units of the account's size, [series, 1].
    """

    of_daily_loss: IntradayLows
    of_drawdown: IntradayLows
    typical: FloatArray


class Walk:
    """Every path of some accounts, [series, paths], and what has come of them.

    A day's intraday low is not drawn: a path goes on with the chance that the low kept the rules. This
    ``weight`` is 1 at the start, and 0 once a path has ended.
    """

    def __init__(self, position: Position, lows: Lows, paths: int) -> None:
        shape = (len(position.unit), paths)
        self.position, self.lows, self.paths = position, lows, paths
        self.weight = np.ones(shape, dtype=np.float32)
        self.gained = np.zeros(shape, dtype=np.float32)
        self.best = np.broadcast_to(position.best, shape).copy()
        self.mark = np.broadcast_to(position.mark, shape).copy()
        self.withheld = np.zeros(shape, dtype=np.bool_)
        self.daily_loss, self.max_drawdown, self.any_breach = np.zeros((3, shape[0]))
        self.profit_target, self.consistency_failure = np.zeros((2, shape[0]))
        self.payout_probability, self.expected_payout = np.zeros((2, shape[0]))
        self.paid = np.zeros(shape, dtype=np.float32)
        self._complete((position.target <= 0) & (position.floor < 0))

    def advance(self, move: npt.NDArray[np.float32]) -> None:
        """Live one day, given its profit in units of the account's size."""
        now = self.position
        self._break_rules(move)
        self.gained += move
        if now.limited.any():
            np.maximum(self.best, move, out=self.best)
        self._complete(self.gained >= now.target)
        # Last: the floor of a day rests on the mark of the evening before.
        if now.trailing.any():
            np.maximum(self.mark, self.gained, out=self.mark)

    def finish(self) -> None:
        """Pay what is due on the paths that are still alive, and count those that consistency stopped."""
        alive = np.flatnonzero(self.weight)
        consistent = self._consistent(alive)
        due = self._pay(alive, consistent)
        failed = self.withheld.ravel()[alive] | (due & ~consistent)
        self.consistency_failure += self._sums(alive, failed)

    def _break_rules(self, move: npt.NDArray[np.float32]) -> None:
        now, lows = self.position, self.lows
        floor = now.floor
        if now.trailing.any():
            floor = floor + np.where(now.trailing, self.mark - now.mark, 0)
        drop = np.minimum(move, 0)
        lowest = self.gained + drop
        near = drop <= now.daily_floor + lows.of_daily_loss.reach * lows.typical
        near |= lowest <= floor + lows.of_drawdown.reach * lows.typical
        near &= self.weight > 0
        places = np.flatnonzero(near)
        rows = places // self.paths
        idle = move.ravel()[places] == 0
        to_daily_floor = drop.ravel()[places] - now.daily_floor[rows, 0]
        to_floor = lowest.ravel()[places] - np.broadcast_to(floor, move.shape)[rows, places % self.paths]
        self._end(
            places,
            self._chance(lows.of_daily_loss, rows, to_daily_floor, idle),
            self._chance(lows.of_drawdown, rows, to_floor, idle),
        )

    def _chance(self, lows: IntradayLows, rows: IntArray, room: FloatArray, idle: BoolArray) -> FloatArray:
        """The chance that the low uses up the room; an idle day has no low of its own."""
        with np.errstate(over="ignore"):
            depth = room / self.lows.typical[rows, 0]
        return lows.chance(rows, np.where(idle & (depth > 0), np.inf, depth))

    def _end(self, places: IntArray, daily_loss: FloatArray, max_drawdown: FloatArray) -> None:
        either = np.maximum(daily_loss, max_drawdown)
        self.daily_loss += self._sums(places, daily_loss)
        self.max_drawdown += self._sums(places, max_drawdown)
        self.any_breach += self._sums(places, either)
        self.weight.ravel()[places] *= 1 - either

    def _complete(self, reached: BoolArray) -> None:
        places = np.flatnonzero(reached & (self.weight > 0))
        if not places.size:
            return
        consistent = self._consistent(places)
        self.withheld.ravel()[places[~consistent]] = True
        passed = places[consistent]
        every = np.ones(passed.shape, dtype=np.bool_)
        self.profit_target += self._sums(passed, every)
        self._pay(passed, every)
        self.weight.ravel()[passed] = 0

    def _consistent(self, places: IntArray) -> BoolArray:
        now, rows = self.position, places // self.paths
        total = now.total[rows, 0] + self.gained.ravel()[places]
        allowed = now.consistency[rows, 0] * np.maximum(total, 0) * ROUNDING
        consistent: BoolArray = ~now.limited[rows, 0] | (self.best.ravel()[places] <= allowed)
        return consistent

    def _pay(self, places: IntArray, consistent: BoolArray) -> BoolArray:
        """Count the payouts of consistent paths, and say where one is due but for that."""
        now, rows = self.position, places // self.paths
        payout = now.split[rows, 0] * np.maximum(self.gained.ravel()[places] - now.paid_from[rows, 0], 0)
        due: BoolArray = (payout > 0) & (payout * ROUNDING >= now.least_payout[rows, 0])
        self.payout_probability += self._sums(places, due & consistent)
        paid = np.where(due & consistent, payout, 0)
        self.expected_payout += self._sums(places, paid)
        self.paid.ravel()[places] += self.weight.ravel()[places] * paid
        return due

    def _sums(self, places: IntArray, amounts: FloatArray | BoolArray) -> npt.NDArray[np.float64]:
        """Sum of the amounts over each account's paths, by their weight, [series]."""
        weighted = self.weight.ravel()[places] * amounts
        sums = np.bincount(places // self.paths, weighted, minlength=len(self.weight))
        return sums.astype(np.float64, copy=False)
