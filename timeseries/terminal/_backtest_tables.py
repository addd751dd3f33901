"""A backtest of forecasts as tables of texts: the same at the terminal and in the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from timeseries.terminal._words import percent

if TYPE_CHECKING:  # the numeric libraries take a second to load, and most verbs need none
    from timeseries.forecast.backtest import GroupScores, Ratio, ReliabilityBin, RiskScores
    from timeseries.pipeline import ForecastBacktest

__all__ = ["ReportTable", "forecast_tables", "forecast_verdict", "reliability_table"]

NAIVE = "naive"
TITLES = {"model": "all accounts", "cohort": "by cohort", "length": "by history"}
SCORES = (
    *("count", "next day", "all days", "Σ", "2.5 % tail", "97.5 % tail", "MASE"),
    *("80 %", "95 %", "Σ 80 %", "Σ 95 %"),
)
RISKS = ("cases", "predicted", "came", "Brier", "skill", "hindsight skill", "mean gap", "largest gap")
# By cohort only what ends an account: all risks of all cohorts fill pages.
RISKS_BY_COHORT = ("any_breach", "profit_target")


@dataclass(frozen=True)
class ReportTable:
    """A table of texts; columns are right-aligned unless in ``left``."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    left: tuple[str, ...]


def forecast_tables(
    report: "ForecastBacktest", by: Literal["model", "cohort"] = "model"
) -> list[ReportTable]:
    """Scores beside naive, and risks beside what came, of all accounts or by cohort."""
    risks = [one for one in report.proof.risks(by) if by == "model" or one.risk in RISKS_BY_COHORT]
    tables = [scores_table(report, by)]
    if by == "model":
        tables.append(scores_table(report, "length"))
    if risks:
        tables.append(risks_table(risks, by))
    return tables


def scores_table(report: "ForecastBacktest", by: Literal["model", "cohort", "length"]) -> ReportTable:
    """The scores of every model."""
    names = ("model",) if by == "model" else (TITLES[by].removeprefix("by "), "model")
    rows = [
        ((one.model,) if by == "model" else (one.group, one.model)) + score_cells(one)
        for one in report.proof.scores(by)
    ]
    title = f"CRPS and pinball loss as shares of naive's, ± a standard error (Σ: totals); {TITLES[by]}"
    return ReportTable(title, (*names, *SCORES), rows, names)


def score_cells(one: "GroupScores") -> tuple[str, ...]:
    """One line of the scores."""
    ratios = (one.crps_first, one.crps_days, one.crps_total, one.tail_low, one.tail_high)
    shares = (one.coverage_80, one.coverage_95, one.total_coverage_80, one.total_coverage_95)
    return (
        f"{one.forecasts:,}",
        *(ratio_text(ratio) if one.model != NAIVE else "1" for ratio in ratios),
        number(one.mase),
        *(percent(share, 1) for share in shares),
    )


def risks_table(risks: Sequence["RiskScores"], by: str) -> ReportTable:
    """Probabilities against what came."""
    names = ("risk", "model") if by == "model" else ("cohort", "risk", "model")
    ordered = sorted(enumerate(risks), key=lambda pair: (pair[1].group, order_of(risks, pair[1]), pair[0]))
    rows = [
        (() if by == "model" else (one.group,))
        + (words(one.risk), one.model, f"{one.cases:,}", percent(one.predicted, 1), percent(one.realised, 1))
        + (number(one.brier, 4), percent(one.brier_skill, 1), percent(one.hindsight_skill, 1))
        + (points(one.mean_gap), points(one.largest_gap))
        for _, one in ordered
    ]
    return ReportTable(f"Chances foretold and what came; {TITLES[by]}", (*names, *RISKS), rows, names)


def order_of(risks: Sequence["RiskScores"], wanted: "RiskScores") -> int:
    """The place of a risk among the risks."""
    return list(dict.fromkeys(one.risk for one in risks)).index(wanted.risk)


def reliability_table(report: "ForecastBacktest", risks: Sequence[str]) -> ReportTable:
    """The reliability curves of the model in question."""
    model = judged(report)
    rows = [
        (words(one.risk), *bin_cells(part))
        for one in report.proof.risks()
        if one.model == model and one.risk in risks
        for part in one.bins
    ]
    columns = ("risk", "chance", "predicted", "came", "cases")
    return ReportTable(f"Reliability of {model}", columns, rows, ("risk", "chance"))


def bin_cells(part: "ReliabilityBin") -> tuple[str, ...]:
    """One line of a reliability curve, without the risk."""
    shares = (percent(part.predicted, 1), percent(part.realised, 1))
    return (f"{part.low:.0%}–{part.high:.0%}", *shares, f"{part.count:,}")


def forecast_verdict(report: "ForecastBacktest") -> str:
    """One sentence on the first model that is not naive."""
    model = judged(report)
    one = next((one for one in report.proof.scores() if one.model == model), None)
    if one is None:
        return "No forecast could be scored."
    parts = [
        f"{model} is {against_naive(one.crps_days)}",
        f"of the totals {percent(one.total_coverage_80, 1)} lay within the 80 % interval and "
        f"{percent(one.total_coverage_95, 1)} within the 95 %",
    ]
    breach = next((r for r in report.proof.risks() if r.model == model and r.risk == "any_breach"), None)
    if breach is not None:
        parts.append(
            f"chances of a breach have a Brier skill of {percent(breach.brier_skill, 1)} "
            f"and are {points(breach.mean_gap)} points off on average"
        )
    return "; ".join(parts) + "."


def against_naive(ratio: "Ratio") -> str:
    """How a model compares, and whether that is more than noise."""
    size = f"{abs(1 - ratio.value):.1%} {'better' if ratio.value <= 1 else 'worse'} than naive (CRPS of days)"
    if ratio.error != ratio.error:
        return f"{size}, on too few origins to tell whether by chance"
    return f"{size}, {'more than chance explains' if ratio.clear else 'which may be chance'}"


def judged(report: "ForecastBacktest") -> str:
    """The model that the verdict is on: the first that is not naive."""
    return next((model for model in report.proof.models if model != NAIVE), NAIVE)


def ratio_text(ratio: "Ratio") -> str:
    """A ratio with its standard error, where there is one."""
    if ratio.error != ratio.error:
        return number(ratio.value)
    return f"{ratio.value:.3f}±{ratio.error:.3f}"


def number(value: float, digits: int = 3) -> str:
    """A plain number; a dash for none."""
    return f"{value:.{digits}f}" if value == value else "–"


def points(share: float) -> str:
    """A share as percentage points; a dash for none."""
    return number(100 * share, 1)


def words(name: str) -> str:
    """A name as people write it."""
    return name.replace("_", " ")
