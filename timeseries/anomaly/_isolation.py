"""Detector: an account-day whose metrics together are unlike those of its cohort."""

from typing import ClassVar

import numpy as np

from timeseries.anomaly._contract import Day, Evidence
from timeseries.anomaly._types import BoolArray, FloatArray, IntArray

__all__ = ["Isolation"]

TREES = 50
SAMPLE = 256
KEPT_ROWS = 4_000
REFIT_DAYS = 20
# A cohort smaller than this is judged beside the whole fleet.
SMALLEST_COHORT = 50
LARGEST = 8.0
USUAL, NOMINAL = 0.4, 25.0


class Isolation:
    """Isolation forest (Liu, Ting & Zhou 2008) over standardised residuals, a forest for each large cohort.

    The forests are grown from the cohort's past days only, without flagged ones, and renewed every 20 days.
    Unknown metrics count as usual. The evidence stands at the metric furthest from its expected; the other
    metrics get no opinion. With fewer than two metrics there is none at all.
    """

    name: ClassVar[str] = "isolation"
    weight: ClassVar[float] = 0.3
    sized: ClassVar[bool] = True
    fleetwise: ClassVar[bool] = True

    def __init__(self, series: int, metrics: int) -> None:
        self._metrics = metrics
        self._rows: dict[int, FloatArray] = {}
        self._forests: dict[int, _Forest] = {}
        self._learned = 0

    def score(self, day: Day) -> Evidence:
        """Judge each account's vector by the forest of its cohort."""
        statistic = np.full(day.values.shape, np.nan)
        size = np.abs(day.residual)
        known: BoolArray = np.asarray(np.isfinite(size).any(axis=1))
        furthest = np.where(np.isfinite(size), size, -1.0).argmax(axis=1)
        vectors = _vectors(day)
        for key, members in self._groups(day.cohort):
            rows = members[known[members]]
            if key in self._forests and len(rows):
                score = self._forests[key].score(vectors[rows])
                statistic[rows, furthest[rows]] = np.maximum(score - USUAL, 0.0) * NOMINAL
        return Evidence(statistic, np.sign(np.nan_to_num(day.residual)))

    def learn(self, day: Day, flagged: BoolArray) -> None:
        """Keep the cohort's healthy rows; grow new forests when it is time."""
        if self._metrics < 2:
            return
        known = np.isfinite(day.residual).any(axis=1)
        healthy: BoolArray = np.asarray(known & ~flagged.any(axis=1))
        if not healthy.any():
            return
        vectors = _vectors(day)
        for key, members in self._groups(day.cohort):
            fresh = vectors[members[healthy[members]]]
            past = self._rows.get(key, np.empty((0, self._metrics)))
            self._rows[key] = np.concatenate([past, fresh])[-KEPT_ROWS:]
        self._grow()

    def restart(self, where: BoolArray) -> None:
        """Hold no evidence to forget."""

    def _grow(self) -> None:
        for key, rows in self._rows.items():
            if len(rows) >= SAMPLE and (key not in self._forests or self._learned % REFIT_DAYS == 0):
                self._forests[key] = _Forest(rows)
        self._learned += 1

    def _groups(self, cohort: IntArray) -> list[tuple[int, IntArray]]:
        if self._metrics < 2 or not len(cohort):
            return []
        counts = np.bincount(cohort)
        group = np.where(counts[cohort] >= SMALLEST_COHORT, cohort, -1)
        return [(int(key), np.flatnonzero(group == key)) for key in np.unique(group)]


class _Forest:
    """A fitted forest's trees laid side by side, so that one walk goes through all of them."""

    def __init__(self, rows: FloatArray) -> None:
        # Here, because importing it takes longer than most commands.
        from sklearn.ensemble import IsolationForest

        forest = IsolationForest(n_estimators=TREES, max_samples=SAMPLE, random_state=0).fit(rows)
        trees = [estimator.tree_ for estimator in forest.estimators_]
        starts = np.cumsum([0] + [tree.node_count for tree in trees])
        self._roots = starts[:-1]
        self._feature = np.concatenate([np.maximum(tree.feature, 0) for tree in trees])
        self._threshold = np.concatenate([tree.threshold for tree in trees])
        own = np.arange(starts[-1])
        left = np.concatenate(
            [tree.children_left + start for tree, start in zip(trees, starts, strict=False)]
        )
        right = np.concatenate(
            [tree.children_right + start for tree, start in zip(trees, starts, strict=False)]
        )
        leaf = np.concatenate([tree.children_left < 0 for tree in trees])
        self._children = np.stack([np.where(leaf, own, left), np.where(leaf, own, right)])
        sizes = np.concatenate([tree.n_node_samples for tree in trees])
        self._depth = max(int(tree.max_depth) for tree in trees)
        self._leaf, self._beyond = leaf, _mean_path(sizes)

    def score(self, rows: FloatArray) -> FloatArray:
        """Between 0 and 1 for each row [rows, metrics]; the shorter its paths, the larger."""
        node = np.broadcast_to(self._roots, (len(rows), len(self._roots)))
        index = np.arange(len(rows))[:, None]
        length = np.zeros(node.shape)
        for _ in range(self._depth):
            length += ~self._leaf[node]
            goes_right = rows[index, self._feature[node]] > self._threshold[node]
            node = self._children[goes_right.astype(np.int64), node]
        mean = (length + self._beyond[node]).mean(axis=1)
        result: FloatArray = 2.0 ** (-mean / _mean_path(np.array([SAMPLE]))[0])
        return result


def _mean_path(count: IntArray) -> FloatArray:
    """Mean length of an unsuccessful search in a binary search tree of so many points."""
    n = np.maximum(count, 2).astype(np.float64)
    length = 2 * (np.log(n - 1) + np.euler_gamma) - 2 * (n - 1) / n
    result: FloatArray = np.where(count > 2, length, np.where(count == 2, 1.0, 0.0))
    return result


def _vectors(day: Day) -> FloatArray:
    return np.clip(np.nan_to_num(day.residual), -LARGEST, LARGEST)
