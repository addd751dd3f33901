"""Conformal calibration: what past forecasts missed by stretches the coming ones."""

from dataclasses import dataclass, replace

import numpy as np

from timeseries.forecast._arrays import LEVELS, FloatArray, IntArray
from timeseries.forecast._contract import Outlook
from timeseries.forecast._proof import INNER, OUTER, PATHS, Trial, bound_place

__all__ = ["Calibration", "calibrated", "calibration_of"]

# The panel counts like so many scored days of a cohort.
PANEL_DAYS = 500.0
MOST_STRETCH = 1.5
MOST_SERIAL = 0.3


@dataclass(frozen=True)
class Calibration:
    """Factors for groups of series, [groups] each; one leaves a forecast as it is.

    Attributes:
        inner: on the bounds of a day's 80 % interval.
        outer: on the bounds of a day's 95 % interval.
        total: on the bounds of sums over many days, beyond what the days' own factors do.
    """

    inner: FloatArray
    outer: FloatArray
    total: FloatArray

    def of(self, groups: IntArray) -> "Calibration":
        """The factors of each series, from its group."""
        return Calibration(self.inner[groups], self.outer[groups], self.total[groups])


def calibration_of(trial: Trial, cohort: IntArray, cohorts: int) -> Calibration:
    """The factors that would have given the intervals of a trial their coverage.

    Split conformal prediction with ratios as scores: the factor of an interval is the quantile of actual
    values over its bounds, of lower and upper bounds together, shrunk to the panel's and to one.

    Source: Papadopoulos et al. (2002), "Inductive confidence machines for regression", ECML; Romano,
    Patterson & Candes (2019), "Conformalized quantile regression", NeurIPS.

    Returns:
        Factors [cohorts + 1], those of the whole panel last.
    """
    inner = factors(trial.day_ratios[..., 0], INNER, cohort, cohorts)
    outer = factors(trial.day_ratios[..., 1], OUTER, cohort, cohorts)
    both = [
        panel_log(trial.sum_ratios[..., place], probability)
        - panel_log(trial.day_ratios[..., place], probability)
        for place, probability in enumerate((INNER, OUTER))
    ]
    total = np.full(cohorts + 1, np.exp(np.mean(both)))
    return Calibration(inner, np.maximum(outer, inner / MOST_STRETCH), total)


def factors(ratios: FloatArray, probability: float, cohort: IntArray, cohorts: int) -> FloatArray:
    """The factor of each cohort, shrunk to the panel's, and that of the panel, [cohorts + 1]."""
    everyone, shrunk = log_quantile(ratios, probability), panel_log(ratios, probability)
    logs = np.full(cohorts + 1, shrunk)
    for number in range(cohorts):
        own = ratios[cohort == number]
        days = (~np.isnan(own)).sum() / 2
        logs[number] += days / (days + PANEL_DAYS) * (log_quantile(own, probability) - everyone)
    return np.asarray(np.exp(logs))


def panel_log(ratios: FloatArray, probability: float) -> float:
    """The logarithm of the panel's factor as far as all origins agree on it.

    All series of an origin share its days, so what tells the error is the spread between origins.
    """
    each = np.array([log_quantile(ratios[:, place], probability) for place in range(ratios.shape[1])])
    if len(each) < 2:
        return 0.0
    mean, error = float(each.mean()), float(each.var(ddof=1)) / len(each)
    return mean * max(0.0, 1 - error / mean**2) if mean else 0.0


def log_quantile(ratios: FloatArray, probability: float) -> float:
    """The logarithm of the conformal quantile of the known ratios, within bounds; zero without any."""
    known = ratios[~np.isnan(ratios)]
    if not len(known):
        return 0.0
    drawn = (bound_place(probability) + 0.5) / PATHS
    # The finite-sample correction of split conformal prediction.
    level = min(drawn * (1 + 1 / len(known)), 1.0)
    bounds = float(np.log(MOST_STRETCH))
    found = max(float(np.quantile(known, level)), 1e-9)
    return min(max(float(np.log(found)), -bounds), bounds)


def calibrated(outlook: Outlook, calibration: Calibration) -> Outlook:
    """The outlook with its days stretched, and its sums by carrying surprises over to the next day.

    Paths, daily intervals and totals all follow from the outlook, so they stay coherent.
    """
    inner, outer = calibration.inner[:, None], calibration.outer[:, None]
    tail = np.clip((np.abs(LEVELS - 0.5) + 0.5 - INNER) / (OUTER - INNER), 0.0, 1.0)
    stretched = outlook.shape * (inner + (outer - inner) * tail)
    carried_on = (1 - outlook.undone) * calibration.total
    return replace(
        outlook,
        shape=(stretched - stretched.mean(axis=1, keepdims=True)).astype(np.float32),
        undone=np.clip(1 - carried_on, -MOST_SERIAL, 1.0),
    )
