"""The detectors side by side, with the pools that make their evidence comparable."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from timeseries.anomaly._calibration import Calibration, HealthyTail
from timeseries.anomaly._contract import Day, Detector, Evidence
from timeseries.anomaly._threads import each
from timeseries.anomaly._types import BoolArray, FloatArray, IntArray

__all__ = ["Jury", "Opinions"]

SIDES = 3
# Of a deviation only the order of sizes is known; a silence's improbability is a model's, nearly believed.
LIGHTNESS, LIGHTNESS_OF_MODELS = 0.8, 0.95
BEND, BEND_OF_MODELS = 2.0, 1.0
NEAR, FAR = 0.2, 0.05


@dataclass(frozen=True)
class Opinions:
    """What all detectors say of a day, [series, metrics, detectors]."""

    statistic: FloatArray
    direction: FloatArray
    age: IntArray
    group: IntArray

    def rows(self, rows: IntArray) -> "Opinions":
        """The opinions on some series only."""
        return Opinions(self.statistic[rows], self.direction[rows], self.age[rows], self.group[rows])


class Jury:
    """All detectors of a panel; one pool for each cohort, metric, detector and side.

    Gains and losses have different tails; given its side a statistic is ranked among its like.
    """

    def __init__(self, kinds: Sequence[type[Detector]], cells: IntArray) -> None:
        self._detectors = [kind(*cells.shape) for kind in kinds]
        weights = np.array([kind.weight for kind in kinds])
        self.weights: FloatArray = weights / weights.sum()
        self.sized: BoolArray = np.array([kind.sized for kind in kinds])
        self._cells = cells
        groups = (int(cells.max(initial=0)) + 1) * SIDES * len(kinds)
        lightness = np.where(self.sized, LIGHTNESS, LIGHTNESS_OF_MODELS)
        tail = HealthyTail(NEAR, FAR, lightness, np.where(self.sized, BEND, BEND_OF_MODELS))
        self._pool = Calibration(groups, len(cells), families=len(kinds), tail=tail)

    def listen(self, day: Day) -> None:
        """Let the detectors that follow single series hear a day nobody asks about."""
        followers = [detector for detector in self._detectors if not detector.fleetwise]
        each(lambda detector: detector.score(day), followers, self._cells.size)

    def hear(self, day: Day, rows: IntArray | None) -> Opinions:
        """Ask every detector; those that keep nothing of single series only about the rows, if given."""
        said = each(lambda detector: _ask(detector, day, rows), self._detectors, self._cells.size)
        direction = np.stack([evidence.direction for evidence in said], axis=-1)
        direction[np.isnan(direction)] = 0.0
        age = np.zeros(direction.shape, dtype=np.int64)
        for place, evidence in enumerate(said):
            if evidence.age is not None:
                age[..., place] = evidence.age
        statistic = np.stack([evidence.statistic for evidence in said], axis=-1)
        side = self._cells[..., None] * SIDES + direction.astype(np.int64) + 1
        return Opinions(statistic, direction, age, side * len(said) + np.arange(len(said)))

    def pvalues(self, opinions: Opinions, rng: np.random.Generator) -> FloatArray:
        """Calibrated, [series, metrics, detectors]; evidence of nothing odd has p-value 1."""
        pvalue = self._pool.pvalue(opinions.statistic, opinions.group, rng)
        return np.where(opinions.statistic == 0.0, 1.0, pvalue)

    def beyond(self, opinions: Opinions, level: float) -> BoolArray:
        """Which metrics' days [series, metrics] have an opinion with a p-value below the level."""
        limit = np.log(self.weights)
        thresholds = np.stack(
            [self._pool.threshold(level * np.exp(part)) for part in np.unique(limit)], axis=-1
        )
        place = np.searchsorted(np.unique(limit), limit)
        odd: BoolArray = np.asarray((opinions.statistic > thresholds[opinions.group, place]).any(axis=-1))
        return odd

    def learn(self, day: Day, opinions: Opinions, healthy: BoolArray, flagged: BoolArray) -> None:
        """Take opinions into the pools where healthy, and the day into the detectors where not flagged."""
        accepted = np.broadcast_to(healthy[..., None], opinions.statistic.shape)
        self._pool.learn(opinions.statistic, opinions.group, accepted)
        self.remember(day, flagged)

    def remember(self, day: Day, flagged: BoolArray) -> None:
        """Take the day into the detectors, where not flagged."""
        each(lambda detector: detector.learn(day, flagged), self._detectors, self._cells.size)

    def restart(self, where: BoolArray) -> None:
        """Forget evidence of lasting changes where [series, metrics]."""
        for detector in self._detectors:
            detector.restart(where)


def _ask(detector: Detector, day: Day, rows: IntArray | None) -> Evidence:
    if rows is None or not detector.fleetwise:
        return detector.score(day)
    some = detector.score(day.rows(rows))
    statistic, direction = np.full(day.values.shape, np.nan), np.zeros(day.values.shape)
    statistic[rows], direction[rows] = some.statistic, some.direction
    return Evidence(statistic, direction)
