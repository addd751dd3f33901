"""``timeseries forecast``: what an account is likely to earn, and whether it will break its rules."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from timeseries import pipeline
from timeseries.commands._session import Session, pass_session, print_json
from timeseries.errors import InputError
from timeseries.forecast import MODELS
from timeseries.metrics import refresh_metrics
from timeseries.pipeline import AccountForecast
from timeseries.reads import Freshness, freshness
from timeseries.terminal import Bars, amount, fan, percent, render_table, save_forecast_plot, say

__all__ = ["forecast"]


@click.command()
@click.argument("account", required=False)
@click.option("--all", "everyone", is_flag=True, help="Forecast every active account and store it.")
@click.option(
    "--horizon", default=14, show_default=True, type=click.IntRange(1, 60), help="Trading days ahead."
)
@click.option("--model", type=click.Choice(["auto", *MODELS]), default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also draw it into this file (.png, .svg, .pdf).",
)
@pass_session
def forecast(
    session: Session,
    account: str | None,
    everyone: bool,
    horizon: int,
    model: str,
    as_json: bool,
    plot: Path | None,
) -> None:
    """Forecast ACCOUNT's profit with intervals and the chance of a rule breach, beside a naive forecast."""
    if (account is None) != everyone:
        raise InputError("Name one ACCOUNT, or give --all.")
    with session.database() as database, Bars() as bars:
        refresh_metrics(database, progress=bars)
        if account is None:
            report = pipeline.forecast_all(database, horizon=horizon, model=model, progress=bars)
        else:
            one = pipeline.forecast_account(database, account, horizon=horizon, model=model)
        fresh = freshness(database, account)
    if account is None:
        _show_all(report, as_json)
    else:
        _show_one(one, fresh, as_json, plot)
    if not as_json:
        say(fresh.sentence(), style="dim")


def _show_one(one: AccountForecast, fresh: Freshness, as_json: bool, plot: Path | None) -> None:
    if plot is not None:
        _plot(plot, one)
    if as_json:
        print_json({**one.as_dict(), "freshness": fresh.as_dict()})
    else:
        _show(one)
        if plot is not None:
            say(f"Drawn into {plot}.")


def _show_all(report: pipeline.ForecastReport, as_json: bool) -> None:
    if as_json:
        print_json(report.as_dicts())
        return
    rows = [
        (
            a["account"],
            amount(a["expected"]),
            amount(a["low"]),
            amount(a["high"]),
            percent(a["any_breach"], 1),
        )
        for a in report.riskiest(15)
    ]
    title = f"Likeliest to breach within {report.horizon} trading days of {report.origin}"
    render_table(
        ("account", "expected profit", "80 % from", "to", "breach"), rows, title=title, left=("account",)
    )
    say(f"{len(report.accounts):,} accounts forecast and stored.")


def _show(one: AccountForecast) -> None:
    low, centre, high = (one.total_quantiles[:, one.level(q)] for q in (0.1, 0.5, 0.9))
    naive_low, naive_high = (one.naive_totals[:, one.level(q)] for q in (0.1, 0.9))
    rows = [
        (str(day), *(amount(value, one.digits) for value in values))
        for day, *values in zip(
            one.days_ahead, one.mean, low, centre, high, naive_low, naive_high, strict=True
        )
    ]
    columns = ("day", "expected", "total: 10 %", "median", "90 %", "naive 10 %", "naive 90 %")
    title = f"{one.account}: net profit in {one.currency} after {one.origin}, model {one.model}"
    render_table(columns, rows, title=title, left=("day",))
    for line in fan(low, centre, high, [str(day)[5:] for day in one.days_ahead]):
        say(line)
    say()
    say("Within the horizon: " + "; ".join(f"{name} {percent(p, 1)}" for name, p in one.risks.items()) + ".")
    say(_skill_sentence(one))


def _skill_sentence(one: AccountForecast) -> str:
    if np.isnan(one.skill):
        return "The history is too short to compare the model with naive; its cohort stands in."
    worse = "better" if one.skill >= 0 else "worse"
    return f"On this account's own past the model was {abs(one.skill):.1%} {worse} than naive (CRPS)."


def _plot(path: Path, one: AccountForecast) -> None:
    totals: dict[float, Any] = {q: one.total_quantiles[:, i] for i, q in enumerate(one.levels)}
    save_forecast_plot(
        path,
        title=f"{one.account}, {one.horizon} trading days after {one.origin}",
        days=one.history_days,
        balance=one.history_balance,
        ahead=one.days_ahead,
        totals=totals,
        floor=one.drawdown_floor,
        currency=one.currency,
    )
