"""Seconds and peak memory of a whole firm's forecast: intervals, breach probabilities and payouts."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from _forecast_sets import HORIZON, two_state_accounts

from timeseries.forecast import Rules, State, plan_outcomes, prepare, summary_of

__all__ = ["Cost", "measure"]

FloatArray = npt.NDArray[np.float64]
Result = TypeVar("Result")

DAYS = 365
QUANTILES = (0.025, 0.1, 0.5, 0.9, 0.975)
PATHS = 500
PLANS = 28
START = 10_000.0
BLOCK = 5_000


@dataclass(frozen=True)
class Cost:
    """What one run over all accounts took.

    Attributes:
        run: "first run" or "daily update".
        prepare: seconds to choose, learn and calibrate, or only to look ahead.
        intervals: seconds to the quantiles of days and totals.
        outcomes: seconds to walk the paths under the rules and to sum them by plan and over the firm.
        input: megabytes of the arrays given.
        before: resident megabytes of the process before the run, with them.
        peak: most resident megabytes during the run.
    """

    accounts: int
    run: str
    prepare: float
    intervals: float
    outcomes: float
    input: float
    before: float
    peak: float

    @property
    def seconds(self) -> float:
        """Of everything."""
        return self.prepare + self.intervals + self.outcomes

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return asdict(self) | {"seconds": self.seconds}


@dataclass(frozen=True)
class Firm:
    """Accounts with their plans, DAYS of the past and one day more."""

    profit: FloatArray
    low_excess: FloatArray
    plan: npt.NDArray[np.int_]

    def rules(self, last: int) -> Rules:
        """Where the accounts stand when so many days are known; a tenth of the start may be lost."""
        balance = START + np.nansum(self.profit[:, :last], axis=1)
        everywhere = np.ones(len(balance))
        return Rules(
            balance=balance,
            equity=balance,
            max_drawdown_floor=np.minimum(balance - 0.04 * START, 0.9 * START),
            daily_loss_limit=0.05 * START * everywhere,
            profit_target=np.where(self.plan % 2, np.nan, balance + 0.05 * START),
            trailing=self.plan % 4 == 1,
            profit_split=0.8 * everywhere,
            payout_base=START * everywhere,
        )


def measure(accounts: int, rounds: int) -> list[Cost]:
    """First run and daily update in a process of their own, so that its peak memory is theirs."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(in_child, accounts, rounds).result()


def in_child(accounts: int, rounds: int) -> list[Cost]:
    """The quickest of some rounds of each."""
    firm = make_firm(accounts)
    tries = [cost_of(firm, 0, None) for _ in range(rounds)]
    state = tries[0][1]
    updates = [cost_of(firm, 1, state) for _ in range(rounds)]
    return [best([cost for cost, _ in some]) for some in (tries, updates)]


def best(costs: list[Cost]) -> Cost:
    """The quickest, with the most memory of all."""
    quickest = min(costs, key=lambda cost: cost.seconds)
    return replace(quickest, before=costs[0].before, peak=max(cost.peak for cost in costs))


def make_firm(accounts: int) -> Firm:
    """Built block by block, so that its making does not need more memory than its forecast."""
    rng = np.random.default_rng(0)
    profit, low_excess = (np.empty((accounts, DAYS + 1)) for _ in range(2))
    for start in range(0, accounts, BLOCK):
        rows = slice(start, min(start + BLOCK, accounts))
        moves = two_state_accounts(rows.stop - start, DAYS + 1, seed=start)
        born = rng.integers(0, DAYS, (len(moves), 1)) * (rng.random((len(moves), 1)) < 0.3)
        moves[np.arange(DAYS + 1) < born] = np.nan
        profit[rows] = moves
        low_excess[rows] = np.where(moves == 0, np.nan, -0.4 * np.abs(moves))
    return Firm(profit, low_excess, rng.integers(0, PLANS, accounts))


def cost_of(firm: Firm, first: int, state: State | None) -> tuple[Cost, State]:
    """Of a forecast from DAYS days, the first of which has this number."""
    days = slice(first, first + DAYS)
    profit, lows, rules = firm.profit[:, days], firm.low_excess[:, days], firm.rules(first + DAYS)
    before = forget_peak()
    prepared, preparing = timed(lambda: prepare(profit, HORIZON, cohort=firm.plan, state=state))
    _, intervals = timed(lambda: summary_of(prepared, QUANTILES))
    groupings = firm.plan, np.zeros_like(firm.plan)
    _, outcomes = timed(
        lambda: plan_outcomes(prepared, rules, lows, past_profit=profit, groupings=groupings, paths=PATHS)
    )
    run = "first run" if state is None else "daily update"
    size = (firm.profit.nbytes + firm.low_excess.nbytes) / 1e6
    cost = Cost(len(profit), run, preparing, intervals, outcomes, size, before, resident("VmHWM"))
    return cost, prepared.state


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """The result and the seconds it took."""
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


def forget_peak() -> float:
    """Resident megabytes now, which become the peak so far."""
    Path("/proc/self/clear_refs").write_text("5")
    return resident("VmRSS")


def resident(what: str) -> float:
    """A figure of this process's memory in megabytes, as the kernel counts it."""
    found = re.search(rf"^{what}:\s+(\d+) kB", Path("/proc/self/status").read_text(), flags=re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1000
