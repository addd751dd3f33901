"""Scoring a panel: one pass over the days, all series at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeseries.anomaly._guards import Guards
from timeseries.anomaly._panel_run import PanelRun, Verdict
from timeseries.anomaly._registry import DETECTORS
from timeseries.anomaly._threads import each
from timeseries.anomaly._types import BoolArray, CodeArray, FloatArray, IntArray

__all__ = ["Scores", "score"]

# Before the scored days the pools need so many days, and the baselines so many before these.
WARM_UP_DAYS = 90
FILL_DAYS = 70
# Then a baseline may lag by two days; bringing it up to date is half of the cost.
WARM_UP_STRIDE = 3
# In a large fleet a part of it fills the pools, in fewer days.
LARGE_CELLS = 20_000
SAMPLE_CELLS = 40_000
LARGE_FILL_DAYS = 40
LARGE_SETTLE_DAYS = 14
LARGE_WARM_UP_DAYS = 6
LARGE_WARM_UP_STRIDE = 3
SMALLEST_SAMPLE = 40
WEEKDAYS = 7
# The smallest p-value that single precision still tells from zero.
SMALLEST = 1e-37


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
        metric_direction: [series, days, metrics], as ``direction``, of each metric's loudest detector.
        since: [series, days], index of the day on which what is reported began: the onset of a change, the
            start of a silence or flat line, else the day itself; -1 where there is no p-value.
        detectors: the names behind the codes.
    """

    pvalue: FloatArray
    expected: FloatArray
    spread: FloatArray
    direction: CodeArray
    detector: CodeArray
    metric: npt.NDArray[np.int16]
    metric_pvalue: FloatArray
    metric_direction: CodeArray
    since: IntArray
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
    guards: Guards | None = None,
    holidays: npt.ArrayLike | None = None,
    accepted: npt.ArrayLike | None = None,
) -> Scores:
    """Score every day of every series by its own past, and by what is odd in its cohort.

    Each detector's statistic is ranked among those of the cohort's past days. The detectors are joined by a
    weighted minimum (Genovese, Roeder & Wasserman 2006), the metrics by the Cauchy combination (Liu & Xie
    2020), and each join is ranked once more. A day changes nothing before it. A
    metric's day with p < 0.001 stays out of the series' own baseline, unless it is one of more than 15 such
    days in a row. Ties get randomised p-values, never below 0.01.

    Args:
        values: [series, days] or [series, days, metrics], any unit; NaN is no observation.
        detectors: names out of ``DETECTORS``; all by default.
        calendar: [days], weekdays 0-6, for baselines that know them.
        cohort: [series], labels of accounts alike; one fleet by default.
        seed: of the randomised ties.
        last: score only so many days at the end, the others are NaN. An approximation of the full pass: it
            fills baselines from 70 days, then starts 90 days before the first of them (20 in large fleets, of
            which a part stands for all) and renews baselines every few days until then. ``expected``,
            ``spread`` and ``metric_pvalue`` are then in single precision, for a year
            of a large fleet is a gigabyte.
        missing_is_idle: a NaN after a series' first observation is a day on which nothing happened, as from a
            feed that died. False where idle days are observed zeros and NaN means that a series has ended.
        guards: deviations not to be reported.
        holidays: [days], True on days that are neither judged nor learned.
        accepted: [series, days], True on days that people called the new normal: learned although odd, and
            evidence of lasting changes starts anew there.

    Raises:
        ValueError: an array of the wrong shape, an infinite value, an unknown detector or weekday, a guard
            that is no limit.
    """
    panel, names = _panel(values), _detector_names(detectors)
    series, days, metrics = panel.shape
    cohorts = _cohort_codes(cohort, series)
    if guards is not None:
        guards.check(metrics)
    past = _Past(
        panel,
        _weekdays(calendar, days),
        np.flatnonzero(~_marks(holidays, (days,), "holidays")),
        None if accepted is None else _marks(accepted, (series, days), "accepted"),
        seed,
    )
    run = PanelRun(
        metrics,
        [DETECTORS[name] for name in names],
        cohorts,
        weekdays=calendar is not None,
        missing_is_idle=missing_is_idle,
        guards=guards,
    )
    first_scored = 0 if last is None else max(days - _positive(last), 0)
    result = _empty(panel.shape, names, np.float32 if first_scored else np.float64)
    if series:
        _warm_up(run, past, first_scored, cohorts)
        _fill(result, run, past, first_scored)
    return result


@dataclass(frozen=True)
class _Past:
    panel: FloatArray
    weekdays: IntArray
    working: IntArray
    accepted: BoolArray | None
    seed: int

    def day(self, day: int) -> tuple[FloatArray, int]:
        return self.panel[:, day], int(self.weekdays[day])

    def rng(self, day: int) -> np.random.Generator:
        # A generator a day, so that the ties of a day do not hang on where the pass began.
        return np.random.default_rng((self.seed, day))

    def accepted_on(self, day: int) -> BoolArray | None:
        return None if self.accepted is None else self.accepted[:, day]


