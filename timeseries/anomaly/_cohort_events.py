"""Days on which a whole group moved: one event instead of a finding for each member."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from scipy import special

from timeseries.anomaly._types import BoolArray, CodeArray, FloatArray, IntArray

__all__ = ["CohortEvents", "beside_peers", "cohort_events"]

# Until a group has a past of its own, it counts as if it had seen so many days of mild common movement.
_PRIOR_DAYS = 20
_PRIOR_DISPERSION = 0.01
# Peers say how unlikely the oddest of them are only where there are enough; else its rank is all there is.
_LEAST_FOR_TAIL = 20
_TAIL = 0.1


@dataclass(frozen=True)
class CohortEvents:
    """Moves of whole groups, by day, then group, then the least likely. Every array is [events].

    Attributes:
        group: the group's code.
        day: index of the day.
        metric: index of the metric.
        direction: the side, +1, -1 or 0.
        odd: accounts of the group that are odd on this side.
        accounts: accounts of the group judged on this metric that day.
        pvalue: of so many odd ones by chance, given the group's days before.
        incident: 0, 1, ...: events of a group on the same day, and on days that follow each other, are one.
    """

    group: IntArray
    day: IntArray
    metric: IntArray
    direction: CodeArray
    odd: IntArray
    accounts: IntArray
    pvalue: FloatArray
    incident: IntArray

    def __len__(self) -> int:
        return len(self.group)

    def leads(self) -> "CohortEvents":
        """One event for each incident, the one with the most odd accounts."""
        order = np.lexsort((self.pvalue, -self.odd, self.incident))
        first = order[np.unique(self.incident[order], return_index=True)[1]]
        return CohortEvents(**{field.name: getattr(self, field.name)[first] for field in fields(self)})


def cohort_events(
    metric_pvalue: FloatArray,
    metric_direction: npt.NDArray[np.integer],
    group: npt.ArrayLike,
    *,
    threshold: float = 0.01,
    least: int = 5,
    share: float = 0.1,
    level: float = 1e-4,
) -> CohortEvents:
    """Days on which far more of a group than chance explains are odd in the same metric, on the same side.

    The share of odd accounts is compared with a beta distribution that has the mean and variance of the
    group's shares on the days before (no day counts for more than ``share``, so that events do not teach that
    they are usual), mixed with a prior of 20 days at ``threshold`` and intra-class correlation 0.01. Over-
    dispersed groups, whose members often move together, so need more to make an event.

    For the firm as a whole pass ``np.zeros(series, int)`` first, lift its members with ``beside_peers``, and
    look for the groups' events in what is left.

    Args:
        metric_pvalue: [series, days, metrics]; NaN is not judged.
        metric_direction: [series, days, metrics], +1 above the expected, -1 below, 0 neither side.
        group: [series], codes from 0; a negative one belongs to no group.
        threshold: p-values up to it are odd.
        least: odd accounts an event needs.
        share: of the group's accounts judged that day an event needs, as a fraction.
        level: p-value of the count an event needs.

    Raises:
        ValueError: arrays whose shapes do not agree.
    """
    codes = _codes(metric_pvalue, metric_direction, group)
    odd, accounts = _counts(metric_pvalue <= threshold, np.isfinite(metric_pvalue), metric_direction, codes)
    part = odd / np.maximum(accounts, 1)
    mean, variance = _chance(np.minimum(part, share), accounts, threshold)
    candidates = np.nonzero((odd >= least) & (part >= share))
    pvalue = _tail_chance(odd[candidates], accounts[candidates], mean[candidates], variance[candidates])
    kept = tuple(place[pvalue <= level] for place in candidates)
    return _events(kept, odd[kept], accounts[kept], pvalue[pvalue <= level])


def beside_peers(
    metric_pvalue: FloatArray,
    metric_direction: npt.NDArray[np.integer],
    group: npt.ArrayLike,
    events: CohortEvents,
) -> FloatArray:
    """What remains odd of each member beside its peers, on the days, metrics and sides of events.

    There a p-value becomes its rank among the group's on that side, ties counted as the largest. The oddest
    tenth of twenty or more get a smaller one by how far their -log p lies beyond the tenth's limit, in units
    of the excess usual there (an exponential tail; Pickands 1975), so that who is odd even among the odd
    stays so. No p-value becomes smaller than it was.

    Args:
        metric_pvalue: [series, days, metrics], as given to ``cohort_events``.
        metric_direction: [series, days, metrics].
        group: [series].
        events: of these arrays.

    Returns:
        [series, days, metrics], a new array.

    Raises:
        ValueError: arrays whose shapes do not agree.
    """
    codes = _codes(metric_pvalue, metric_direction, group)
    lifted = metric_pvalue.copy()
    members = {int(code): np.flatnonzero(codes == code) for code in np.unique(events.group)}
    for code, day, metric, side in zip(
        events.group, events.day, events.metric, events.direction, strict=True
    ):
        rows = members[int(code)]
        rows = rows[
            (metric_direction[rows, day, metric] == side) & np.isfinite(metric_pvalue[rows, day, metric])
        ]
        own = metric_pvalue[rows, day, metric]
        lifted[rows, day, metric] = np.maximum(own, _rank_chance(own))
    return lifted


def _codes(pvalue: FloatArray, direction: npt.NDArray[np.integer], group: npt.ArrayLike) -> IntArray:
    codes = np.asarray(group).astype(np.int64)
    if pvalue.ndim != 3 or direction.shape != pvalue.shape or codes.shape != pvalue.shape[:1]:
        raise ValueError(
            "metric_pvalue and metric_direction must be [series, days, metrics] and group [series], not "
            f"{pvalue.shape}, {direction.shape} and {codes.shape}"
        )
    return codes


def _counts(
    odd: BoolArray, judged: BoolArray, direction: npt.NDArray[np.integer], codes: IntArray
) -> tuple[IntArray, IntArray]:
    """Odd and judged accounts, [groups, days, metrics, sides] with the sides -1, 0 and +1."""
    groups = int(codes.max(initial=-1)) + 1
    shape = (groups, *odd.shape[1:], 3)
    series, day, metric = np.nonzero(odd & (codes >= 0)[:, None, None])
    side = direction[series, day, metric].astype(np.int64) + 1
    places = np.ravel_multi_index((codes[series], day, metric, side), shape) if groups else series
    counted = np.bincount(places, minlength=int(np.prod(shape))).reshape(shape)
    totals = np.zeros(shape[:3], dtype=np.int64)
    np.add.at(totals, codes[codes >= 0], judged[codes >= 0])
    return counted, np.broadcast_to(totals[..., None], shape)


def _chance(part: FloatArray, accounts: IntArray, threshold: float) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of a share by chance, from the days before and the prior."""
    seen = accounts > 0
    days = _before(seen.astype(np.float64)) + _PRIOR_DAYS
    mean = (_before(np.where(seen, part, 0.0)) + _PRIOR_DAYS * threshold) / days
    size, odds = np.maximum(accounts, 1), mean * (1 - mean)
    # Of the squared deviation, what exceeds the binomial's part is common movement.
    common = (part - mean) ** 2 / odds - 1 / size
    dispersion = (_before(np.where(seen, common, 0.0)) + _PRIOR_DAYS * _PRIOR_DISPERSION) / days
    dispersion = np.clip(dispersion, _PRIOR_DISPERSION / 10, 0.5)
    return mean, odds * (1 / size + dispersion)


