"""The plots of a backtest of forecasts, as SVG."""

from base64 import b64encode
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from timeseries.terminal._backtest_tables import NAIVE, judged, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from timeseries.forecast.backtest import GroupScores, Ratio, RiskScores
    from timeseries.pipeline import ForecastBacktest

__all__ = ["forecast_plots"]

COLOURS = ("#24476b", "#d9822b", "#3f7d4e", "#8a4f7d", "#7a7a7a", "#b3261e")
SHADE = "#8a8a8a"
MEASURES = {"crps_first": "next day", "crps_days": "all days", "crps_total": "total"}
DRAWN_RISKS = ("any_breach", "daily_loss", "max_drawdown", "profit_target", "payout")


def forecast_plots(report: "ForecastBacktest") -> dict[str, str]:
    """Title → picture, a data address that holds an SVG."""
    plots: dict[str, Callable[[Figure, ForecastBacktest], None]] = {
        "CRPS as a share of naive's, with 95 % confidence intervals": draw_ratios,
        "Where what came fell into the forecasts (PIT; level when calibrated)": draw_pit,
        "Coverage by day ahead": draw_coverage,
        "Skill by length of history (1 - CRPS of days / naive's)": draw_lengths,
    }
    if report.proof.cases:
        plots["Reliability of the chances, and how many there are"] = draw_reliability
    return {title: picture(draw, report) for title, draw in plots.items()}


def picture(draw: "Callable[[Figure, ForecastBacktest], None]", report: "ForecastBacktest") -> str:
    """One plot as a data address."""
    from matplotlib import rc_context  # it takes half a second to import
    from matplotlib.figure import Figure

    drawn = BytesIO()
    # Without a salt and with a date, the same report would never be the same file.
    with rc_context({"svg.hashsalt": "backtest", "font.size": 9}):
        figure = Figure(figsize=(8, 3.4), layout="constrained")
        draw(figure, report)
        for axes in figure.axes:
            axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + b64encode(drawn.getvalue()).decode()


def draw_ratios(figure: "Figure", report: "ForecastBacktest") -> None:
    """A group of points a measure, one a model."""
    axes, scores = figure.add_subplot(), [one for one in report.proof.scores() if one.model != NAIVE]
    for place, one in enumerate(scores):
        ratios = [getattr(one, name) for name in MEASURES]
        shift = (place - (len(scores) - 1) / 2) * 0.15
        draw_errors(axes, np.arange(len(MEASURES)) + shift, ratios, COLOURS[place % len(COLOURS)], one.model)
    axes.axhline(1, color=SHADE, linewidth=0.8)
    axes.set_xticks(range(len(MEASURES)), list(MEASURES.values()))
    if scores:
        axes.legend(frameon=False)


def draw_errors(
    axes: "Axes", places: npt.NDArray[np.floating], ratios: "list[Ratio]", colour: str, label: str
) -> None:
    """Values with their confidence intervals; bare values where there is none."""
    values = np.array([ratio.value for ratio in ratios])
    reach = np.nan_to_num([ratio.high - ratio.value for ratio in ratios])
    axes.errorbar(places, values, reach, fmt="o", capsize=3, color=colour, label=label)


def draw_pit(figure: "Figure", report: "ForecastBacktest") -> None:
    """Days above, totals below, a column a model."""
    counts = (report.proof.histograms.pit, report.proof.histograms.total_pit)
    grid = figure.subplots(2, len(report.proof.models), sharex=True, sharey="row", squeeze=False)
    for row, (of_models, what) in enumerate(zip(counts, ("days", "totals"), strict=True)):
        for place, (axes, bins) in enumerate(zip(grid[row], of_models, strict=True)):
            edges = np.linspace(0, 1, len(bins) + 1)
            mean = bins.mean() or 1.0
            axes.bar(edges[:-1], bins / mean, np.diff(edges), align="edge", color=COLOURS[0], alpha=0.7)
            axes.axhline(1, color=SHADE, linewidth=0.8)
            axes.set_title(f"{report.proof.models[place]}, {what}", fontsize=8)


def draw_coverage(figure: "Figure", report: "ForecastBacktest") -> None:
    """Both intervals, a colour a model."""
    axes, ahead = figure.add_subplot(), np.arange(1, report.proof.horizon + 1)
    for place, (model, shares) in enumerate(
        zip(report.proof.models, report.proof.histograms.coverage_by_day(), strict=True)
    ):
        colour = COLOURS[place % len(COLOURS)]
        axes.plot(ahead, shares[0], "o-", markersize=3, color=colour, label=f"{model}: 80 %")
        axes.plot(ahead, shares[1], "o:", markersize=3, color=colour, label=f"{model}: 95 %")
    for level in (0.8, 0.95):
        axes.axhline(level, color=SHADE, linewidth=0.8)
    axes.set_xlabel("day ahead")
    axes.yaxis.set_major_formatter(lambda value, position: f"{value:.0%}")
    figure.legend(frameon=False, loc="outside right upper")


def draw_lengths(figure: "Figure", report: "ForecastBacktest") -> None:
    """One group of points a class of history lengths."""
    axes, scores = figure.add_subplot(), report.proof.scores("length")
    groups = list(dict.fromkeys(one.group for one in scores))
    models = [model for model in report.proof.models if model != NAIVE]
    for place, model in enumerate(models):
        ours = [one for one in scores if one.model == model]
        places = np.array([groups.index(one.group) for one in ours]) + 0.15 * place
        draw_skills(axes, places, ours, COLOURS[place % len(COLOURS)])
    axes.axhline(0, color=SHADE, linewidth=0.8)
    axes.set_xticks(range(len(groups)), groups)
    axes.yaxis.set_major_formatter(lambda value, position: f"{value:.0%}")
    if models and groups:
        axes.legend(frameon=False)


def draw_skills(
    axes: "Axes", places: npt.NDArray[np.floating], scores: "list[GroupScores]", colour: str
) -> None:
    """Skills of one model with their confidence intervals."""
    if not scores:
        return
    skills = [1 - one.crps_days.value for one in scores]
    reach = np.nan_to_num([one.crps_days.high - one.crps_days.value for one in scores])
    axes.errorbar(places, skills, reach, fmt="o", capsize=3, color=colour, label=scores[0].model)


def draw_reliability(figure: "Figure", report: "ForecastBacktest") -> None:
    """Predicted against realised, and the counts of the bins."""
    curve, counts = figure.subplots(1, 2, width_ratios=(3, 2))
    model = judged(report)
    drawn = [one for one in report.proof.risks() if one.model == model and one.risk in DRAWN_RISKS]
    curve.plot([0, 1], [0, 1], color=SHADE, linewidth=0.8)
    for place, one in enumerate(drawn):
        draw_curve(curve, counts, one, COLOURS[place % len(COLOURS)])
    curve.set_xlabel("predicted")
    curve.set_ylabel("came")
    counts.set_xlabel("predicted")
    counts.set_ylabel("cases")
    counts.set_yscale("log")
    curve.legend(frameon=False, fontsize=8)


def draw_curve(curve: "Axes", counts: "Axes", one: "RiskScores", colour: str) -> None:
    """One risk's reliability curve."""
    said = [part.predicted for part in one.bins]
    came = [part.realised for part in one.bins]
    curve.plot(said, came, "o-", markersize=3, color=colour, label=words(one.risk))
    counts.plot(said, [part.count for part in one.bins], "o-", markersize=3, color=colour)
