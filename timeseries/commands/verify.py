"""``timeseries db verify``: the trust meter."""

from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal

import click

from timeseries import verify as library
from timeseries.commands._session import Session, pass_session, print_json
from timeseries.terminal import Bars, amount, render_table, say, when

__all__ = ["show_states", "state_as_json", "verify"]

SHOWN = 20
SINGLE = ("trades_1d", "equity_1d", "daily_metrics")


@click.command()
@click.option("--full", is_flag=True, help="Compare everything, not a sample.")
@click.option(
    "--sample",
    default=library.DEFAULT_SAMPLE,
    show_default=True,
    type=click.IntRange(0),
    help="How many parts are drawn besides the newest day; a part is 30 days of some accounts.",
)
@click.option("--heal", is_flag=True, help="Compute again what differs, and mark what was built upon it.")
@click.option("--seed", type=int, help="Draw the sample of an earlier run again.")
@click.option("--history", is_flag=True, help="List past runs instead.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def verify(
    session: Session, full: bool, sample: int, heal: bool, seed: int | None, history: bool, as_json: bool
) -> None:
    """Compare aggregates and daily metrics with raw data.

    What is known to be out of date is not compared, but counted as pending. Exit code 1 when anything
    differed, healed or not. Values are in the units of the tables: money in minor units.
    """
    with session.database() as database:
        if history:
            _show_history(library.past_verifications(database), as_json)
            return
        with Bars() as bars:
            found = library.verify(database, full=full, sample=sample, heal=heal, seed=seed, progress=bars)
    if as_json:
        print_json(_as_json(found))
    else:
        _show(found, heal)
    if found.differing:
        click.get_current_context().exit(1)


def show_states(states: list[library.SubjectState]) -> None:
    """Print how far each aggregate and the daily metrics are behind."""
    rows = [(one.subject, _duration(one.behind), f"{one.pending:,}", _day(one)) for one in states]
    render_table(("what", "behind", "out of date", "raw data since"), rows, left=("what",))


def state_as_json(state: library.SubjectState) -> dict[str, object]:
    """A state for machines; ``behind`` in seconds."""
    return {**asdict(state), "behind": None if state.behind is None else state.behind.total_seconds()}


def _duration(span: timedelta | None) -> str:
    """A stretch of time to the minute; a dash where there is nothing yet."""
    if span is None:
        return "–"
    hours, minutes = divmod(int(span.total_seconds()) // 60, 60)
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _day(state: library.SubjectState) -> str:
    """From when on raw data is kept in full."""
    return f"{state.since:%Y-%m-%d}" if state.since else "the beginning"


def _as_json(found: library.Verification) -> dict[str, object]:
    return {
        "started_at": found.started_at,
        "whole": found.whole,
        "seed": found.seed,
        "differing": found.differing,
        "healed": found.healed,
        "checks": [
            {
                **state_as_json(check.state),
                "compared": check.compared,
                "differing": check.differing,
                "healed": check.healed,
            }
            for check in found.checks
        ],
        "differences": [asdict(one) for one in found.differences],
    }


def _show(found: library.Verification, heal: bool) -> None:
    rows = [
        (
            check.subject,
            f"{check.compared:,}",
            f"{check.differing:,}",
            ("yes" if check.healed else "no") if heal and check.differing else "–",
            _duration(check.state.behind),
            f"{check.state.pending:,}",
            _day(check.state),
        )
        for check in found.checks
    ]
    columns = ("what", "compared", "differing", "healed", "behind", "out of date", "raw data since")
    render_table(columns, rows, left=("what",))
    _show_differences(found.differences)
    say(_verdict(found, heal))


def _verdict(found: library.Verification, heal: bool) -> str:
    scope = "Everything was compared" if found.whole else f"A sample was compared (seed {found.seed})"
    if not found.differing:
        return f"{scope}: all {found.compared:,} buckets and account-days equal the raw data."
    outcome = f"{scope}: {found.differing:,} of {found.compared:,} buckets and account-days differed"
    if found.healed:
        return f"{outcome}. They were computed again, and equal the raw data now."
    if heal:
        return f"{outcome}, and computing them again did not mend all: see `timeseries db verify --full`."
    return f"{outcome}. Mend them with `timeseries db verify --heal{' --full' * found.whole}`."


def _show_differences(differences: tuple[library.Difference, ...]) -> None:
    rows = [
        (
            one.subject,
            one.account or f"number {one.account_id}",
            one.symbol or "–",
            f"{one.bucket:%Y-%m-%d}" if one.subject in SINGLE else when(one.bucket),
            one.column_name,
            _value(one.kept),
            _value(one.recomputed),
        )
        for one in differences[:SHOWN]
    ]
    if rows:
        columns = ("what", "account", "symbol", "bucket or day", "column", "kept", "recomputed")
        render_table(columns, rows, left=columns[:5])
    if len(differences) > SHOWN:
        say(f"… and {len(differences) - SHOWN:,} more: --json lists them.")


def _value(value: Decimal | None) -> str:
    return "–" if value is None else amount(value)


def _show_history(runs: list[library.PastVerification], as_json: bool) -> None:
    if as_json:
        print_json([asdict(run) for run in runs])
        return
    rows = [
        (
            when(run.started_at),
            "everything" if run.whole else "a sample",
            f"{run.compared:,}",
            f"{run.differing:,}",
            ", ".join(run.differing_subjects),
            ("yes" if run.healed else "no") if run.differing else "–",
            f"{run.pending:,}",
        )
        for run in runs
    ]
    columns = ("when", "what", "compared", "differing", "in", "healed", "out of date")
    render_table(columns, rows, left=("when", "what", "in"))
