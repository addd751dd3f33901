"""``timeseries forecast``: what an account is likely to earn, and whether it will break its rules."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np

from timeseries import pipeline
from timeseries.commands._forecast_accuracy import accuracy
from timeseries.commands._session import Session, pass_session, print_json
from timeseries.errors import InputError
from timeseries.forecast import MODELS
from timeseries.metrics import refresh_metrics
from timeseries.pipeline import AccountForecast, GroupForecast
from timeseries.reads import Freshness, freshness
from timeseries.terminal import Bars, amount, fan, percent, render_table, save_forecast_plot, say, when

__all__ = ["forecast"]

GROUP_COLUMNS = ("day", "expected", "total: 10 %", "median", "90 %")


class AccountFirst(click.Group):
    """A verb that takes an account, or the name of one of its sub-verbs in its place."""

    def __init__(self, of_account: click.Command, **settings: Any) -> None:
        super().__init__(of_account.name, **settings)
        self.of_account = of_account

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of whichever is meant; the caller invokes the context's own command."""
        if args and args[0] in self.commands:
            return super().make_context(info_name, args, parent, **extra)
        return self.of_account.make_context(info_name, args, parent, **extra)

    def format_help(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The help that the account's own command shows."""
        self.of_account.format_help(context, formatter)


@click.command("forecast", epilog="How past forecasts came out: `timeseries forecast accuracy --help`.")
@click.argument("account", required=False)
@click.option("--account", "named", metavar="ACCOUNT", help="The same, for an account called `accuracy`.")
@click.option("--all", "everyone", is_flag=True, help="Forecast every active account and store it.")
@click.option("--group", metavar="NAME", help="Forecast a group of accounts all together.")
@click.option(
    "--horizon", default=14, show_default=True, type=click.IntRange(1, 60), help="Trading days ahead."
)
@click.option("--model", type=click.Choice(["auto", *MODELS]), default="auto", show_default=True)
@click.option(
    "--learn", is_flag=True, help="With --all: choose and calibrate models anew, not only once a week."
)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also draw it into this file (.png, .svg, .pdf).",
)
@pass_session
def of_account(
    session: Session,
    account: str | None,
    named: str | None,
    everyone: bool,
    group: str | None,
    horizon: int,
    model: str,
    learn: bool,
    as_json: bool,
    plot: Path | None,
) -> None:
    """Forecast ACCOUNT's profit with intervals and the chance of a rule breach, beside a naive forecast."""
    names = [one for one in (account, named) if one is not None]
    if len(names) + (group is not None) + everyone != 1:
        raise InputError("Name one ACCOUNT, or give --all or --group NAME.")
    if plot is not None and not names:
        raise InputError("--plot draws the forecast of one ACCOUNT: name it.")
    show: Callable[[Freshness, bool], None]
    with session.database() as database, Bars() as bars:
        refresh_metrics(database, progress=bars)
        if names:
            one = pipeline.forecast_account(database, names[0], horizon=horizon, model=model)
            show = partial(_show_one, one, plot)
        elif group is not None:
            groups = pipeline.forecast_group(database, group, horizon=horizon, model=model)
            show = partial(_show_groups, groups)
        else:
            report = pipeline.forecast_all(database, horizon=horizon, model=model, learn=learn, progress=bars)
            show = partial(_show_all, report)
        fresh = freshness(database, *names)
    show(fresh, as_json)
    if not as_json:
        say(fresh.sentence(), style="dim")


forecast = AccountFirst(of_account, help=of_account.help, epilog=of_account.epilog)
forecast.add_command(accuracy)


def _show_one(one: AccountForecast, plot: Path | None, fresh: Freshness, as_json: bool) -> None:
    if plot is not None:
        _plot(plot, one)
    if as_json:
        print_json({**one.as_dict(), "freshness": fresh.as_dict()})
    else:
        _show(one)
        if plot is not None:
            say(f"Drawn into {plot}.")


def _show_all(report: pipeline.ForecastReport, fresh: Freshness, as_json: bool) -> None:
    if as_json:
        print_json(report.as_dicts())
        return
    rows = [
        (
            a["account"],
            *(amount(a[name]) for name in ("expected", "low", "high")),
            *(percent(a[name], 1) for name in ("any_breach", "profit_target", "payout_probability")),
        )
        for a in report.riskiest(15)
    ]
    title = f"Likeliest to breach within {report.horizon} trading days of {report.origin}"
    columns = ("account", "expected profit", "80 % from", "to", "breach", "target", "payout")
    render_table(columns, rows, title=title, left=("account",))
    for one in report.groups:
        if one.group is None:
            _say_total(one)
    say(f"{len(report.accounts):,} accounts forecast and stored.")


def _show_groups(groups: list[GroupForecast], fresh: Freshness, as_json: bool) -> None:
    if as_json:
        print_json([one.as_dict() for one in groups])
        return
    for one in groups:
        _show_group(one)


def _show_group(one: GroupForecast) -> None:
    low, centre, high = (one.total_quantiles[:, one.levels.index(q)] for q in (0.1, 0.5, 0.9))
    days = [str(day) for day in one.days_ahead]
    rows = [
        (day, *(amount(value) for value in values))
        for day, *values in zip(days, one.mean, low, centre, high, strict=True)
    ]
    who = f"{one.group or 'The firm'}, {one.accounts:,} accounts"
    render_table(
        GROUP_COLUMNS, rows, title=f"{who}: net profit in {one.currency} after {one.origin}", left=("day",)
    )
    for line in fan(low, centre, high, [day[5:] for day in days]):
        say(line)
    say()
    _say_total(one)


def _say_total(one: GroupForecast) -> None:
    place = [one.levels.index(q) for q in (0.1, 0.9)]
    sums = (
        ("net profit", one.mean.sum(), one.total_quantiles[-1, place]),
        ("payout", one.expected_payout, one.payout_quantiles[place]),
    )
    told = "; ".join(
        f"{what} {amount(expected)} expected, {amount(low)} to {amount(high)} (80 %)"
        for what, expected, (low, high) in sums
    )
    who = f"{one.group or 'The firm'}, {one.accounts:,} accounts, {one.horizon} days, {one.currency}"
    say(f"{who}: {told}; {amount(one.expected_breaches, 1)} accounts expected to break a rule.")


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
    if one.status != "active":
        say(f"The account is {one.status}: this is what it would do if it went on.")
    chances = {name: p for name, p in one.risks.items() if p is not None and name != "expected_payout"}
    if chances:
        told = "; ".join(f"{name.replace('_', ' ')} {percent(p, 1)}" for name, p in chances.items())
        say(f"Within the horizon: {told}.")
    if one.risks["expected_payout"] is not None:
        say(f"Expected payout: {amount(one.risks['expected_payout'], one.digits)} {one.currency}.")
    say(_skill_sentence(one))
    say(_origin_sentence(one), style="dim")


def _origin_sentence(one: AccountForecast) -> str:
    if one.made_at is None:
        return "Made just now of this account alone, and not stored."
    return f"Made among all accounts and stored at {when(one.made_at)}."


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
