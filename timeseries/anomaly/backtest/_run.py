"""Alarms against labels: found, missed, false, late."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from timeseries.anomaly._types import BoolArray, FloatArray, IntArray
from timeseries.anomaly.backtest._alarms import first_alarms
from timeseries.anomaly.backtest._events import Events, labelled_events
from timeseries.anomaly.backtest._volume import vus_pr

__all__ = ["Backtest", "KindScores", "backtest"]

DAYS_A_MONTH = 21


@dataclass(frozen=True)
class KindScores:
    """How well one kind of anomaly is found, told of the series that have it; of "all", of all series.

    What cannot be said, such as the delay where nothing was found, is NaN.

    Attributes:
        kind: the name; "all" for every kind together.
        series: how many are judged.
        events: labelled runs of days, those without a judged day left out.
        recall: share of events with an alarm, from their first day to the end of the grace.
        alarms: on these events, or on none; repeats left out.
        false_alarms: on none.
        precision: share of the alarms that are not false.
        false_per_month: false alarms per account-month, of 21 judged weekdays without an event.
        delay: median weekdays from an event's first day to its first alarm.
        vus_pr: mean over the series that have such events; NaN without oddness.
    """

    kind: str
    series: int
    events: int
    recall: float
    alarms: int
    false_alarms: int
    precision: float
    false_per_month: float
    delay: float
    vus_pr: float

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON, None for NaN."""
        return {name: None if value != value else value for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Backtest:
    """What a replay found.

    Attributes:
        scores: of all kinds together, then of each kind that has an event.
        alarms: [series, days], without repeats and without days not judged.
        events: the labelled ones judged.
        delay: [events], weekdays to the first alarm, NaN where there was none.
        repeat_days: as asked for.
    """

    scores: tuple[KindScores, ...]
    alarms: BoolArray
    events: Events
    delay: FloatArray
    repeat_days: int

    def as_dict(self) -> dict[str, object]:
        """The scores, by kind, for JSON."""
        return {score.kind: score.as_dict() for score in self.scores}


@dataclass(frozen=True)
class _Replay:
    """Arrays that all kinds are scored from: each day's event or -1, and the judged days of none."""

    alarms: BoolArray
    clean: BoolArray
    events: Events
    owner: IntArray
    delay: FloatArray
    label: IntArray
    oddness: FloatArray | None
    window: int


def backtest(
    alarm: BoolArray,
    label: npt.NDArray[np.integer],
    *,
    kinds: Sequence[str],
    oddness: FloatArray | None = None,
    judged: BoolArray | None = None,
    repeat_days: int = 10,
    grace_days: int = 0,
    window: int = 20,
) -> Backtest:
    """Score alarms by labelled days, as a person would have received them.

    Args:
        alarm: [series, days].
        label: [series, days]; 0 is clean, 1 the first of ``kinds``, and so on.
        kinds: the names of the labels.
        oddness: [series, days], larger is odder, for VUS-PR only; NaN counts as the least odd.
        judged: [series, days], days that count; all by default. Alarms on others are no alarms, nor do they
            make later ones repeats.
        repeat_days: an alarm within so many days of the alarm before is its repeat.
        grace_days: an alarm up to so many days after an event's end still belongs to it.
        window: the largest tolerance of VUS-PR, in days.

    Raises:
        ValueError: shapes that differ, or a label without a name.
    """
    everywhere = np.ones(np.shape(alarm), dtype=np.bool_) if judged is None else judged
    _check(alarm, label, kinds, oddness, everywhere)
    every = labelled_events(label)
    events = _judged(every, everywhere)
    owner = events.owner(label.shape, grace_days)
    clean = everywhere & (every.owner(label.shape, grace_days) < 0)
    alarms = first_alarms(alarm & everywhere, repeat_days=repeat_days)
    delay = _delays(alarms, events, owner)
    codes = label.astype(np.int64)
    replay = _Replay(alarms, clean, events, owner, delay, codes, oddness, window)
    named = [(name, code) for code, name in enumerate(kinds, start=1) if (events.kind == code).any()]
    scores = (_score(replay, "all", None), *(_score(replay, name, code) for name, code in named))
    return Backtest(scores, alarms, events, delay, repeat_days)


def _check(
    alarm: BoolArray,
    label: npt.NDArray[np.integer],
    kinds: Sequence[str],
    oddness: FloatArray | None,
    judged: BoolArray,
) -> None:
    shapes = {array.shape for array in (alarm, label, judged, *(() if oddness is None else (oddness,)))}
    if len(shapes) != 1 or label.ndim != 2:
        raise ValueError(f"all arrays must be [series, days] of one shape, not {sorted(shapes)}")
    if label.size and not 0 <= label.min() <= label.max() <= len(kinds):
        raise ValueError(f"labels must lie between 0 and {len(kinds)}, the number of kinds")


def _judged(events: Events, judged: BoolArray) -> Events:
    total = np.hstack([np.zeros((len(judged), 1), dtype=np.int64), np.cumsum(judged, axis=1)])
    kept = total[events.series, events.last + 1] > total[events.series, events.first]
    return Events(**{name: values[kept] for name, values in vars(events).items()})


def _delays(alarms: BoolArray, events: Events, owner: IntArray) -> FloatArray:
    series, day = np.nonzero(alarms & (owner >= 0))
    event = owner[series, day]
    found, place = np.unique(event, return_index=True)
    delay = np.full(len(events), np.nan)
    delay[found] = day[place] - events.first[found]
    return delay


def _score(replay: _Replay, name: str, code: int | None) -> KindScores:
    events = replay.events
    ours = np.ones(len(events), dtype=np.bool_) if code is None else events.kind == code
    series = np.arange(len(replay.label)) if code is None else np.unique(events.series[ours])
    owner, alarms, clean = replay.owner[series], replay.alarms[series], replay.clean[series]
    hits = int((alarms & (np.append(ours, False)[owner])).sum())
    false = int((alarms & clean).sum())
    delays = replay.delay[ours]
    found = delays[np.isfinite(delays)]
    return KindScores(
        kind=name,
        series=len(series),
        events=int(ours.sum()),
        recall=_ratio(len(found), int(ours.sum())),
        alarms=hits + false,
        false_alarms=false,
        precision=_ratio(hits, hits + false),
        false_per_month=_ratio(false * DAYS_A_MONTH, int(clean.sum())),
        delay=float(np.median(found)) if len(found) else np.nan,
        vus_pr=_volume(replay, series, code),
    )


def _volume(replay: _Replay, series: IntArray, code: int | None) -> float:
    if replay.oddness is None:
        return np.nan
    oddness, label = replay.oddness[series], replay.label[series]
    ours = label > 0 if code is None else label == code
    # Another kind's days are neither right nor wrong: at the end of the order they cost nothing.
    volumes = vus_pr(np.where((label > 0) & ~ours, np.nan, oddness), ours, window=replay.window)
    return float(np.nanmean(volumes)) if np.isfinite(volumes).any() else np.nan


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else np.nan
