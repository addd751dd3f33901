"""``timeseries jobs history``: the ledger of runs."""

from collections.abc import Iterable

import click

from jobs.commands._common import known_job, plain_run
from jobs.commands._words import coloured, span, window_of
from jobs.engine import Run
from jobs.engine import history as runs_of
from timeseries.commands import Session, pass_session, print_json
from timeseries.terminal import render_table, say, when

__all__ = ["FAILED", "history", "show_runs"]

FAILED = ("failed", "given_up", "lost")
COLUMNS = ("run", "job", "window", "attempt", "state", "started", "took", "rows", "error")


@click.command()
@click.argument("name", required=False)
@click.option("--top", default=20, show_default=True, type=click.IntRange(1), help="How many runs.")
@click.option("--failed", is_flag=True, help="Only runs that failed, or whose process died.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def history(session: Session, name: str | None, top: int, failed: bool, as_json: bool) -> None:
    """Show the ledger of runs, the newest first, of job NAME or of all."""
    if name is not None:
        known_job(name)
    with session.database() as database:
        runs = runs_of(database, name, states=FAILED if failed else None, limit=top)
    if as_json:
        print_json([plain_run(run) for run in runs])
    elif not runs:
        say("No run failed." if failed else "Nothing has run yet: `timeseries jobs start` keeps it going.")
    else:
        show_runs(runs)


def show_runs(runs: Iterable[Run]) -> None:
    """Print entries of the ledger as a table."""
    rows = [
        (
            str(run.run_id),
            run.job,
            window_of(run.window),
            f"{run.attempt}{', by hand' if run.by_hand else ''}",
            coloured(run.state),
            when(run.started_at),
            span(run.seconds),
            "–" if run.rows is None else f"{run.rows:,}",
            run.error or "",
        )
        for run in runs
    ]
    left = ("job", "window", "attempt", "state", "started", "error")
    render_table(COLUMNS, rows, left=left, wrap=("attempt", "error"))
