"""Forecasting from past origins."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from timeseries.forecast import MODELS, Prepared, prepare, summary_of
from timeseries.forecast.backtest._cells import LEVELS, coming_of, empty_cells, score_cells
from timeseries.forecast.backtest._histograms import Histograms
from timeseries.forecast.backtest._past import past_of
from timeseries.forecast.backtest._proof import NAIVE, Backtest
from timeseries.forecast.backtest._reliability import RiskCases

__all__ = ["Breaches", "backtest"]

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.integer]
BoolArray = npt.NDArray[np.bool_]
Progress = Callable[[int, int], None]


class Breaches(Protocol):
    """Says what a prepared forecast foretells of the rules, and what came."""

    def __call__(
        self, origin: int, rows: IntArray, prepared: Prepared
    ) -> dict[str, tuple[FloatArray, FloatArray]]:
        """The risks of some series from an origin.

        Args:
            origin: position of the first day forecast.
            rows: places of the prepared series in the panel.
            prepared: the forecast, which knows only the days before.

        Returns:
            risk → probability and what came (1 or 0), both [rows]; NaN in what came: does not count.
        """


@dataclass(frozen=True)
class Panel:
    """The series to forecast; arguments as of :func:`backtest`."""

    values: FloatArray
    calendar: npt.NDArray[np.datetime64] | None
    labels: npt.NDArray[np.str_]
    level: bool
    horizon: int
    window: int
    seed: int

    def prepare(self, origin: int, rows: IntArray, model: str) -> Prepared:
        """Forecast some series from an origin, knowing only the days before it."""
        first = max(0, origin - self.window)
        dates = None if self.calendar is None else self.calendar[first : origin + self.horizon]
        return prepare(
            self.values[rows, first:origin],
            self.horizon,
            kind="level" if self.level else "flow",
            model=model,
            calendar=dates,
            cohort=self.labels[rows],
            seed=self.seed,
        )


def backtest(
    values: npt.ArrayLike,
    *,
    horizon: int = 14,
    origins: Sequence[int],
    models: Sequence[str] = ("auto", NAIVE),
    kind: Literal["flow", "level"] = "flow",
    calendar: npt.ArrayLike | None = None,
    cohort: npt.ArrayLike | None = None,
    alive: npt.ArrayLike | None = None,
    window: int = 365,
    breaches: Breaches | None = None,
    progress: Progress | None = None,
    seed: int = 0,
) -> Backtest:
    """Forecast all series from past days, each time knowing only the days before, and score what came.

    Every model learns anew at every origin. All models are scored on the same days. A day that is NaN is not
    scored, and adds nothing to the total of a flow. Source: Tashman (2000), "Out-of-sample tests of
    forecasting accuracy", International Journal of Forecasting 16(4).

    Args:
        values: [series, days]; NaN before a series starts, after it ended and on days not observed.
        horizon: days forecast from each origin.
        origins: positions of the first days forecast; origins a horizon or more apart have no day in common,
            which the standard errors presume.
        models: names as ``forecast`` takes them; naive is added when it is not among them.
        kind: "flow" or "level", see ``forecast``.
        calendar: dates of the days, [days].
        cohort: a label a series, [series].
        alive: which series to score from each origin, [origins, series]; those that have ended still teach
            the others. Those that have not begun are never forecast. None: all that have begun.
        window: how many days before an origin are known at most.
        breaches: asked after each forecast of a flow; None: no risks.
        progress: told how many forecasts of how many are made.
        seed: of the forecasts.

    Raises:
        ValueError: an origin has no day before it or not the whole horizon after it, or an argument has a
            wrong shape or value.
    """
    panel = checked_panel(values, horizon, kind, calendar, cohort, window, seed)
    names = tuple(dict.fromkeys([*models, NAIVE]))
    places = checked_origins(origins, panel, names)
    labels, numbers = np.unique(panel.labels, return_inverse=True)
    run = Run(panel, names, places, alive_mask(panel, places, alive), numbers, breaches)
    for done, (origin, model) in enumerate(np.ndindex(len(places), len(names))):
        tell(progress, done, len(places) * len(names))
        run.forecast(origin, model)
    tell(progress, len(places) * len(names), len(places) * len(names))
    return Backtest(
        kind=kind,
        horizon=horizon,
        origins=places,
        models=names,
        cohorts=tuple(labels.tolist()),
        cohort=numbers,
        days_known=run.days_known,
        cells=run.cells,
        histograms=run.histograms,
        cases=run.cases(),
    )


class Run:
    """A backtest under way."""

    def __init__(
        self,
        panel: Panel,
        models: tuple[str, ...],
        origins: tuple[int, ...],
        alive: BoolArray,
        cohort: IntArray,
        breaches: Breaches | None,
    ) -> None:
        series = len(panel.values)
        self.panel, self.models, self.origins, self.alive = panel, models, origins, alive
        self.cohort, self.breaches = cohort, breaches
        self.cells = empty_cells((len(origins), len(models), series))
        self.histograms = Histograms.empty(len(models), panel.horizon)
        self.days_known = np.zeros((len(origins), series), dtype=np.int64)
        self.found: dict[tuple[str, str], list[RiskCases]] = defaultdict(list)

    def forecast(self, place: int, model: int) -> None:
        """Forecast from one origin by one model, and score it."""
        origin, panel = self.origins[place], self.panel
        first = max(0, origin - panel.window)
        begun = np.flatnonzero(np.isfinite(panel.values[:, first:origin]).any(axis=1))
        scored = np.flatnonzero(self.alive[place, begun])
        rows = begun[scored]
        if not rows.size:
            return
        past = past_of(panel.values[rows, first:origin], self.cohort[rows], level=panel.level)
        after = panel.values[rows, origin : origin + panel.horizon]
        coming = coming_of(after, past.last, level=panel.level)
        # Who has ended teaches too: learning from survivors alone would take luck for safety.
        prepared = panel.prepare(origin, begun, self.models[model]).rows(scored)
        found = summary_of(prepared, LEVELS)
        self.days_known[place, rows] = past.days
        self.cells.put((place, model, rows), score_cells(found, coming, past))
        self.histograms.add(model, found, coming)
        if self.breaches is not None:
            self._compare(origin, rows, self.models[model], self.breaches(origin, rows, prepared))

    def _compare(
        self, origin: int, rows: IntArray, model: str, risks: dict[str, tuple[FloatArray, FloatArray]]
    ) -> None:
        for risk, (chance, came) in risks.items():
            known = np.isfinite(came) & np.isfinite(chance)
            origins = np.full(int(known.sum()), origin)
            cases = RiskCases(origins, self.cohort[rows[known]], chance[known], came[known])
            self.found[model, risk].append(cases)

    def cases(self) -> dict[tuple[str, str], RiskCases]:
        """All cases of every model and risk that has any."""
        names = ("origin", "cohort", "chance", "came")
        joined = {
            key: RiskCases(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
            for key, parts in self.found.items()
        }
        return {key: cases for key, cases in joined.items() if len(cases.came)}


def checked_panel(
    values: npt.ArrayLike,
    horizon: int,
    kind: str,
    calendar: npt.ArrayLike | None,
    cohort: npt.ArrayLike | None,
    window: int,
    seed: int,
) -> Panel:
    """The arguments as arrays, or a ``ValueError``."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2:
        raise ValueError(f"values must be [series, days], not of shape {array.shape}")
    array = np.where(np.isfinite(array), array, np.nan)
    if horizon < 1 or window < 1:
        raise ValueError(f"horizon and window must be at least 1, not {horizon} and {window}")
    if kind not in ("flow", "level"):
        raise ValueError(f'kind must be "flow" or "level", not {kind!r}')
    dates = None if calendar is None else np.asarray(calendar, dtype="datetime64[D]")
    if dates is not None and dates.shape != array.shape[1:]:
        raise ValueError(f"calendar must have {array.shape[1]} days, not shape {dates.shape}")
    labels = np.full(len(array), "") if cohort is None else np.asarray(cohort).astype(np.str_)
    if labels.shape != array.shape[:1]:
        raise ValueError(f"cohort must have {len(array)} labels, not shape {labels.shape}")
    return Panel(array, dates, labels, kind == "level", horizon, window, seed)