def _warm_up(run: PanelRun, past: _Past, first_scored: int, cohorts: IntArray) -> None:
    before = past.working[past.working < first_scored]
    if past.panel.shape[0] * past.panel.shape[2] > LARGE_CELLS:
        _warm_up_large(run, past, before, cohorts)
        return
    start = max(len(before) - WARM_UP_DAYS, 0)
    run.fill([past.day(day) for day in before[max(start - FILL_DAYS, 0) : start]])
    for index, day in enumerate(before[start:].tolist()):
        values, weekday = past.day(day)
        accepted = past.accepted_on(day)
        run.step(values, weekday, past.rng(day), relocate=index % WARM_UP_STRIDE == 0, accepted=accepted)


def _warm_up_large(run: PanelRun, past: _Past, before: IntArray, cohorts: IntArray) -> None:
    start = max(len(before) - LARGE_WARM_UP_DAYS, 0)
    settling = max(start - LARGE_SETTLE_DAYS, 0)
    run.fill([past.day(day) for day in before[max(settling - LARGE_FILL_DAYS, 0) : settling]])
    for day in before[settling:start].tolist():
        run.settle(*past.day(day))
    rows = _sample(cohorts, SAMPLE_CELLS // past.panel.shape[2])
    for index, day in enumerate(before[start:].tolist()):
        values, weekday = past.day(day)
        run.prepare(values, weekday, past.rng(day), rows, relocate=index % LARGE_WARM_UP_STRIDE == 0)


def _fill(result: Scores, run: PanelRun, past: _Past, first_scored: int) -> None:
    for day in past.working[past.working >= first_scored].tolist():
        values, weekday = past.day(day)
        verdict = run.step(values, weekday, past.rng(day), accepted=past.accepted_on(day))
        _write(result, day, verdict)


def _sample(cohorts: IntArray, size: int) -> IntArray:
    """Rows spread evenly over each cohort, the small ones whole."""
    order = np.argsort(cohorts, kind="stable")
    count = np.bincount(cohorts)[cohorts[order]]
    place = np.arange(len(order)) - np.searchsorted(cohorts[order], cohorts[order])
    share = np.maximum(size / len(cohorts), SMALLEST_SAMPLE / count)
    chosen = np.floor((place + 1) * share) > np.floor(place * share)
    return np.sort(order[chosen | (share >= 1)])


def _marks(marks: npt.ArrayLike | None, shape: tuple[int, ...], name: str) -> BoolArray:
    result: BoolArray = np.zeros(shape, dtype=bool) if marks is None else np.asarray(marks, dtype=bool)
    if result.shape != shape:
        raise ValueError(f"{name} must be of shape {shape}, not {result.shape}")
    return result


def _panel(values: FloatArray) -> FloatArray:
    panel = np.asarray(values, dtype=np.float64)
    if panel.ndim == 2:
        panel = panel[:, :, None]
    if panel.ndim != 3 or panel.shape[2] == 0:
        raise ValueError(f"values must be [series, days] or [series, days, metrics], not {np.shape(values)}")
    if any(np.isinf(panel[start : start + 200]).any() for start in range(0, len(panel), 200)):
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


def _empty(shape: tuple[int, ...], names: tuple[str, ...], precision: npt.DTypeLike) -> Scores:
    series, days, metrics = shape
    cell = (series, days, metrics)
    return Scores(
        pvalue=np.full(cell[:2], np.nan),
        expected=_blank(cell, precision),
        spread=_blank(cell, precision),
        direction=np.zeros(cell[:2], dtype=np.int8),
        detector=np.full(cell[:2], -1, dtype=np.int8),
        metric=np.full(cell[:2], -1, dtype=np.int16),
        metric_pvalue=_blank(cell, precision),
        metric_direction=np.zeros(cell, dtype=np.int8),
        since=np.full(cell[:2], -1, dtype=np.int64),
        detectors=names,
    )


def _blank(shape: tuple[int, ...], precision: npt.DTypeLike) -> FloatArray:
    blank: FloatArray = np.empty(shape, dtype=precision)
    each(lambda part: part.fill(np.nan), np.array_split(blank, 2), blank.size)
    return blank


def _write(result: Scores, day: int, verdict: Verdict) -> None:
    result.pvalue[:, day] = verdict.pvalue
    result.expected[:, day] = verdict.expected
    result.spread[:, day] = verdict.spread
    result.direction[:, day] = verdict.direction
    result.detector[:, day] = verdict.detector
    result.metric[:, day] = verdict.metric
    result.metric_pvalue[:, day] = np.maximum(verdict.metric_pvalue, SMALLEST)
    result.metric_direction[:, day] = verdict.metric_direction
    result.since[:, day] = np.where(np.isnan(verdict.pvalue), -1, np.maximum(day - verdict.age, 0))
