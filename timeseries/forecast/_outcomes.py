"""What the firm asks: chances and payouts of every account, and the totals of groups, from the same paths."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from timeseries.forecast._arrays import FloatArray, IntArray, each_block
from timeseries.forecast._breach import BreachProbabilities, PathRules, typical_past
from timeseries.forecast._cohort import group_sums
from timeseries.forecast._history import cohort_numbers
from timeseries.forecast._prepare import Prepared
from timeseries.forecast._rules import Rules

__all__ = ["GroupTotals", "PlanOutcomes", "plan_outcomes"]

BLOCK = 500
PATHS = 500


@dataclass(frozen=True)
class GroupTotals:
    """The accounts of each group together, money.

    Attributes:
        groups: their labels, in the order of every array.
        members: number of accounts, [groups].
        mean: expected sum of each day's profit, [groups, horizon]: the sum of the accounts' means.
        total_quantiles: of the sum from the first day to each one, [groups, horizon, quantiles].
        expected_payout: sum of the accounts' expected payouts, [groups].
        payout_quantiles: of the sum of the accounts' payouts, [groups, quantiles].
        expected_breaches: number of accounts that will breach, [groups].
    """

    groups: tuple[str, ...]
    members: FloatArray
    mean: FloatArray
    total_quantiles: FloatArray
    expected_payout: FloatArray
    payout_quantiles: FloatArray
    expected_breaches: FloatArray


@dataclass(frozen=True)
class PlanOutcomes:
    """What the simulated paths come to under the plans' rules.

    Attributes:
        chances: of every account.
        totals: of every group, for each grouping.
    """

    chances: BreachProbabilities
    totals: tuple[GroupTotals, ...]


def plan_outcomes(
    prepared: Prepared,
    rules: Rules,
    low_excess: npt.ArrayLike | None = None,
    *,
    past_profit: npt.ArrayLike,
    balance_low_excess: npt.ArrayLike | None = None,
    groupings: Sequence[npt.ArrayLike] = (),
    quantiles: Sequence[float] | FloatArray = (0.025, 0.1, 0.5, 0.9, 0.975),
    paths: int = PATHS,
) -> PlanOutcomes:
    """Walk the paths of a prepared panel of flows under its rules, block by block.

    Memory is that of a few blocks of accounts, however many there are. Path k of one account belongs with
    path k of every other, so the sums over a group spread as its accounts move together. Totals of profit
    count every day of a path, also after a breach; payouts stop there.

    Args:
        prepared: the coming days of the panel.
        rules: see :func:`breach_probabilities`, as the other arguments but
        groupings: labels of groups to total, [series] each; one label for all gives the whole panel's total.
        quantiles: probabilities of the groups' totals.
        paths: simulated for each account.

    Raises:
        ValueError: shapes do not fit, a balance or equity is not finite, or the panel is of levels.
    """
    if prepared.start is not None:
        raise ValueError("plan_outcomes needs a panel of flows (daily profit), not of levels")
    sums = [PathSums.of(labels, prepared, paths) for labels in groupings]
    past = typical_past(past_profit, len(prepared))
    path_rules = PathRules.of(rules, past, low_excess, balance_low_excess)
    chances = BreachProbabilities(*(np.zeros(len(prepared)) for _ in fields(BreachProbabilities)))

    def of_rows(rows: slice) -> list[BlockSums]:
        moves = prepared.moves(rows, paths)
        found, payouts = path_rules.walk(rows, moves)
        for field in fields(chances):
            getattr(chances, field.name)[rows] = getattr(found, field.name)
        return [one.of_block(rows, moves, payouts) for one in sums]

    for blocks in each_block(of_rows, len(prepared), BLOCK):
        for one, block in zip(sums, blocks, strict=True):
            one.add(block)
    mean = prepared.expected_moves()
    return PlanOutcomes(chances, tuple(one.totals(mean, chances, quantiles) for one in sums))


# Places of the groups in a block, and the sums of their profit and of their payouts on each path.
BlockSums = tuple[IntArray, FloatArray, FloatArray]


@dataclass(frozen=True)
class PathSums:
    """Sums over the accounts of each group, path by path.

    Blocks are added in their order, so that the same arguments give the same sums to the last digit.

    Attributes:
        labels: of the groups.
        numbers: each account's place among them, [series].
        profit: of each day, [groups, paths, horizon].
        payout: [groups, paths].
    """

    labels: tuple[str, ...]
    numbers: IntArray
    profit: FloatArray
    payout: FloatArray

    @classmethod
    def of(cls, labels: npt.ArrayLike, prepared: Prepared, paths: int) -> "PathSums":
        """Nothing yet."""
        names, numbers = cohort_numbers(labels, len(prepared))
        shape = (len(names), paths)
        return cls(names, numbers, np.zeros((*shape, prepared.outlook.horizon)), np.zeros(shape))

    def of_block(self, rows: slice, moves: FloatArray, payouts: FloatArray) -> BlockSums:
        """The sums of some accounts."""
        here, places = np.unique(self.numbers[rows], return_inverse=True)
        profit = group_sums(moves.reshape(len(moves), -1), places, len(here))
        return here, profit.reshape(len(here), *moves.shape[1:]), group_sums(payouts, places, len(here))

    def add(self, block: BlockSums) -> None:
        """Add the sums of a block."""
        here, profit, payout = block
        self.profit[here] += profit
        self.payout[here] += payout

    def totals(
        self, mean: FloatArray, chances: BreachProbabilities, quantiles: Sequence[float] | FloatArray
    ) -> GroupTotals:
        """The totals of the groups; mean [series, horizon] of the accounts."""
        count = len(self.labels)
        expected = group_sums(mean, self.numbers, count)
        running = np.cumsum(self.profit, axis=2)
        # The paths' mean has a sampling error; the accounts' own means have none.
        running += (np.cumsum(expected, axis=1) - running.mean(axis=1))[:, None]
        return GroupTotals(
            groups=self.labels,
            members=np.bincount(self.numbers, minlength=count).astype(np.float64),
            mean=expected,
            total_quantiles=np.moveaxis(np.quantile(running, quantiles, axis=1, method="hazen"), 0, 2),
            expected_payout=group_sums(chances.expected_payout, self.numbers, count),
            payout_quantiles=np.quantile(self.payout, quantiles, axis=1, method="hazen").T,
            expected_breaches=group_sums(chances.any_breach, self.numbers, count),
        )
