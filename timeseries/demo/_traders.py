"""The traders: one row of lasting habits an account, and the volatility each account-day lives in."""

from dataclasses import dataclass

import numpy as np

from . import _parameters as parameters
from . import _plans as plans
from . import _symbols as symbols
from ._arrays import Floats, Ints
from ._calendar import Calendar
from ._columns import Columns

_HABITUAL_SYMBOLS = 3


@dataclass(frozen=True, slots=True)
class Traders(Columns):
    """Columns over accounts; money in USD, ``opened_weekday`` an index into the trading days.

    ``risk`` is the average losing trade; ``edge`` is in units of it. ``habits[account, slot]`` are the
    symbols a trader comes back to, ``size_taste`` scales the usual lots.
    """

    plan: Ints
    group: Ints
    phase: Ints
    opened_weekday: Ints
    opened_at: Ints
    activity: Floats
    intensity: Floats
    risk: Floats
    edge: Floats
    habits: Ints
    size_taste: Floats

    @property
    def count(self) -> int:
        """How many accounts there are."""
        return int(self.plan.size)

    @property
    def balance(self) -> Ints:
        """Initial balance, whole USD."""
        return plans.BALANCE[self.plan]

    def usual_lots(self, account: Ints, symbol: Ints) -> Floats:
        """Habitual size in hundredths of a lot, unrounded."""
        return 100 * self.risk[account] * self.size_taste[account] / symbols.USD_PER_LOT[symbol]


def account_name(number: int) -> str:
    """The account's name in the files."""
    return f"A{number + 1:06d}"


def _lognormal(rng: np.random.Generator, median: float, sigma: float, count: int) -> Floats:
    return median * np.exp(sigma * rng.standard_normal(count))


def make_traders(rng: np.random.Generator, count: int, calendar: Calendar) -> Traders:
    """Draw the accounts of the firm."""
    days = calendar.weekday_positions.size
    later = rng.integers(0, max(1, int(days * parameters.OPENING_SPREAD)), count)
    opened = np.where(rng.random(count) < parameters.OPEN_FROM_THE_START, 0, later)
    plan = rng.choice(len(plans.NAMES), count, p=plans.SHARES)
    loss = _lognormal(rng, parameters.AVERAGE_LOSS_MEDIAN, parameters.AVERAGE_LOSS_SIGMA, count)
    return Traders(
        plan=plan,
        group=rng.integers(0, len(parameters.GROUPS), count),
        phase=rng.choice(len(parameters.PHASES), count, p=parameters.PHASE_SHARES),
        opened_weekday=opened,
        opened_at=calendar.weekday_start(opened) - rng.integers(60, 8 * 3600, count),
        activity=rng.beta(*parameters.ACTIVE_DAY_BETA, count),
        intensity=_lognormal(rng, parameters.EXTRA_TRADES_MEDIAN, parameters.EXTRA_TRADES_SIGMA, count),
        risk=loss * plans.BALANCE[plan],
        edge=rng.normal(parameters.EDGE_MEAN, parameters.EDGE_SIGMA, count),
        habits=rng.choice(len(symbols.NAMES), (count, _HABITUAL_SYMBOLS), p=symbols.SHARES),
        size_taste=_lognormal(rng, 1.0, 0.3, count),
    )


def _market_factor(rng: np.random.Generator, days: int) -> Floats:
    noise = rng.standard_normal(days)
    memory = parameters.MARKET_FACTOR_MEMORY
    level = np.empty(days)
    level[0] = noise[0]
    for day in range(1, days):
        level[day] = memory * level[day - 1] + np.sqrt(1 - memory**2) * noise[day]
    return np.exp(parameters.MARKET_FACTOR_SIGMA * level)


def make_volatility(rng: np.random.Generator, count: int, days: int) -> Floats:
    """Scale of every result, ``[accounts, calendar days]``.

    The two states switch per account, since an account's wild spells come from its trader's risk taking
    and symbols more than from the whole market; a mild factor common to all accounts is laid over them.
    """
    # Single precision halves the largest array of the firm.
    jumps = rng.random((days, count), np.float32)
    wild = np.empty((days, count), np.bool_)
    wild_share = parameters.CALM_TO_WILD / (parameters.CALM_TO_WILD + parameters.WILD_TO_CALM)
    # Starting in equilibrium: the first weeks are no calmer than the rest.
    wild[0] = jumps[0] < wild_share
    for day in range(1, days):
        stay, enter = jumps[day] >= parameters.WILD_TO_CALM, jumps[day] < parameters.CALM_TO_WILD
        wild[day] = np.where(wild[day - 1], stay, enter)
    factor = _market_factor(rng, days)
    return np.where(wild.T, parameters.WILD_FACTOR, 1.0) * factor
