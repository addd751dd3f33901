"""The state of one pass over a panel, and one day's step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from timeseries.anomaly._baseline import Baseline
from timeseries.anomaly._calibration import Calibration, beside_today
from timeseries.anomaly._combine import cauchy, weighted_minimum
from timeseries.anomaly._contract import Day, Detector
from timeseries.anomaly._guards import Guards
from timeseries.anomaly._jury import Jury, Opinions
from timeseries.anomaly._types import BoolArray, FloatArray, IntArray

__all__ = ["PanelRun", "Verdict"]

FLAG = 1e-3
# Who was so odd stays out of the pools for days: what comes after an anomaly is mostly more of it. The joins'
# pools decide how many alarms a healthy fleet sees, so these leave out only what it never shows.
SUSPICIOUS = 3e-4
CERTAIN = 3e-6
QUARANTINE_DAYS = 15
# After so many flagged days in a row the oddness is the new normal, and is learned.
PATIENCE = 15
# Flagged without a calibration.
FAR = 6.0
# A long memory keeps alarms of different months comparable, although one of them held more anomalies.
JOIN_DAYS = 500.0


@dataclass(frozen=True)
class Verdict:
    """One day's result: the fields of ``Scores`` without the days, NaN where there is no opinion."""

    pvalue: FloatArray
    direction: FloatArray
    detector: FloatArray
    metric: FloatArray
    metric_pvalue: FloatArray
    metric_direction: FloatArray
    expected: FloatArray
    spread: FloatArray
    age: IntArray


@dataclass(frozen=True)
class _Joined:
    by_metric: FloatArray
    metric_pvalue: FloatArray
    by_series: FloatArray
    pvalue: FloatArray


