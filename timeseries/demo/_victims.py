"""Who misbehaves, how and when."""

from dataclasses import dataclass

import numpy as np

from . import _parameters as parameters
from ._arrays import Bools, Ints
from ._calendar import DAY, Calendar
from ._traders import Traders

KINDS = ("lot_explosion", "win_rate_jump", "martingale", "copied_pair", "dead_feed")
LOT_EXPLOSION, WIN_RATE_JUMP, MARTINGALE, COPIED_PAIR, DEAD_FEED = range(len(KINDS))
_LENGTHS = np.array([1, 5, 1, 10, 0])
_DEAD_LENGTHS = (7, 13)
_LONGEST = 12
# A trading day under New York's reset begins three hours before midnight UTC at the latest.
_BEFORE_MIDNIGHT = 4 * 3600


@dataclass(frozen=True, slots=True)
class Victims:
    """Columns over anomalies: account, copying account (-1: none), kind, first and last weekday index."""

    account: Ints
    follower: Ints
    kind: Ints
    first: Ints
    last: Ints

    @property
    def accounts(self) -> Ints:
        """Every account touched."""
        return np.concatenate([self.account, self.follower[self.follower >= 0]])

    def rows(self, kind: int) -> Ints:
        """Positions of one kind."""
        return np.flatnonzero(self.kind == kind)

    def windows(self, calendar: Calendar, accounts: int) -> tuple[Ints, Ints]:
        """Per account, the epoch seconds in which its own trades make room; an empty span elsewhere."""
        begin, end = np.zeros(accounts, np.int64), np.zeros(accounts, np.int64)
        paired = self.follower >= 0
        for account, rows in ((self.account, slice(None)), (self.follower[paired], paired)):
            begin[account] = calendar.weekday_start(self.first[rows]) - _BEFORE_MIDNIGHT
            end[account] = calendar.weekday_start(self.last[rows]) + DAY
        return begin, end

    def inside(self, calendar: Calendar, accounts: int, account: Ints, opened: Ints, closed: Ints) -> Bools:
        """True for rows that touch their account's window."""
        begin, end = self.windows(calendar, accounts)
        return (opened < end[account]) & (closed >= begin[account])


def _candidates(rng: np.random.Generator, traders: Traders, alive: Bools, latest: int) -> Ints:
    old = np.flatnonzero(traders.opened_weekday + parameters.ANOMALY_MINIMUM_AGE <= latest)
    idle = traders.activity[old] < 0.5
    # Random inside four classes: lasting and active first, ended and idle last.
    return old[np.argsort(rng.random(old.size) + 2.0 * ~alive[old] + 1.0 * idle)]


def _last_days(rng: np.random.Generator, earliest: Ints, days: int) -> Ints:
    # One in five on the last day, so that a report about yesterday has something to tell.
    turn = np.arange(earliest.size) % 5
    anywhere = rng.integers(earliest, days)
    recent = np.maximum(earliest, days - 1 - rng.integers(1, 5, earliest.size))
    return np.where(turn == 0, days - 1, np.where(turn == 1, recent, anywhere))


def choose_victims(rng: np.random.Generator, traders: Traders, calendar: Calendar, alive: Bools) -> Victims:
    """Give each kind its own accounts in the last third; fewer, or none, where the firm is too small.

    Accounts that last and trade on most days come first; the most active get the dead feeds, where a
    silence stands out.
    """
    days = calendar.weekday_positions.size
    latest = days * 2 // 3
    pool = _candidates(rng, traders, alive, latest)
    least = max(parameters.ANOMALY_LEAST, round(parameters.ANOMALY_SHARE * traders.count))
    each = min(least, pool.size // (len(KINDS) + 1)) if days - latest > _LONGEST else 0
    chosen = pool[: each * (len(KINDS) + 1)]
    chosen = chosen[np.argsort(-traders.activity[chosen])]
    dead, rest = chosen[:each], rng.permutation(chosen[each:])
    pairs = rest[: 2 * each]
    # Neighbours in risk, so that a copy is no stranger to its account's usual size.
    pairs = pairs[np.argsort(traders.risk[pairs])]
    kind = np.repeat(np.arange(len(KINDS)), each)
    length = _LENGTHS[kind]
    length[kind == DEAD_FEED] = rng.integers(*_DEAD_LENGTHS, each)
    follower = np.full(kind.size, -1, np.int64)
    follower[kind == COPIED_PAIR] = pairs[1::2]
    last = np.concatenate(
        [_last_days(rng, part, days) for part in (latest + length - 1).reshape(len(KINDS), each)]
    )
    account = np.concatenate([rest[2 * each :], pairs[::2], dead])
    return Victims(account, follower, kind, last - length + 1, last)
