"""Which model serves each cohort, by proof, with its calibration."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeseries.forecast._arrays import FloatArray, IntArray, ratio
from timeseries.forecast._calibration import Calibration, calibration_of
from timeseries.forecast._contract import Model
from timeseries.forecast._history import History
from timeseries.forecast._proof import STEPS, Trial, tried, tried_on_last_month
from timeseries.forecast.models import FLOW_CANDIDATES, LEVEL_CANDIDATES, MODELS, NAIVE, SLOW

__all__ = ["Choice", "chosen", "own_skill"]

# Another model must be this much better than the favourite, on this many days of its cohort.
MARGIN = 0.01
NEEDED_ERRORS = 3.0
LEAST_POOLED = 500
# Series that are enough to choose by.
MOST_SERIES = 1_000
FEW_SERIES = 3


@dataclass(frozen=True)
class Choice:
    """What serves each cohort; the last entry is for cohorts nobody has seen.

    Attributes:
        model: name in ``MODELS``, [cohorts + 1].
        skill: 1 - CRPS / CRPS of naive, NaN when there was nothing to score, [cohorts + 1].
        calibration: factors [cohorts + 1].
    """

    model: npt.NDArray[np.str_]
    skill: FloatArray
    calibration: Calibration


def chosen(history: History, model: str) -> Choice:
    """The choice for every cohort of a history.

    Candidates are tried on the last weeks. The favourite serves, unless another beats its CRPS in the cohort
    by three standard errors and, from each origin, by one per cent (naive: by any amount); a cohort with
    little to judge by goes with the whole panel.

    Args:
        history: the past.
        model: a name in ``MODELS``, which is then merely proved and calibrated; or "auto".
    """
    step = -(-len(history) // (FEW_SERIES if model in SLOW else MOST_SERIES)) or 1
    sample, cohorts = history.rows(slice(None, None, step)), len(history.cohorts)
    names = candidates(history) if model == "auto" else tuple(dict.fromkeys((model, NAIVE.name)))
    trials = [tried(MODELS[name], sample) for name in names]
    losses = day_losses(trials, sample, cohorts)
    judged = model == "auto" and scored_days(trials[0]).sum() >= LEAST_POOLED
    best = winners(losses, names) if judged else np.zeros(cohorts + 1, dtype=np.intp)
    total = losses.sum(axis=2)
    won = total[best, np.arange(cohorts + 1)]
    return Choice(
        model=np.array(names)[best],
        skill=1 - ratio(won, total[names.index(NAIVE.name)], otherwise=np.nan),
        calibration=of_winners([calibration_of(trial, sample.cohort, cohorts) for trial in trials], best),
    )


def candidates(history: History) -> tuple[str, ...]:
    """Names of the models to try, the favourite first, the simpler earlier."""
    return tuple(one.name for one in (FLOW_CANDIDATES if history.levels is None else LEVEL_CANDIDATES))


def day_losses(trials: Sequence[Trial], history: History, cohorts: int) -> FloatArray:
    """CRPS over the size of the series' own moves, summed over a cohort's series, the panel's last.

    A cohort with few scored days has the losses of the panel.

    Returns:
        [trials, cohorts + 1, days].
    """
    size = ratio(np.nansum(np.abs(history.moves), axis=1), history.observed.sum(axis=1).astype(np.float64))
    relative: FloatArray = np.stack([ratio(np.nan_to_num(trial.scores), size[:, None]) for trial in trials])
    sums: FloatArray = np.zeros((cohorts, *relative.shape[::2]))
    np.add.at(sums, history.cohort, relative.swapaxes(0, 1))
    scored = np.bincount(history.cohort, scored_days(trials[0]), minlength=cohorts)
    panel: FloatArray = sums.sum(axis=0, keepdims=True)
    kept = np.where((scored >= LEAST_POOLED)[:, None, None], sums, panel)
    return np.asarray(np.concatenate([kept, panel]).swapaxes(0, 1))


def scored_days(trial: Trial) -> FloatArray:
    """Days with a score, [series]."""
    return np.asarray((~np.isnan(trial.scores)).sum(axis=1), dtype=np.float64)


def winners(losses: FloatArray, names: Sequence[str]) -> IntArray:
    """The trial that serves each cohort; the favourite is the first.

    Days that the series of a panel share are one piece of evidence, so the error of a difference comes from
    its spread over days; and ten days after one origin are hardly more, so each must confirm it.
    """
    total = losses.sum(axis=2)
    if not losses.shape[2]:
        return np.zeros(total.shape[1], dtype=np.intp)
    gain = losses[0] - losses
    clear = gain.sum(axis=2) > NEEDED_ERRORS * np.sqrt(gain.shape[2]) * gain.std(axis=2)
    margin = np.where(np.array(names) == NAIVE.name, 0.0, MARGIN)[:, None, None]
    by_origin = gain.reshape(*total.shape, -1, STEPS).sum(axis=3)
    least = margin * losses[0].reshape(*total.shape[1:], -1, STEPS).sum(axis=2)
    clear &= (by_origin > least).all(axis=2)
    clear[0] = True
    return np.asarray(np.argmin(np.where(clear, total, np.inf), axis=0))


def of_winners(calibrations: Sequence[Calibration], best: IntArray) -> Calibration:
    """Each row's calibration, from the trial that won there."""
    rows = np.arange(len(best))

    def pick(name: str) -> FloatArray:
        return np.stack([getattr(one, name) for one in calibrations])[best, rows]

    return Calibration(pick("inner"), pick("outer"), pick("total"))


def own_skill(model: Model, history: History) -> FloatArray:
    """1 - CRPS / CRPS of naive over a series' own last month, NaN where they are too few, [series]."""
    ours = tried_on_last_month(model, history).loss
    anchor = ours if model is NAIVE else tried_on_last_month(NAIVE, history).loss
    return 1 - ratio(ours, anchor, otherwise=np.nan)
