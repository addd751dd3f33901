"""What series were like before an origin: the yardsticks their forecasts are measured by."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Past", "past_of"]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.integer]


@dataclass(frozen=True)
class Past:
    """Every field [series].

    Attributes:
        days: known days.
        size: mean absolute move, in which the median of the cohort counts as one day, so that nobody's is
            zero where anything moves.
        error: mean absolute error of the naive forecast within the past, see ``mase``; NaN where zero.
        last: last known value.
    """

    days: IntArray
    size: FloatArray
    error: FloatArray
    last: FloatArray


def past_of(values: FloatArray, cohort: IntArray, *, level: bool) -> Past:
    """The yardsticks of every series, all of them from days before the origin.

    Args:
        values: [series, days], each series with a known day.
        cohort: number of each series' cohort, [series].
    """
    known = np.isfinite(values)
    moves = np.diff(values, axis=1) if level else values
    own = mean_known(np.abs(moves))
    centre = 0.0 if level else mean_known(values)[:, None]
    error = mean_known(np.abs(moves - centre))
    count = np.isfinite(moves).sum(axis=1)
    size = (np.nan_to_num(own) * count + cohort_medians(own, cohort)) / (count + 1)
    last = values.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    return Past(
        days=known.sum(axis=1),
        size=size,
        error=np.where(error > 0, error, np.nan),
        last=values[np.arange(len(values)), last],
    )


def mean_known(values: FloatArray) -> FloatArray:
    """Mean of what is known in each row; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    mean: FloatArray = np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)
    return mean


def cohort_medians(sizes: FloatArray, cohort: IntArray) -> FloatArray:
    """Median of the cohort's sizes above zero, [series]; the panel's without any, 1 without that."""
    moving = sizes > 0
    overall = float(np.median(sizes[moving])) if moving.any() else 1.0
    answer = np.full(len(sizes), overall)
    for number in np.unique(cohort[moving]).tolist():
        members = cohort == number
        answer[members] = np.median(sizes[members & moving])
    return answer
