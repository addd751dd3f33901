"""``timeseries forecast accuracy``: how stored forecasts came out."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from timeseries import pipeline
from timeseries.commands._session import Session, pass_session, print_json
from timeseries.metrics import refresh_metrics
from timeseries.pipeline import AccuracyReport, GroupAccuracy
from timeseries.reads import freshness
from timeseries.terminal import Bars, percent, render_table, save_coverage_plot, say, sparkline

__all__ = ["accuracy"]

FloatArray = npt.NDArray[np.float64]
WEEKS = 12
SCORED = ("forecasts", "days", "skill", "skill of total", "80 %", "by week", "95 %", "by week")
RISKS = ("risk", "forecasts", "predicted", "came", "Brier", "skill")


@click.command()
@click.option(
    "--days",
    default=90,
    show_default=True,
    type=click.IntRange(1),
    help="Of forecasts made in the last so many days.",
)
@click.option(
    "--by", type=click.Choice(["model", "cohort", "horizon"]), default="model", help="What to tell apart."
)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also draw coverage week by week into this file (.png, .svg, .pdf).",
)
@pass_session
def accuracy(session: Session, days: int, by: Any, as_json: bool, plot: Path | None) -> None:
    """Compare stored forecasts with what happened since: skill, coverage and breach probabilities.

    Skill is 1 - pinball loss / that of the naive forecast (normal, last 250 days): above zero is better
    than naive. Of the days forecast, 80 and 95 % should lie within their intervals; "by week" shows how
    that share moved, and by how many points the newest week differs from those before. The Brier score
    of a probability is its mean squared miss; its skill is against always saying the share that came.
    """
    with session.database() as database, Bars() as bars:
        refresh_metrics(database, progress=bars)
        pipeline.realise(database, progress=bars)
        report = pipeline.forecast_accuracy(database, days=days, by=by)
        fresh = freshness(database)
    if plot is not None and report.groups:
        _plot(plot, report)
    if as_json:
        print_json({**report.as_dict(), "freshness": fresh.as_dict()})
        return
    _show(report)
    if plot is not None and report.groups:
        say(f"Drawn into {plot}.")
    say(fresh.sentence(), style="dim")


def _show(report: AccuracyReport) -> None:
    if not report.groups:
        say(_nothing_yet(report))
        return
    title = f"Forecasts made from {report.since} to {report.until}, by {report.by}"
    rows = [_scored(group) for group in report.groups]
    render_table((report.by, *SCORED), rows, title=title, left=(report.by,))
    risks = [row for group in report.groups for row in _risks(group)]
    if risks:
        title = "Chances foretold, of forecasts whose horizon is over"
        render_table((report.by, *RISKS), risks, title=title, left=(report.by, "risk"))
    else:
        say("No forecast's horizon is over yet: probabilities are compared once it is.")


def _nothing_yet(report: AccuracyReport) -> str:
    if report.waiting:
        return (
            f"{report.waiting:,} forecasts wait for their first day to be over: load that day's trades with "
            "`timeseries ingest trades FILE` and ask again."
        )
    return "No forecasts are stored yet: make them with `timeseries forecast --all`."


def _scored(group: GroupAccuracy) -> tuple[str, ...]:
    weeks = group.weeks[-WEEKS:]
    return (
        group.name or "–",
        f"{group.forecasts:,}",
        f"{group.days_scored:,}",
        percent(group.skill, 1),
        percent(group.total_skill, 1),
        percent(group.coverage_80, 1),
        _trend(_numbers(week.coverage_80 for week in weeks)),
        percent(group.coverage_95, 1),
        _trend(_numbers(week.coverage_95 for week in weeks)),
    )


def _trend(shares: FloatArray) -> str:
    """The course of the weeks, and how many points the newest is away from those before it."""
    known = shares[np.isfinite(shares)]
    if len(known) < 2:
        return ""
    return f"{sparkline(shares)} {100 * (known[-1] - known[:-1].mean()):+.1f}"


def _risks(group: GroupAccuracy) -> list[tuple[str, ...]]:
    return [
        (
            group.name or "–",
            name.replace("_", " "),
            f"{risk.forecasts:,}",
            percent(risk.predicted, 1),
            percent(risk.realised, 1),
            f"{risk.brier:.4f}",
            percent(risk.brier_skill, 1),
        )
        for name, risk in group.risks.items()
    ]


def _plot(path: Path, report: AccuracyReport) -> None:
    save_coverage_plot(
        path,
        title=f"Coverage of forecasts by the week they were made in, by {report.by}",
        groups={
            group.name: (
                np.array([week.week for week in group.weeks], "datetime64[D]"),
                _numbers(week.coverage_80 for week in group.weeks),
                _numbers(week.coverage_95 for week in group.weeks),
            )
            for group in report.groups
        },
    )


def _numbers(shares: Iterable[float | None]) -> FloatArray:
    return np.array([np.nan if share is None else share for share in shares])
