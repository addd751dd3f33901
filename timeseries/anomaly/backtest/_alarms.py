"""From oddness to the alarms a person would have seen."""

from collections.abc import Callable

import numpy as np

from timeseries.anomaly._types import BoolArray, FloatArray

__all__ = ["first_alarms", "threshold_at"]


def first_alarms(alarm: BoolArray, *, repeat_days: int) -> BoolArray:
    """Alarms without repeats: those within so many days of the series' alarm before, repeated or not.

    Args:
        alarm: [series, days].
        repeat_days: 0 keeps all.
    """
    days = np.arange(alarm.shape[1])
    never = -repeat_days - 1
    seen = np.maximum.accumulate(np.where(alarm, days, never), axis=1)
    before = np.hstack([np.full((len(alarm), 1), never), seen[:, :-1]])[:, : len(days)]
    result: BoolArray = alarm & (days - before > repeat_days)
    return result


def threshold_at(
    oddness: FloatArray, clean: BoolArray, *, clean_days: float = 250, repeat_days: int = 10
) -> float:
    """The lowest threshold down to which there is at most one alarm in so many clean days, repeats left out.

    Alarms are days above it. Since repeats are left out, still lower thresholds can give fewer alarms again,
    in the end one long one; they are not looked for.

    Args:
        oddness: [series, days], larger is odder; NaN is not judged.
        clean: [series, days], days on which an alarm is false.
        clean_days: per false alarm.
        repeat_days: as in ``first_alarms``.
    """
    judged = clean & ~np.isnan(oddness)
    candidates = np.unique(oddness[judged])[::-1]
    allowed = judged.sum() // clean_days

    def bearable(place: int) -> bool:
        alarms = first_alarms(oddness > candidates[place], repeat_days=repeat_days)
        return bool((alarms & judged).sum() <= allowed)

    if not len(candidates):
        return -np.inf
    good, bad = _first_change(bearable, len(candidates))
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if bearable(middle) else (good, middle)
    return float(candidates[good])


def _first_change(bearable: Callable[[int], bool], places: int) -> tuple[int, int]:
    """The last good place and the first bad one, in steps of a tenth; place 0, without alarms, is good."""
    good, bad = 0, 1
    while bad < places and bearable(bad):
        good, bad = bad, bad + max(bad // 10, 1)
    if bad >= places and (good == places - 1 or bearable(places - 1)):
        return places - 1, places
    return good, min(bad, places - 1)
