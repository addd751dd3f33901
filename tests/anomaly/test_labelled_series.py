"""Recall on real returns with injected events, where those files are at hand."""

from pathlib import Path

import numpy as np
import pandas as pd

from timeseries.anomaly import score

FIRST_DAY = 60
REPEAT_DAYS = 10
CLEAN_DAYS_PER_ALARM = 250


def robust_z(values: np.ndarray, window: int = 60) -> np.ndarray:
    result = np.zeros(values.shape)
    for day in range(20, values.shape[1]):
        past = values[:, max(0, day - window) : day]
        median = np.median(past, axis=1)
        spread = 1.4826 * np.median(np.abs(past - median[:, None]), axis=1)
        result[:, day] = np.abs(values[:, day] - median) / np.maximum(spread, 1e-9)
    return result


def alarms(oddness: np.ndarray, threshold: float) -> np.ndarray:
    """Days above the threshold, those within ten days of the one before left out."""
    above = oddness > threshold
    above[:, :FIRST_DAY] = False
    recent = np.zeros(above.shape, dtype=bool)
    for back in range(1, REPEAT_DAYS + 1):
        recent[:, back:] |= above[:, :-back]
    return above & ~recent


def event_recall(oddness: np.ndarray, label: np.ndarray) -> float:
    clean = ~label
    clean[:, :FIRST_DAY] = False
    allowed = clean.sum() // CLEAN_DAYS_PER_ALARM
    candidates = np.unique(oddness[clean])
    low, high = 0, len(candidates) - 1
    while low < high:
        middle = (low + high) // 2
        if (alarms(oddness, candidates[middle]) & clean).sum() <= allowed:
            high = middle
        else:
            low = middle + 1
    found = (alarms(oddness, candidates[high]) & label).any(axis=1)
    return float(found[label.any(axis=1)].mean())


def test_recall_at_one_false_alarm_in_250_clean_days_beats_a_robust_z_score(shared_data: Path) -> None:
    table = pd.read_csv(shared_data / "injected_daily_dev50.csv")
    values = table.pivot(index="series_id", columns="t", values="value").to_numpy(np.float64)
    label = table.pivot(index="series_id", columns="t", values="label").to_numpy() == 1
    ours = event_recall(-np.log(np.nan_to_num(score(values).pvalue, nan=1.0)), label)
    plain = event_recall(robust_z(values), label)
    assert ours >= 0.84, f"ours {ours:.2f}, robust z {plain:.2f}"
    assert ours > plain + 0.25, f"ours {ours:.2f}, robust z {plain:.2f}"