class PanelRun:
    """Everything learned so far; ``step`` judges one more day, then learns from it."""

    def __init__(
        self,
        metrics: int,
        detectors: Sequence[type[Detector]],
        cohort: IntArray,
        *,
        weekdays: bool,
        missing_is_idle: bool,
        guards: Guards | None = None,
    ) -> None:
        series, cohorts = len(cohort), int(cohort.max(initial=0)) + 1
        cells = cohort[:, None] * metrics + np.arange(metrics)
        self._baseline = Baseline(cohort, metrics, weekdays, missing_is_idle)
        self._jury = Jury(detectors, cells)
        self._metric_pool = Calibration(cohorts * metrics, series, memory=JOIN_DAYS)
        self._series_pool = Calibration(cohorts, series, memory=JOIN_DAYS)
        self._cells, self._cohort, self._guards = cells, cohort, guards
        self._streak = np.zeros(cells.shape, dtype=np.int64)
        self._quarantine = np.zeros((2, *cells.shape), dtype=np.int64)

    def fill(self, days: Sequence[tuple[FloatArray, int]]) -> None:
        """Learn days (values, weekday) as they are, without a judgement: the past of a run's first days."""
        nothing = np.zeros(self._cells.shape, dtype=bool)
        for index, (values, weekday) in enumerate(days):
            day = self._baseline.judge(values, weekday, relocate=index == len(days) // 2)
            self._baseline.learn(day, nothing)
            self._jury.remember(day, nothing)
        self._baseline.locate()
        self._baseline.find_offsets()

    def settle(self, values: FloatArray, weekday: int) -> None:
        """Learn a day, and let the detectors hear it; far residuals count as flagged."""
        day = self._baseline.judge(values, weekday, relocate=False)
        self._jury.listen(day)
        flagged = np.abs(day.residual) > FAR
        self._jury.remember(day, flagged)
        self._baseline.learn(day, flagged)

    def prepare(
        self, values: FloatArray, weekday: int, rng: np.random.Generator, rows: IntArray, *, relocate: bool
    ) -> None:
        """Learn a day of a large fleet: all series their own, the pools from some rows only."""
        day = self._baseline.judge(values, weekday, relocate=relocate)
        opinions = self._jury.hear(day, rows)
        some = opinions.rows(rows)
        joined = self._join(self._jury.pvalues(some, rng), rng, rows)
        healthy = np.zeros(self._cells.shape, dtype=bool)
        healthy[rows] = self._pool(joined, rows)
        flagged = self._flag(self._jury.beyond(opinions, FLAG))
        self._jury.learn(day, opinions, healthy, flagged)
        self._baseline.learn(day, flagged)

    def step(
        self,
        values: FloatArray,
        weekday: int,
        rng: np.random.Generator,
        *,
        relocate: bool = True,
        accepted: BoolArray | None = None,
    ) -> Verdict:
        """Judge the day [series, metrics] by baselines brought up to date, or not; then learn from it."""
        day = self._baseline.judge(values, weekday, relocate=relocate)
        opinions = self._jury.hear(day, None)
        pvalues = self._jury.pvalues(opinions, rng)
        everyone = np.arange(len(values))
        joined = self._join(pvalues, rng, everyone)
        verdict = self._verdict(day, opinions, *self._guarded(day, opinions, pvalues, joined, rng))
        healthy = self._pool(joined, everyone)
        flagged = self._flag(joined.metric_pvalue < FLAG)
        if accepted is not None and accepted.any():
            where = np.broadcast_to(accepted[:, None], flagged.shape)
            flagged &= ~where
            self._jury.restart(where)
        self._jury.learn(day, opinions, healthy, flagged)
        self._baseline.learn(day, flagged)
        return verdict

    def _join(self, pvalues: FloatArray, rng: np.random.Generator, rows: IntArray) -> _Joined:
        by_metric = -np.log(weighted_minimum(pvalues, self._jury.weights))
        metric_pvalue = self._metric_pool.pvalue(by_metric, self._cells[rows], rng)
        if pvalues.shape[1] == 1:
            by_series, pvalue = by_metric[:, 0], metric_pvalue[:, 0]
        else:
            by_series = -np.log(cauchy(metric_pvalue))
            pvalue = self._series_pool.pvalue(by_series, self._cohort[rows], rng)
        pvalue = beside_today(pvalue, self._cohort[rows], rng)
        return _Joined(by_metric, metric_pvalue, by_series, pvalue)

    def _pool(self, joined: _Joined, rows: IntArray) -> BoolArray:
        suspended, certain = self._quarantine[:, rows] > 0
        self._metric_pool.learn(joined.by_metric, self._cells[rows], ~certain)
        if self._cells.shape[1] > 1:
            self._series_pool.learn(joined.by_series, self._cohort[rows], ~certain.any(axis=1))
        odd = np.stack([joined.metric_pvalue < SUSPICIOUS, joined.metric_pvalue < CERTAIN])
        left = np.maximum(self._quarantine[:, rows] - 1, 0)
        self._quarantine[:, rows] = np.where(odd, QUARANTINE_DAYS, left)
        healthy: BoolArray = ~suspended
        return healthy

    def _flag(self, odd: BoolArray) -> BoolArray:
        self._streak = np.where(odd, self._streak + 1, 0)
        return odd & (self._streak <= PATIENCE)

    def _guarded(
        self, day: Day, opinions: Opinions, pvalues: FloatArray, joined: _Joined, rng: np.random.Generator
    ) -> tuple[FloatArray, _Joined]:
        if self._guards is None:
            return pvalues, joined
        covered = self._guards.covers(day, opinions.direction) & self._jury.sized
        covered &= np.isfinite(pvalues)
        reported = np.where(covered, 1.0, pvalues)
        return reported, self._join(reported, rng, np.arange(len(pvalues)))

    def _verdict(self, day: Day, opinions: Opinions, pvalues: FloatArray, joined: _Joined) -> Verdict:
        silent = np.isnan(joined.pvalue)
        rows = np.arange(len(silent))
        # argmin would pick a NaN, which is no opinion.
        weighted = np.where(np.isnan(pvalues), np.inf, pvalues / self._jury.weights)
        loudest = weighted.argmin(axis=-1)
        metric = np.where(np.isnan(joined.metric_pvalue), np.inf, joined.metric_pvalue).argmin(axis=-1)
        direction = np.take_along_axis(opinions.direction, loudest[..., None], axis=-1)[..., 0]
        age = np.take_along_axis(opinions.age, loudest[..., None], axis=-1)[..., 0]
        return Verdict(
            pvalue=joined.pvalue,
            direction=np.where(silent, 0, direction[rows, metric]),
            detector=np.where(silent, -1, loudest[rows, metric]),
            metric=np.where(silent, -1, metric),
            metric_pvalue=joined.metric_pvalue,
            metric_direction=np.where(np.isnan(joined.metric_pvalue), 0, direction),
            expected=day.expected,
            spread=day.spread,
            age=np.where(silent, 0, age[rows, metric]),
        )
