"""How much accounts move together: a common factor of the whole panel, and one of each group."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from timeseries.forecast._arrays import LEVELS, FloatArray, IntArray, ratio
from timeseries.forecast._cohort import group_sums
from timeseries.forecast._history import History
from timeseries.forecast._sampling import Draws

__all__ = ["Dependence", "joint_draws", "measured_dependence"]

# Correlations count as far as so many shared days leave them certain.
NEEDED_DAYS = 60.0
LARGEST_RELATIVE = 5.0
MOST_CORRELATION = 0.95
# Normal numbers are turned into places of a shape by a table of this many steps on each unit.
STEPS_A_UNIT = 256
WIDEST_NORMAL = 4.5


@dataclass(frozen=True)
class Dependence:
    """Correlation of the normal scores of the days' surprises.

    Attributes:
        panel: between any two series.
        group: between two series of one group, at least that of the panel, [groups].
        of_series: each series' place in ``group``, [series].
    """

    panel: float
    group: FloatArray
    of_series: IntArray

    def rows(self, rows: IntArray) -> "Dependence":
        """That of some of the series."""
        return replace(self, of_series=self.of_series[rows])


def measured_dependence(history: History, group: IntArray) -> Dependence:
    """Mean correlation of moves on shared days, over the panel and within each group, zero or above.

    It is what decides the spread of sums: the variance of a sum of n like moves grows by n (n - 1) times the
    mean correlation. Columns of the history must be the same days for all series.
    """
    active = history.active
    moves = np.where(active, history.moves, 0.0)
    days = active.sum(axis=1).astype(np.float64)
    typical = ratio(np.abs(moves).sum(axis=1), days)
    relative = np.clip(ratio(moves, typical[:, None]), -LARGEST_RELATIVE, LARGEST_RELATIVE)
    relative = np.where(active, relative - ratio(relative.sum(axis=1), days)[:, None], 0.0)
    groups = int(group.max(initial=-1)) + 1
    sums, squares, members = (
        group_sums(values, group, groups) for values in (relative, relative**2, active.astype(np.float64))
    )
    panel = correlation(*(total.sum(axis=0, keepdims=True) for total in (sums, squares, members)))
    within = correlation(sums, squares, members)
    return Dependence(float(panel[0]), np.maximum(within, panel[0]), group)


def correlation(sums: FloatArray, squares: FloatArray, members: FloatArray) -> FloatArray:
    """Mean correlation from sums over the members of each day, [groups]; arguments [groups, days]."""
    pairs = ((members - 1) * squares).sum(axis=1)
    found = ratio((sums**2 - squares).sum(axis=1), np.maximum(pairs, 0.0))
    shared = (members > 1).sum(axis=1)
    return np.asarray(np.clip(found * shared / (shared + NEEDED_DAYS), 0.0, MOST_CORRELATION))


def joint_draws(
    dependence: Dependence, rows: slice, horizon: int, paths: int, seed: tuple[int, ...]
) -> Draws:
    """Random numbers of some series that fit together with those of the others.

    A path and a day have one common factor for the panel and one for each group, whichever rows are asked
    for, so path k of one account belongs with path k of every other.
    """
    common = np.random.default_rng([*seed, 0])
    of_series = dependence.of_series[rows]
    own = np.random.default_rng([*seed, 1, rows.start or 0])
    shape = (len(of_series), paths)
    panel_part = np.float32(np.sqrt(dependence.panel))
    group_part = np.sqrt(dependence.group - dependence.panel).astype(np.float32)[of_series, None]
    own_part = np.sqrt(1 - dependence.group).astype(np.float32)[of_series, None]
    groups = len(dependence.group)

    def days() -> npt.NDArray[np.intp]:
        normal = own_part * own.standard_normal(shape, dtype=np.float32)
        normal += panel_part * common.standard_normal(paths, dtype=np.float32)
        normal += group_part * common.standard_normal((groups, paths), dtype=np.float32)[of_series]
        return places(normal)

    doubt = own.standard_normal((2, *shape), dtype=np.float32)
    return Draws(doubt, ((days(), own.random(shape, dtype=np.float32)) for _ in range(horizon)))


def places(normal: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
    """The place in a shape that a normal number stands for."""
    np.clip(normal, -WIDEST_NORMAL, WIDEST_NORMAL, out=normal)
    normal += WIDEST_NORMAL
    normal *= STEPS_A_UNIT
    return PLACES[normal.astype(np.intp)]


def place_table() -> npt.NDArray[np.intp]:
    """For each step of a normal number the stratum of probability it falls into."""
    steps = np.arange(int(2 * WIDEST_NORMAL * STEPS_A_UNIT) + 1)
    middle = (steps + 0.5) / STEPS_A_UNIT - WIDEST_NORMAL
    return np.minimum((ndtr(middle) * len(LEVELS)).astype(np.intp), len(LEVELS) - 1)


PLACES = place_table()
