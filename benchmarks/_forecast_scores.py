"""Scores and times of the methods on a set."""

import math
import time
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from _forecast_methods import LEVELS, NAIVE, Answer, Kind, Method
from _forecast_sets import HORIZON, PanelSet

from timeseries.forecast import coverage, crps_from_quantiles, pinball

__all__ = ["Effort", "Row", "compare"]

FloatArray = npt.NDArray[np.float64]
Scores = dict[str, FloatArray]

# Places in LEVELS of the bounds of both intervals, and of the five quantiles levels are scored by.
INTERVALS = {"80": (2, 18), "95": (0, 20)}
FIVE = [0, 2, 10, 18, 20]
QUICK_SECONDS = 2.0


class Effort(NamedTuple):
    """How much a comparison may take: rounds of quick calls, and the share of slow methods' most."""

    rounds: int = 3
    share: float = 1.0


@dataclass(frozen=True)
class Row:
    """A method on a set.

    Attributes:
        forecasts: series forecast, over all origins.
        seconds: for 1,000 series.
        scores: means over the forecasts.
        relative: the scores that are errors over those of naive on the same forecasts.
    """

    set: str
    method: str
    forecasts: int
    seconds: float
    scores: dict[str, float]
    relative: dict[str, float]

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return asdict(self)


def compare(panel: PanelSet, method: Method, effort: Effort) -> Row:
    """Forecast a set at its origins, or a fair sample of it, and score what came."""
    stride = stride_of(panel, method, effort.share)
    seconds, own, plain = 0.0, [], []
    for number, split in enumerate(panel.splits()):
        past, coming, size = (part[number % stride :: stride] for part in split)
        if not len(past):
            continue
        taken, answer = timed(method, past, panel.kind, effort.rounds)
        seconds += taken
        own.append(scored(panel.kind, answer, coming, size))
        plain.append(scored(panel.kind, NAIVE(past, HORIZON, panel.kind), coming, size))
    return row_of(panel, method, seconds, joined(own), joined(plain))


def row_of(panel: PanelSet, method: Method, seconds: float, own: Scores, plain: Scores) -> Row:
    """Means of the scores, and their ratios to naive."""
    count = len(own["days 80"])
    scores = {name: float(values.mean()) for name, values in own.items()}
    base = {name: float(values.mean()) for name, values in plain.items()}
    relative = {name: scores[name] / base[name] for name in scores if not name.endswith(("80", "95"))}
    if panel.kind == "level":
        relative["OWA"] = (relative["sMAPE"] + relative["MASE"]) / 2
    return Row(panel.name, method.name, count, 1000 * seconds / count, scores, relative)


def stride_of(panel: PanelSet, method: Method, share: float) -> int:
    """Every how many-th series a method gets, so that it keeps to a share of its most."""
    if method.most is None:
        return 1
    return math.ceil(sum(past.size for past, *_ in panel.splits()) / (method.most * share))


def timed(method: Method, past: FloatArray, kind: Kind, rounds: int) -> tuple[float, Answer]:
    """Seconds and answer; of quick calls the best of some rounds, unless they are of a sample."""
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        answer = method(past, HORIZON, kind)
        taken.append(time.perf_counter() - begun)
        if taken[0] > QUICK_SECONDS or method.most is not None:
            break
    return min(taken), answer


def scored(kind: Kind, answer: Answer, coming: FloatArray, size: FloatArray) -> Scores:
    """Scores of each forecast, errors in units of its series' own size, [series] each."""
    if kind == "level":
        return days_within(answer, coming) | level_errors(answer, coming, size)
    total = coming.sum(axis=1)
    day = crps_from_quantiles(answer.quantiles[:, 0], LEVELS, coming[:, 0]) / size
    both = crps_from_quantiles(answer.totals, LEVELS, total) / size
    within = {
        f"sum {name}": inside(answer.totals[:, low], answer.totals[:, high], total)
        for name, (low, high) in INTERVALS.items()
    }
    return {"CRPS day": day, "CRPS sum": both} | days_within(answer, coming) | within


def level_errors(answer: Answer, coming: FloatArray, size: FloatArray) -> Scores:
    """The errors of the M4 competition, of points and of quantiles."""
    miss = np.abs(coming - answer.point)
    loss = 2 * pinball(answer.quantiles[..., FIVE], LEVELS[FIVE], coming).mean(axis=(1, 2))
    percent = 200 * miss / (np.abs(coming) + np.abs(answer.point))
    return {"sMAPE": percent.mean(axis=1), "MASE": miss.mean(axis=1) / size, "sQL": loss / size}


def days_within(answer: Answer, coming: FloatArray) -> Scores:
    """Share of each forecast's days inside its intervals."""
    days = answer.quantiles
    return {
        f"days {name}": inside(days[..., low], days[..., high], coming)
        for name, (low, high) in INTERVALS.items()
    }


def inside(lower: FloatArray, upper: FloatArray, actual: FloatArray) -> FloatArray:
    """Coverage of each series, [series]."""
    return np.array([coverage(*one) for one in zip(lower, upper, actual, strict=True)])


def joined(parts: list[Scores]) -> Scores:
    """The scores of all origins as one."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
