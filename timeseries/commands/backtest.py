"""``timeseries backtest``: what the analytics would have said of the past, beside what came."""

from pathlib import Path
from typing import Any

import click

from timeseries import pipeline
from timeseries.commands._anomaly_backtest import plain_anomaly_backtest, show_anomaly_backtest
from timeseries.commands._session import Session, pass_session, print_json
from timeseries.config import load_settings
from timeseries.errors import InputError
from timeseries.forecast import MODELS
from timeseries.metrics import refresh_metrics
from timeseries.terminal import (
    Bars,
    forecast_tables,
    forecast_verdict,
    reliability_table,
    render_table,
    save_forecast_backtest,
    say,
)

__all__ = ["backtest"]


@click.group()
def backtest() -> None:
    """Prove the analytics on the firm's own past."""


@backtest.command()
@click.option(
    "--horizon", default=14, show_default=True, type=click.IntRange(1, 60), help="Trading days ahead."
)
@click.option(
    "--origins",
    default=8,
    show_default=True,
    type=click.IntRange(1, 100),
    help="Days to forecast from, a horizon apart; fewer where the history is short.",
)
@click.option(
    "--models",
    default="auto,naive",
    show_default=True,
    help="Names with commas between; naive is always there.",
)
@click.option("--accounts", type=click.IntRange(1), help="Only so many accounts, drawn at random.")
@click.option(
    "--by",
    type=click.Choice(["model", "cohort"]),
    default="model",
    show_default=True,
    help="What to tell apart.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write it with plots into this HTML file.",
)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def forecast(
    session: Session,
    horizon: int,
    origins: int,
    models: str,
    accounts: int | None,
    by: Any,
    report: Path | None,
    as_json: bool,
) -> None:
    """Forecast from past days, knowing only the days before them, and score what came.

    CRPS (how far a whole forecast was from what came) and the tails' pinball loss are shares of naive's:
    below 1 is better, and a difference of less than two standard errors (±) is noise. Of days and totals
    80 and 95 % should lie within their intervals. A chance's Brier skill is against the cohort's base
    rate as it was known then; its gap is the distance of what was predicted from what came, in points.
    """
    names = checked_models(models)
    with session.database() as database, Bars() as bars:
        refresh_metrics(database, progress=bars)
        found = pipeline.backtest_forecast(
            database, horizon=horizon, origins=origins, models=names, accounts=accounts, progress=bars
        )
    if report is not None:
        save_forecast_backtest(report, found)
    if as_json:
        print_json(found.as_dict())
        return
    _show(found, by)
    if report is not None:
        say(f"Written to {report}.")


@backtest.command()
@click.option(
    "--labels",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="CSV file with account, kind, first_day, last_day; by default the alerts labelled true.",
)
@click.option(
    "--days", default=60, show_default=True, type=click.IntRange(1, 500), help="How many weekdays to replay."
)
@click.option(
    "--against",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Settings file to compare those in force with, before it is activated.",
)
@click.option(
    "--top",
    default=15,
    show_default=True,
    type=click.IntRange(1),
    help="How many new and gone alarms to show.",
)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def anomaly(
    session: Session, labels: Path | None, days: int, against: Path | None, top: int, as_json: bool
) -> None:
    """Replay past days and compare the alarms with what is known to have happened.

    Each day is judged by the days before it alone. An event is found by an alarm from its first day to three
    days after its end; alarms on no event are false, counted per account and month of 21 weekdays; the delay
    is the median number of weekdays. VUS-PR is the volume under the precision-recall surface, of 1 at best.
    """
    proposed = load_settings(against) if against else None
    with session.database() as database, Bars() as bars:
        events = pipeline.read_events(labels) if labels else pipeline.confirmed_events(database)
        refresh_metrics(database, progress=bars)
        found = pipeline.backtest_anomaly(
            database, session.settings, events, days=days, proposed=proposed, progress=bars
        )
    if as_json:
        print_json(plain_anomaly_backtest(found))
    else:
        show_anomaly_backtest(found, top)


def checked_models(text: str) -> list[str]:
    """The models named.

    Raises:
        InputError: one of them does not exist.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name != "auto" and name not in MODELS]
    if unknown or not names:
        raise InputError(f"There is no model {', '.join(unknown)!r}: choose from auto, {', '.join(MODELS)}.")
    return names


def _show(found: pipeline.ForecastBacktest, by: Any) -> None:
    first, last = found.origins[0], found.origins[-1]
    say(
        f"{found.accounts:,} accounts, forecast {found.proof.horizon} weekdays ahead from "
        f"{len(found.origins)} days, {first} to {last}.\n"
    )
    tables = forecast_tables(found, by)
    reliability = reliability_table(found, ["any_breach"])
    if by == "model" and reliability.rows:
        tables.append(reliability)
    for table in tables:
        render_table(table.columns, table.rows, title=table.title, left=table.left)
    say(forecast_verdict(found))
