"""Scoring a panel: one pass over the days, all series at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeseries.anomaly._panel_run import PanelRun, Verdict
from timeseries.anomaly._registry import DETECTORS
from timeseries.anomaly._types import CodeArray, FloatArray, IntArray

__all__ = ["Scores", "score"]

# Enough to fill the baselines of accounts that rest every third day; the pools have settled by then.
WARM_UP_DAYS = 90
# Before the scored days a baseline may lag by two days; bringing it up to date is half of the cost.
WARM_UP_STRIDE = 3
WEEKDAYS = 7


@dataclass(frozen=True)
class Scores:
    """What the detectors say of every account-day.

    Attributes:
        pvalue: [series, days], uniform on clean data; NaN with fewer than 20 past observations.
        expected: [series, days, metrics], the level the past expects, in the metric's unit.
        spread: [series, days, metrics], the past's robust standard deviation, in the metric's unit.
        direction: [series, days], +1 above the expected, -1 below, 0 neither.
        detector: [series, days], index into ``detectors`` of the one that spoke loudest; -1 for none.
        metric: [series, days], index of the metric that contributed most; -1 for none.
        metric_pvalue: [series, days, metrics], each metric's own p-value.
        detectors: the names behind the codes.
    """

    pvalue: FloatArray
    expected: FloatArray
    spread: FloatArray
    direction: CodeArray
    detector: CodeArray
    metric: npt.NDArray[np.int16]
    metric_pvalue: FloatArray
    detectors: tuple[str, ...]


def score(
    values: FloatArray,
    *,
    detectors: Sequence[str] | None = None,
    calendar: npt.ArrayLike | None = None,
    cohort: npt.ArrayLike | None = None,
    seed: int = 0,
    last: int | None = None,
    missing_is_idle: bool = True,
) -> Scores:
    """Score every day of every series by its own past, and by what is odd in its cohort.

    Each detector's statistic is ranked among those of the cohort's past days, the detectors and then the
    metrics are joined by the Cauchy combination (Liu & Xie 2020), and the join is ranked once more. A day
    changes nothing before it. A metric's day with p < 0.001 stays out of the series' own baseline, unless it
    is one of more than 15 such days in a row. Ties get randomised p-values, never below 0.01.

    Args:
        values: [series, days] or [series, days, metrics], any unit; NaN is no observation.
        detectors: names out of ``DETECTORS``; all by default.
        calendar: [days], weekdays 0-6, for baselines that know them.
        cohort: [series], labels of accounts alike; one fleet by default.
        seed: of the randomised ties.
        last: score only so many days at the end, the others are NaN. An approximation of the full pass: it
            starts 90 days before the first of them and renews baselines every third day until then.

        missing_is_idle: a NaN after a series' first observation is a day on which nothing happened, as from a
            feed that died. False where idle days are observed zeros and NaN means that a series has ended.

    Raises:
        ValueError: an array of the wrong shape, an infinite value, an unknown detector or weekday.
    """
    panel, names = _panel(values), _detector_names(detectors)
    series, days, metrics = panel.shape
    weekdays, cohorts = _weekdays(calendar, days), _cohort_codes(cohort, series)
    first_scored = 0 if last is None else max(days - _positive(last), 0)
    kinds = [DETECTORS[name] for name in names]
    run = PanelRun(metrics, kinds, cohorts, weekdays=calendar is not None, missing_is_idle=missing_is_idle)
    result = _empty(panel.shape, names)
    _fill(result, run, panel, weekdays, first_scored, seed)
    return result


def _fill(
    result: Scores, run: PanelRun, panel: FloatArray, weekdays: IntArray, first_scored: int, seed: int
) -> None:
    days = panel.shape[1]
    for day in range(max(first_scored - WARM_UP_DAYS, 0), days):
        relocate = day >= first_scored or day % WARM_UP_STRIDE == 0
        # A generator a day, so that the ties of a day do not hang on where the pass began.
        rng = np.random.default_rng((seed, day))
        verdict = run.step(panel[:, day], int(weekdays[day]), rng, relocate=relocate)
        if day >= first_scored:
            _write(result, day, verdict)


def _panel(values: FloatArray) -> FloatArray:
    panel = np.asarray(values, dtype=np.float64)
    if panel.ndim == 2:
        panel = panel[:, :, None]
    if panel.ndim != 3 or panel.shape[2] == 0:
        raise ValueError(f"values must be [series, days] or [series, days, metrics], not {np.shape(values)}")
    if np.isinf(panel).any():
        raise ValueError("values must be finite, or NaN where nothing was observed")
    return panel


def _detector_names(detectors: Sequence[str] | None) -> tuple[str, ...]:
    names = tuple(DETECTORS) if detectors is None else tuple(detectors)
    unknown = [name for name in names if name not in DETECTORS]
    if unknown or not names:
        raise ValueError(f"detectors must be some of {', '.join(DETECTORS)}, not {list(names)}")
    return names


def _weekdays(calendar: npt.ArrayLike | None, days: int) -> IntArray:
    weekdays = np.zeros(days, dtype=np.int64) if calendar is None else np.asarray(calendar).astype(np.int64)
    if weekdays.shape != (days,) or (days and not 0 <= weekdays.min() <= weekdays.max() < WEEKDAYS):
        raise ValueError(f"calendar must hold {days} weekdays from 0 to 6")
    return weekdays


def _cohort_codes(cohort: npt.ArrayLike | None, series: int) -> IntArray:
    if cohort is None:
        return np.zeros(series, dtype=np.int64)
    labels = np.asarray(cohort)
    if labels.shape != (series,):
        raise ValueError(f"cohort must hold {series} labels, one a series")
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _positive(last: int) -> int:
    if last < 1:
        raise ValueError(f"last must be at least 1, not {last}")
    return last


def _empty(shape: tuple[int, ...], names: tuple[str, ...]) -> Scores:
    series, days, metrics = shape
    cell = (series, days, metrics)
    return Scores(
        pvalue=np.full(cell[:2], np.nan),
        expected=np.full(cell, np.nan),
        spread=np.full(cell, np.nan),
        direction=np.zeros(cell[:2], dtype=np.int8),
        detector=np.full(cell[:2], -1, dtype=np.int8),
        metric=np.full(cell[:2], -1, dtype=np.int16),
        metric_pvalue=np.full(cell, np.nan),
        detectors=names,
    )


def _write(result: Scores, day: int, verdict: Verdict) -> None:
    result.pvalue[:, day] = verdict.pvalue
    result.expected[:, day] = verdict.expected
    result.spread[:, day] = verdict.spread
    result.direction[:, day] = verdict.direction
    result.detector[:, day] = verdict.detector
    result.metric[:, day] = verdict.metric
    result.metric_pvalue[:, day] = verdict.metric_pvalue