def _before(values: FloatArray) -> FloatArray:
    total = np.cumsum(values, axis=1)
    result: FloatArray = total - values
    return result


def _tail_chance(odd: IntArray, accounts: IntArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """Chance of so many or more, by the beta distribution of this mean and variance."""
    known = mean * (1 - mean) / variance - 1
    alpha, beta = mean * np.maximum(known, 1e-3), (1 - mean) * np.maximum(known, 1e-3)
    reached = (odd - 0.5) / np.maximum(accounts, 1)
    return np.asarray(special.betaincc(alpha, beta, reached), dtype=np.float64)


def _events(
    places: tuple[IntArray, ...], odd: IntArray, accounts: IntArray, pvalue: FloatArray
) -> CohortEvents:
    group, day, metric, side = places
    order = np.lexsort((pvalue, group, day))
    return CohortEvents(
        group=group[order],
        day=day[order],
        metric=metric[order],
        direction=(side[order] - 1).astype(np.int8),
        odd=odd[order],
        accounts=accounts[order],
        pvalue=pvalue[order],
        incident=_incidents(group[order], day[order]),
    )


def _incidents(group: IntArray, day: IntArray) -> IntArray:
    """Numbers of the runs of days of each group, in the order of their first day."""
    order = np.lexsort((day, group))
    steps, days = np.diff(group[order], prepend=-1), np.diff(day[order], prepend=-2)
    begins = (steps != 0) | (days > 1)
    runs = np.empty(len(group), dtype=np.int64)
    runs[order] = np.cumsum(begins) - 1
    first = np.unique(runs, return_index=True)[1]
    renumbered = np.empty(len(first), dtype=np.int64)
    renumbered[np.argsort(first, kind="stable")] = np.arange(len(first))
    result: IntArray = renumbered[runs]
    return result


def _rank_chance(pvalue: FloatArray) -> FloatArray:
    """Each p-value's share among its peers, with an exponential tail for the oddest."""
    ranked: FloatArray = np.searchsorted(np.sort(pvalue), pvalue, side="right") / len(pvalue)
    if len(pvalue) < _LEAST_FOR_TAIL:
        return ranked
    evidence = -np.log(np.maximum(pvalue, 1e-300))
    limit = np.quantile(evidence, 1 - _TAIL)
    beyond = evidence > limit
    excess = evidence[beyond] - limit
    # The median hardly moves with a few outliers; p-values of chance alone have scale 1.
    scale = max(float(np.median(excess)) / np.log(2), 1.0) if beyond.any() else 1.0
    ranked[beyond] = _TAIL * np.exp(-excess / scale)
    return ranked
