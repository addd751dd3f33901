"""From a panel to the calibrated outlook of every series."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from timeseries.forecast._arrays import FloatArray, IntArray, joined, ratio
from timeseries.forecast._calibration import calibrated
from timeseries.forecast._choice import chosen
from timeseries.forecast._choice import own_skill as skill_of
from timeseries.forecast._cohort import pooled
from timeseries.forecast._contract import Lessons, Outlook
from timeseries.forecast._dependence import Dependence, joint_draws, measured_dependence
from timeseries.forecast._history import History, cohort_numbers, last_known, panel_scaled, read_history
from timeseries.forecast._state import State
from timeseries.forecast._summary import expected_moves, simulated_moves
from timeseries.forecast.models import MODELS, NAIVE, SLOW

__all__ = ["Prepared", "in_money", "prepare"]


@dataclass(frozen=True)
class Prepared:
    """The coming days of a panel, ready to be summarised or simulated.

    Attributes:
        outlook: of every series, in the panel's scale.
        exponent: the panel's scale is two to this power.
        start: last known levels in that scale, [series]; None for flows.
        dependence: of the series on each other.
        model: name of each series' model, [series].
        skill: see :class:`Forecast`, [series].
        state: what was learnt, to prepare later days with.
        seed: of the random numbers.
    """

    outlook: Outlook
    exponent: int
    start: FloatArray | None
    dependence: Dependence
    model: npt.NDArray[np.str_]
    skill: FloatArray
    state: State
    seed: int

    def __len__(self) -> int:
        return len(self.outlook)

    def rows(self, rows: IntArray) -> "Prepared":
        """Some of the series, as they are among all."""
        return replace(
            self,
            outlook=self.outlook.rows(rows),
            start=None if self.start is None else self.start[rows],
            dependence=self.dependence.rows(rows),
            model=self.model[rows],
            skill=self.skill[rows],
        )

    def expected_moves(self) -> npt.NDArray[np.float64]:
        """Expected move of every day in money, [series, horizon]."""
        return in_money(expected_moves(self.outlook), self.exponent)

    def moves(self, rows: slice, paths: int) -> npt.NDArray[np.float32]:
        """Daily moves of some series in money, [rows, paths, horizon].

        Path k of one series belongs with path k of every other: shared days are shared.
        """
        block = self.outlook.rows(rows)
        draws = joint_draws(self.dependence, rows, block.horizon, paths, (self.seed,))
        moves = simulated_moves(block, draws)
        with np.errstate(over="ignore", under="ignore"):
            return np.nan_to_num(np.ldexp(moves, self.exponent, out=moves), copy=False)


def prepare(
    values: npt.ArrayLike,
    horizon: int,
    *,
    kind: str = "flow",
    model: str = "auto",
    calendar: npt.ArrayLike | None = None,
    cohort: npt.ArrayLike | None = None,
    group: npt.ArrayLike | None = None,
    state: State | None = None,
    own_skill: bool = False,
    seed: int = 0,
) -> Prepared:
    """Choose, learn, calibrate and look ahead; or, given the state of earlier days, only look ahead.

    Args:
        values: see :func:`forecast`, as all others but
        group: a label a series, [series]; one group may move together more than others do. None: cohorts.
        state: what ``prepare`` or ``forecast`` learnt before from the same kind of panel. Cohorts it does not
            know get what served its whole panel. It only counts for the model "auto".
        own_skill: prove every series' own skill, also with a state; otherwise it is then the cohort's.

    Raises:
        ValueError: an argument has a wrong shape or value.
    """
    array, exponent = panel_scaled(values)
    history = read_history(array, horizon, level=kind == "level", calendar=calendar, cohort=cohort)
    groups = history.cohort if group is None else cohort_numbers(group, len(array))[1]
    fresh = state is None or model != "auto" or state.kind != kind
    used = learnt(history, horizon, kind, model) if fresh or state is None else state
    proved = (fresh or own_skill) and model not in SLOW
    places = used.places(history)
    names = used.choice.model[places]
    return Prepared(
        outlook=outlook_by_model(history, horizon, used, plain=model in {NAIVE.name, *SLOW}),
        exponent=exponent,
        start=last_levels(array, history.cohort) if kind == "level" else None,
        dependence=measured_dependence(history, groups),
        model=names,
        skill=skill_by_model(history, names) if proved else used.choice.skill[places],
        state=used,
        seed=seed,
    )


def in_money(values: FloatArray, exponent: int) -> npt.NDArray[np.float64]:
    """The values out of the panel's scale; what would leave the float range stays at its end."""
    with np.errstate(over="ignore", under="ignore"):
        money: npt.NDArray[np.float64] = np.nan_to_num(np.ldexp(values, exponent), copy=False)
    return money


def learnt(history: History, horizon: int, kind: str, model: str) -> State:
    """The choice for a panel and the lessons of the models in use."""
    choice = chosen(history, model)
    lessons = {name: MODELS[name].learn(history, horizon) for name in np.unique(choice.model).tolist()}
    return State(kind, history.cohorts, choice, lessons)


def outlook_by_model(history: History, horizon: int, state: State, *, plain: bool) -> Outlook:
    """Every series' outlook by its cohort's model, calibrated unless ``plain``."""
    places = state.places(history)
    names = state.choice.model[places]
    parts, order = [], []
    for name in np.unique(names).tolist():
        rows = np.flatnonzero(names == name)
        lessons: Lessons = state.lessons.get(name, {})
        parts.append(MODELS[name].predict(history, horizon, lessons).rows(rows))
        order.append(rows)
    whole = arranged(parts, order) if parts else NAIVE.predict(history, horizon, {})
    return whole if plain else calibrated(whole, state.choice.calibration.of(places))


def arranged(parts: Sequence[Outlook], order: Sequence[IntArray]) -> Outlook:
    """Outlooks of some series each, as one in the order of the panel."""
    return joined(parts).rows(np.argsort(np.concatenate(order)))


def skill_by_model(history: History, names: npt.NDArray[np.str_]) -> FloatArray:
    """Each series' own skill with its model, [series]."""
    answer = np.full(len(history), np.nan)
    for name in np.unique(names).tolist():
        rows = np.flatnonzero(names == name)
        answer[rows] = skill_of(MODELS[name], history)[rows]
    return answer


def last_levels(levels: FloatArray, cohort: IntArray) -> FloatArray:
    """The last known level; the cohort's mean of them for a series without any, [series]."""
    last, seen = last_known(levels), np.asarray((~np.isnan(levels)).any(axis=1))
    known: FloatArray = seen.astype(np.float64)
    members = pooled(known, cohort)
    panel = ratio(last.sum(keepdims=True), known.sum(keepdims=True))
    group = np.where(members > 0, ratio(pooled(last, cohort), members), panel)
    return np.where(seen, last, group)
