"""From findings to incidents, and from incidents to the alerts there are: arrays and tables, no database."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["Patience", "incident_codes", "matched_alerts"]

IntArray = npt.NDArray[np.int64]
FAR = 1 << 30


@dataclass(frozen=True)
class Patience:
    """How far apart, in calendar days, findings may lie and still be one incident.

    Attributes:
        merge_days: findings of whatever kind; three bridge a weekend.
        cooldown_days: findings of the same metric or rule.
    """

    merge_days: int
    cooldown_days: int


def incident_codes(owner: IntArray, day: IntArray, subject: IntArray, patience: Patience) -> IntArray:
    """Number the incidents: the findings of one owner on days that follow each other closely enough.

    A day begins a new incident when it is further than ``merge_days`` from its owner's last finding, and
    further than ``cooldown_days`` from the last of each subject found on it.

    Args:
        owner, day, subject: [findings], whole numbers; the day counted from any date.

    Returns:
        [findings], the same number for the same incident, in the order of owner and time.
    """
    order = np.lexsort((day, owner))
    begins = _changes(owner[order]) | _changes(day[order])
    owner_day = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    repeats = (_days_since(owner, subject, day) <= patience.cooldown_days)[order]
    repeated = np.bincount(owner_day, weights=repeats) > 0
    far = _days_since(owner, np.zeros_like(owner), day)[order][first] > patience.merge_days
    new = _changes(owner[order][first]) | (far & ~repeated)
    codes = np.empty(len(owner), dtype=np.int64)
    codes[order] = (np.cumsum(new) - 1)[owner_day] if len(owner) else 0
    return codes


def matched_alerts(incidents: pd.DataFrame, alerts: pd.DataFrame, merge_days: int) -> "pd.Series[int]":
    """The alert that already tells of each incident: one at most ``merge_days`` away.

    Of several the nearest, then the one not resolved, then the oldest. Late data may move an incident by a
    day or two; the findings that made the alert bring the cooldown along: it needs no second look here.

    Args:
        incidents: index any; columns owner, first_day, last_day (numbers).
        alerts: columns alert_id, owner, first_day, last_day, resolved.

    Returns:
        alert_id by the index of ``incidents``, of those that have one.
    """
    pairs = incidents.rename_axis("incident").reset_index().merge(alerts, on="owner", suffixes=("", "_told"))
    apart = np.maximum(pairs.first_day - pairs.last_day_told, pairs.first_day_told - pairs.last_day).clip(0)
    near = pairs.assign(apart=apart)[apart <= merge_days]
    ranked = near.sort_values(["incident", "apart", "resolved", "alert_id"])
    return ranked.drop_duplicates("incident").set_index("incident")["alert_id"]


def _changes(values: IntArray) -> npt.NDArray[np.bool_]:
    changed = np.ones(len(values), dtype=bool)
    changed[1:] = values[1:] != values[:-1]
    return changed


def _days_since(owner: IntArray, subject: IntArray, day: IntArray) -> IntArray:
    """Days since the owner's last finding of the subject on an earlier day; far where there is none."""
    order = np.lexsort((day, subject, owner))
    o, s, d = owner[order], subject[order], day[order]
    group = _changes(o) | _changes(s)
    fresh = group | _changes(d)
    first = np.flatnonzero(fresh)
    gap = np.full(len(first), FAR, dtype=np.int64)
    gap[1:] = np.where(group[first][1:], FAR, np.diff(d[first]))
    since = np.empty(len(day), dtype=np.int64)
    since[order] = gap[np.cumsum(fresh) - 1] if len(day) else 0
    return since
