"""The state of one pass over a panel, and one day's step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from timeseries.anomaly._baseline import Baseline
from timeseries.anomaly._calibration import Calibration
from timeseries.anomaly._combine import cauchy
from timeseries.anomaly._contract import Day, Detector, Evidence
from timeseries.anomaly._types import BoolArray, FloatArray, IntArray

__all__ = ["PanelRun", "Verdict"]

FLAG = 1e-3
# Removing a pool's largest members shortens its tail, so only what a healthy fleet hardly shows goes.
POOL_FLAG = 1e-4
HEALTHY_LOSS = 0.005
# After so many flagged days in a row the oddness is the new normal, and is learned.
PATIENCE = 15
SIDES = 3


@dataclass(frozen=True)
class Verdict:
    """One day's result: the fields of ``Scores`` without the days, NaN where there is no opinion."""

    pvalue: FloatArray
    direction: FloatArray
    detector: FloatArray
    metric: FloatArray
    metric_pvalue: FloatArray
    expected: FloatArray
    spread: FloatArray


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
    ) -> None:
        series, cohorts = len(cohort), int(cohort.max(initial=0)) + 1
        cells = cohort[:, None] * metrics + np.arange(metrics)
        self._baseline = Baseline(series, metrics, weekdays, missing_is_idle)
        self._witnesses = [_Witness(kind(series, metrics), cells) for kind in detectors]
        self._metric_pool = Calibration(cohorts * metrics)
        self._series_pool = Calibration(cohorts)
        self._cells, self._cohort = cells, cohort
        self._streak = np.zeros(cells.shape, dtype=np.int64)
        self._pool_flag = min(POOL_FLAG, HEALTHY_LOSS / max(series, 1))

    def step(
        self, values: FloatArray, weekday: int, rng: np.random.Generator, *, relocate: bool = True
    ) -> Verdict:
        """Judge the day [series, metrics] by baselines brought up to date, or not; then learn from it."""
        day = self._baseline.judge(values, weekday, relocate=relocate)
        opinions = np.stack([witness.judge(day, rng) for witness in self._witnesses], axis=-1)
        by_metric = -np.log(cauchy(opinions))
        metric_pvalue = self._metric_pool.pvalue(by_metric, self._cells, rng)
        by_series = -np.log(cauchy(metric_pvalue))
        pvalue = self._series_pool.pvalue(by_series, self._cohort, rng)
        healthy = ~(metric_pvalue < self._pool_flag)
        self._metric_pool.learn(by_metric, self._cells, healthy)
        self._series_pool.learn(by_series, self._cohort, ~(pvalue < self._pool_flag))
        flagged = self._flag(metric_pvalue)
        for witness in self._witnesses:
            witness.learn(day, healthy, flagged)
        self._baseline.learn(day, flagged)
        return self._verdict(day, opinions, metric_pvalue, pvalue)

    def _flag(self, metric_pvalue: FloatArray) -> BoolArray:
        odd = metric_pvalue < FLAG
        self._streak = np.where(odd, self._streak + 1, 0)
        return odd & (self._streak <= PATIENCE)

    def _verdict(
        self, day: Day, opinions: FloatArray, metric_pvalue: FloatArray, pvalue: FloatArray
    ) -> Verdict:
        silent = np.isnan(pvalue)
        rows = np.arange(len(pvalue))
        # argmin would pick a NaN, which is no opinion.
        metric = np.where(np.isnan(metric_pvalue), np.inf, metric_pvalue).argmin(axis=-1)
        witness = np.where(np.isnan(opinions), np.inf, opinions)[rows, metric].argmin(axis=-1)
        directions = np.stack([witness.said.direction for witness in self._witnesses], axis=-1)
        return Verdict(
            pvalue=pvalue,
            direction=np.where(silent, 0, directions[rows, metric, witness]),
            detector=np.where(silent, -1, witness),
            metric=np.where(silent, -1, metric),
            metric_pvalue=metric_pvalue,
            expected=day.expected,
            spread=day.spread,
        )


class _Witness:
    """A detector with the pools that make its evidence comparable, one a cohort, metric and side."""

    def __init__(self, detector: Detector, cells: IntArray) -> None:
        self._detector = detector
        self._cells = cells
        self._pool = Calibration((int(cells.max(initial=0)) + 1) * SIDES)
        self._group = cells * SIDES
        self.said = Evidence(np.full(cells.shape, np.nan), np.zeros(cells.shape))

    def judge(self, day: Day, rng: np.random.Generator) -> FloatArray:
        self.said = self._detector.score(day)
        side = np.nan_to_num(self.said.direction).astype(np.int64) + 1
        # Gains and losses have different tails; given its side a statistic is ranked among its like.
        self._group = self._cells * SIDES + side
        return self._pool.pvalue(self.said.statistic, self._group, rng)

    def learn(self, day: Day, healthy: BoolArray, flagged: BoolArray) -> None:
        self._pool.learn(self.said.statistic, self._group, healthy)
        self._detector.learn(day, flagged)
