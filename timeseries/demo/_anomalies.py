"""The injected misbehaviour: trades that replace a victim's own inside its window."""

from dataclasses import dataclass, replace

import numpy as np

from ._arrays import Floats, Ints, within_groups
from ._calendar import DAY, Calendar
from ._limits import closed_limit_use, worst_use
from ._traders import Traders
from ._trades import Trades, draw_trades, scaled
from ._victims import COPIED_PAIR, LOT_EXPLOSION, MARTINGALE, WIN_RATE_JUMP, Victims

# Half a limit at the worst close leaves room for the swings of open positions.
_VICTIM_LIMIT_USE = 0.5
_HOURS = (6 * 3600, 18 * 3600)
_LONGEST_HOLD = 5400
_JUMPED_WIN_RATE = 0.95
_RUN_LENGTHS = (6, 8)
_RUN_SPACING = 1500
_LAST_RUN_HOUR = 15


def _window_days(victims: Victims, rows: Ints) -> tuple[Ints, Ints]:
    length = victims.last[rows] - victims.first[rows] + 1
    return np.repeat(rows, length), np.repeat(victims.first[rows], length) + within_groups(length)


def _doubling(rng: np.random.Generator, trades: Trades, step: Ints, steps: Ints) -> Trades:
    """A losing run that doubles its size; the last trade of the run wins it back."""
    head = np.arange(step.size) - step
    midnight = trades.opened[head] // DAY * DAY
    begin = midnight + np.minimum(trades.opened[head] - midnight, _LAST_RUN_HOUR * 3600)
    opened = begin + step * _RUN_SPACING
    multiple = 2**step
    unit = np.where(step == steps - 1, 1.1, -rng.uniform(0.85, 1.15, step.size))
    # A quarter of the usual size lets the run double a few times within the limits.
    risk = multiple * trades.risk[head] / 4
    return replace(
        trades,
        symbol=trades.symbol[head],
        buy=trades.buy[head],
        opened=opened,
        closed=opened + rng.integers(300, _RUN_SPACING - 60, step.size),
        lots=np.maximum(1, trades.lots[head] // 4) * multiple,
        net=unit * risk,
        risk=risk,
    )


def _copied(rng: np.random.Generator, trades: Trades, follower: Ints) -> Trades:
    ratio = rng.uniform(0.9, 1.1, follower.size)
    lots = np.maximum(1, np.rint(trades.lots * ratio)).astype(np.int64)
    opened, closed = (times + rng.integers(1, 6, lots.size) for times in (trades.opened, trades.closed))
    copies = scaled(trades, lots / trades.lots)
    return replace(copies, account=follower, lots=lots, opened=opened, closed=closed)


@dataclass(frozen=True, slots=True)
class _Scene:
    rng: np.random.Generator
    traders: Traders
    calendar: Calendar
    volatility: Floats
    victims: Victims

    def draw(self, victim: Ints, weekday: Ints) -> Trades:
        account = self.victims.account[victim]
        day = self.calendar.weekday_positions[weekday]
        trades = draw_trades(self.rng, self.traders, self.calendar, (account, day), self.volatility)
        # Between 06:00 and 19:30 UTC every reset rule puts a trade in the day of its UTC date.
        opened = self.calendar.day_start(day) + self.rng.integers(*_HOURS, day.size)
        held = np.clip(trades.closed - trades.opened, 30, _LONGEST_HOLD)
        return replace(trades, opened=opened, closed=opened + held)

    def burst(self, kind: int, least: int, more: float) -> tuple[Trades, Ints]:
        """Ordinary trades on every day of each window of a kind, and the victim each belongs to."""
        victim, weekday = _window_days(self.victims, self.victims.rows(kind))
        counts = least + self.rng.poisson(more, victim.size)
        rows = np.repeat(victim, counts)
        return self.draw(rows, np.repeat(weekday, counts)), rows

    def explosions(self) -> list[Trades]:
        trades, victim = self.burst(LOT_EXPLOSION, 3, 2.0)
        factor = self.rng.integers(5, 11, self.victims.kind.size)[victim]
        return [replace(scaled(trades, factor.astype(np.float64)), lots=trades.lots * factor)]

    def winning_weeks(self) -> list[Trades]:
        trades, _ = self.burst(WIN_RATE_JUMP, 3, 2.0)
        size = self.rng.uniform(0.1, 0.35, trades.net.size)
        won = self.rng.random(size.size) < _JUMPED_WIN_RATE
        return [replace(trades, net=np.where(won, size, -1.5 * size) * trades.risk)]

    def martingales(self) -> list[Trades]:
        rows = self.victims.rows(MARTINGALE)
        steps = self.rng.integers(*_RUN_LENGTHS, rows.size)
        victim = np.repeat(rows, steps)
        trades = self.draw(victim, self.victims.first[victim])
        return [_doubling(self.rng, trades, within_groups(steps), np.repeat(steps, steps))]

    def pairs(self) -> list[Trades]:
        leading, victim = self.burst(COPIED_PAIR, 2, 1.0)
        return [leading, _copied(self.rng, leading, self.victims.follower[victim])]


def _tamed(trades: Trades, victims: Victims, traders: Traders, calendar: Calendar) -> Trades:
    """Shrink the victims' results so that none is ended by its plan before or in its window."""
    trades = trades.by_close()
    worst = worst_use(trades, closed_limit_use(trades, traders, calendar), traders.count)
    factor = np.minimum(1.0, _VICTIM_LIMIT_USE / np.maximum(worst, 1e-9))
    paired = victims.follower >= 0
    leader, follower = victims.account[paired], victims.follower[paired]
    # One factor for both, or their prices would drift apart.
    factor[leader] = factor[follower] = np.minimum(factor[leader], factor[follower])
    return scaled(trades, factor[trades.account])


def inject(
    rng: np.random.Generator,
    trades: Trades,
    traders: Traders,
    calendar: Calendar,
    volatility: Floats,
    victims: Victims,
) -> Trades:
    """Replace the victims' trades inside their windows by the misbehaviour; others stay as they are."""
    touched = np.isin(trades.account, victims.accounts)
    own = trades.take(touched)
    inside = victims.inside(calendar, traders.count, own.account, own.opened, own.closed)
    scene = _Scene(rng, traders, calendar, volatility, victims)
    added = [*scene.explosions(), *scene.winning_weeks(), *scene.martingales(), *scene.pairs()]
    theirs = _tamed(Trades.join([own.take(~inside), *added]), victims, traders, calendar)
    return Trades.join([trades.take(~touched), theirs])
