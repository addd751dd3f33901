"""Everything a backtest measured, and its summaries by model, cohort and length of history."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from timeseries.forecast.backtest._cells import Cells
from timeseries.forecast.backtest._histograms import Histograms
from timeseries.forecast.backtest._reliability import RiskCases, RiskScores, base_rates, risk_scores
from timeseries.forecast.backtest._summary import GroupScores, scores_of

__all__ = ["NAIVE", "Backtest"]

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.integer]
NAIVE = "naive"
LENGTHS = {
    "1–19 days": (1, 20),
    "20–59 days": (20, 60),
    "60–119 days": (60, 120),
    "120–249 days": (120, 250),
    "250 days and more": (250, np.inf),
}


@dataclass(frozen=True)
class Backtest:
    """What forecasts from several origins were worth.

    Attributes:
        kind: "flow" or "level".
        horizon: days forecast from each origin.
        origins: position of the first day forecast, ascending.
        models: their names, in the order asked for, naive always among them.
        cohorts: labels.
        cohort: number of each series' cohort, [series].
        days_known: known days of each series at each origin, within the window, [origins, series].
        cells: scores of every forecast, [origins, models, series].
        histograms: counts of every model.
        cases: (model, risk) → probabilities beside what came; empty without breaches.
    """

    kind: str
    horizon: int
    origins: tuple[int, ...]
    models: tuple[str, ...]
    cohorts: tuple[str, ...]
    cohort: IntArray
    days_known: IntArray
    cells: Cells
    histograms: Histograms
    cases: dict[tuple[str, str], RiskCases]

    def scores(self, by: Literal["model", "cohort", "length"] = "model") -> list[GroupScores]:
        """The scores of every model, of all series or of each group that has any forecast."""
        found = []
        for group, chosen in self._groups(by).items():
            for place, model in enumerate(self.models):
                one = scores_of(
                    self.cells, place, self.models.index(NAIVE), chosen, level=self.kind == "level"
                )
                if one["forecasts"]:
                    found.append(GroupScores(model=model, group=group, **one))  # type: ignore[arg-type]
        return found

    def risks(self, by: Literal["model", "cohort"] = "model") -> list[RiskScores]:
        """The scores of every risk by every model, of all accounts or by cohort."""
        found = []
        for (model, risk), cases in self.cases.items():
            base = base_rates(cases, self.horizon)
            groups = {"": np.ones(len(base), dtype=np.bool_)}
            if by == "cohort":
                groups = {name: cases.cohort == number for number, name in enumerate(self.cohorts)}
            found += [
                risk_scores((model, group, risk), cases, base, chosen)
                for group, chosen in groups.items()
                if chosen.any()
            ]
        return found

    def _groups(self, by: str) -> dict[str, BoolArray]:
        """Which forecasts belong to each group, [origins, series]."""
        if by == "model":
            return {"": self.days_known > 0}
        if by == "cohort":
            whole = np.broadcast_to(self.cohort, self.days_known.shape)
            return {name: whole == number for number, name in enumerate(self.cohorts)}
        return {
            name: (self.days_known >= low) & (self.days_known < high) for name, (low, high) in LENGTHS.items()
        }
