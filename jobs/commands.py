"""``timeseries jobs`` and ``timeseries demo``: the verbs that need the jobs."""

import logging
import shutil

import click

import jobs as schedule
from timeseries.alerts import check_sinks
from timeseries.commands import Session, pass_session, print_json
from timeseries.commands.demo_report import (
    show_alerts,
    show_examples,
    show_loaded,
    show_next_steps,
    show_recall,
    show_sizes,
)
from timeseries.database import embedded
from timeseries.errors import NotFound
from timeseries.terminal import Bars, render_table, say, when

__all__ = ["demo", "jobs"]


@click.group()
def jobs() -> None:
    """The scheduled work: list it, run one now, or keep it running."""


@jobs.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def list_jobs(session: Session, as_json: bool) -> None:
    """List the jobs, when they run, and how their last run ended."""
    schedule.check_schedules(schedule.JOBS, session.settings)
    with session.database() as database:
        last = schedule.last_runs(database)
    if as_json:
        print_json([{"job": name, **vars(run)} for name, run in last.items()])
        return
    rows = []
    for job in schedule.JOBS.values():
        run = last.get(job.name)
        outcome = (run.state, when(run.started_at), str(run.rows or 0)) if run else ("never", "–", "–")
        rows.append((job.name, schedule.schedule_of(job, session.settings), *outcome, job.summary))
    columns = ("job", "schedule (UTC)", "last run", "started", "rows", "what")
    render_table(columns, rows, left=("job", "schedule (UTC)", "last run", "started", "what"), wrap=("what",))


@jobs.command()
@click.argument("name", required=False)
@click.option("--top", default=20, show_default=True, help="How many runs.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def history(session: Session, name: str | None, top: int, as_json: bool) -> None:
    """Show the ledger of runs, the newest first, of job NAME or of all."""
    with session.database() as database:
        runs = schedule.history(database, name, limit=top)
    if as_json:
        print_json([vars(run) for run in runs])
        return
    rows = [
        (str(r.run_id), r.job, r.state, when(r.started_at), str(r.rows or 0), r.error or "") for r in runs
    ]
    columns = ("run", "job", "state", "started", "rows", "error")
    render_table(columns, rows, left=("job", "state", "started", "error"), wrap=("error",))


@jobs.command()
@click.argument("names", nargs=-1, required=True)
@pass_session
def run(session: Session, names: tuple[str, ...]) -> None:
    """Run the jobs NAMES now, in the order given; `all` is a full cycle."""
    chosen = list(schedule.JOBS) if names == ("all",) else list(names)
    for name in chosen:
        if name not in schedule.JOBS:
            raise NotFound(f"There is no job {name!r}; known: {', '.join(schedule.JOBS)}.")
    check_sinks(session.settings.alerts)
    with session.database() as database:
        for name in chosen:
            with Bars() as bars:
                rows = schedule.run_job(database, session.settings, schedule.JOBS[name], progress=bars)
            say(f"{name}: done, {rows:,} rows.")


@jobs.command()
@pass_session
def start(session: Session) -> None:
    """Run the jobs on their schedules until SIGTERM or Ctrl-C."""
    logging.getLogger("timeseries").setLevel(logging.INFO)
    check_sinks(session.settings.alerts)
    with session.database() as database:
        schedule.serve(database, session.settings, schedule.JOBS)


@click.command()
@click.option(
    "--accounts", default=2000, show_default=True, type=click.IntRange(1), help="Accounts of the firm."
)
@click.option(
    "--days", default=180, show_default=True, type=click.IntRange(1), help="Trading days of history."
)
@click.option("--seed", default=7, show_default=True, help="Another seed, another firm.")
@pass_session
def demo(session: Session, accounts: int, days: int, seed: int) -> None:
    """Try everything on a synthetic firm, in a database of its own.

    The firm's files go through the same ingest, jobs and reads as yours would. An earlier
    demonstration is replaced; your own data is not touched.
    """
    home = session.settings.data_dir / "demo"
    embedded.stop(home)
    shutil.rmtree(home, ignore_errors=True)
    apart = session.apart(home)
    say(f"Making a synthetic firm: {accounts:,} accounts over {days} trading days …")
    with apart.database() as database, Bars() as bars:
        result = schedule.run_demo(
            database, apart.settings, home / "files", accounts=accounts, days=days, seed=seed, progress=bars
        )
    show_loaded(result.loads, result.firm)
    show_sizes(result.sizes)
    show_alerts(result.detection, result.alerts)
    show_recall(result.firm, result.detection, result.alerts)
    show_examples(result.examples)
    show_next_steps(home, result.examples, result.seconds)