def checked_origins(origins: Sequence[int], panel: Panel, models: tuple[str, ...]) -> tuple[int, ...]:
    """The origins in order, or a ``ValueError``; as well as for models that do not exist."""
    unknown = [name for name in models if name != "auto" and name not in MODELS]
    if unknown:
        raise ValueError(f'models must be "auto" or of {", ".join(MODELS)}, not {", ".join(unknown)}')
    days, last = panel.values.shape[1], panel.values.shape[1] - panel.horizon
    if not len(origins) or not all(1 <= origin <= last for origin in origins):
        raise ValueError(f"with {days} days and a horizon of {panel.horizon} origins lie within 1 to {last}")
    return tuple(sorted({int(origin) for origin in origins}))


def alive_mask(panel: Panel, origins: tuple[int, ...], alive: npt.ArrayLike | None) -> BoolArray:
    """Which series to score from each origin, [origins, series]."""
    shape = (len(origins), len(panel.values))
    wanted = np.ones(shape, dtype=np.bool_) if alive is None else np.asarray(alive, dtype=np.bool_)
    if wanted.shape != shape:
        raise ValueError(f"alive must be of shape {shape}, not {wanted.shape}")
    return wanted


def tell(progress: Progress | None, done: int, total: int) -> None:
    """Say how far the work is."""
    if progress is not None:
        progress(done, total)
