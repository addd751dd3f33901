"""The volume under the surface of precision and recall over tolerances."""

import numpy as np

from timeseries.anomaly._types import BoolArray, FloatArray, IntArray
from timeseries.anomaly.backtest._events import labelled_events

__all__ = ["vus_pr"]


def vus_pr(oddness: FloatArray, label: BoolArray, *, window: int = 20, causal: bool = False) -> FloatArray:
    """VUS-PR of each series (Paparrizos, Boniol, Palpanas, Tsay, Elmore & Franklin 2022).

    The mean over tolerances 0, 1, ..., ``window`` of the area under range-aware precision and recall, where
    days beside an event count in part: sqrt(1 - distance / tolerance), up to half the tolerance away. Every
    oddness is a threshold; the authors' code takes 250, and agrees on series of up to 250 days.

    Args:
        oddness: [series, days], larger is odder; NaN counts as the least odd.
        label: [series, days].
        window: the largest tolerance, in days.
        causal: no credit before an event's first day. The published measure gives it on both sides.

    Returns:
        [series], between 0 and 1; NaN without labels.

    Raises:
        ValueError: shapes that differ, or a negative window.
    """
    if oddness.shape != label.shape or oddness.ndim != 2:
        raise ValueError(f"oddness and label must be [series, days], not {oddness.shape} and {label.shape}")
    if window < 0:
        raise ValueError(f"window must be at least 0 days, not {window}")
    filled = np.where(np.isnan(oddness), -np.inf, oddness)
    result = np.full(len(oddness), np.nan)
    for series in np.flatnonzero(label.any(axis=1)):
        areas = [_area(filled[series], label[series], step, causal) for step in range(window + 1)]
        result[series] = np.mean(areas)
    return result


def _area(oddness: FloatArray, label: BoolArray, tolerance: int, causal: bool) -> float:
    """Area under precision over recall at one tolerance."""
    events = labelled_events(label[None].astype(np.int64))
    credit = _credit(label, events.first, events.last, tolerance, causal)
    order = np.argsort(-oddness, kind="stable")
    true = np.cumsum(credit[order])
    beside = np.cumsum(np.where(label, 0.0, credit)[order])
    positives = label.sum() + beside / 2
    recall = np.minimum(true / positives, 1.0) * _existence(
        oddness, order, events.first, events.last, tolerance, causal
    )
    precision = true / np.arange(1, len(label) + 1)
    # Equal oddness is one threshold.
    ends = np.append(oddness[order][1:] != oddness[order][:-1], True)
    return float(np.diff(recall[ends], prepend=0.0) @ precision[ends])


def _credit(label: BoolArray, first: IntArray, last: IntArray, tolerance: int, causal: bool) -> FloatArray:
    """1 on labelled days, less beside them."""
    days = np.arange(len(label))
    behind = days - last[:, None]
    ahead = np.zeros_like(behind) if causal else first[:, None] - days
    distance = np.maximum(behind, ahead)
    near = (distance > 0) & (distance <= tolerance // 2)
    part = np.where(near, np.sqrt(np.maximum(1 - distance / max(tolerance, 1), 0.0)), 0.0)
    result: FloatArray = np.minimum(label + part.sum(axis=0), 1.0)
    return result


def _existence(
    oddness: FloatArray, order: IntArray, first: IntArray, last: IntArray, tolerance: int, causal: bool
) -> FloatArray:
    """Share of events, joined where their tolerances meet, seen at each threshold."""
    reach = tolerance // 2
    begin, end = np.maximum(first - (0 if causal else reach), 0), np.minimum(last + reach, len(oddness) - 1)
    apart = np.append(True, last[:-1] + reach < first[1:] - (0 if causal else reach))
    begin, end = begin[apart], end[np.append(apart[1:], True)]
    peaks = np.array([oddness[start : stop + 1].max() for start, stop in zip(begin, end, strict=True)])
    seen = np.searchsorted(np.sort(-peaks), -oddness[order], side="right")
    result: FloatArray = seen / len(peaks)
    return result
