"""``timeseries jobs start``: the scheduler in the foreground, or once."""

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import groupby
from types import FrameType

import click

from jobs.commands._common import check_schedules
from jobs.commands._history import FAILED
from jobs.commands._words import span, why_by_job
from jobs.engine import Look, Run, Scheduler, history, log_to_stderr, this_process
from jobs.registry import JOBS
from jobs.web import host_and_port, serve_in_background
from timeseries.alerts import check_sinks
from timeseries.commands import Session, pass_session
from timeseries.database import Database, open_database
from timeseries.errors import JobError, TimeseriesError
from timeseries.terminal import say

__all__ = ["start"]

logger = logging.getLogger("timeseries.jobs")
STOPPING = (signal.SIGTERM, signal.SIGINT)
MOST_RUNS = 10_000


@click.command()
@click.option("--once", is_flag=True, help="Run what is due, say what waits, and leave.")
@click.option("--workers", type=click.IntRange(1, 64), help="Runs at a time, in place of the settings'.")
@click.option("--listen", metavar="HOST:PORT", help="Serve /metrics and /health there; not with --once.")
@click.option("--json-logs", is_flag=True, help="Log one JSON object a line.")
@pass_session
def start(session: Session, once: bool, workers: int | None, listen: str | None, json_logs: bool) -> None:
    """Run the jobs on their schedules until SIGTERM or Ctrl-C; any number of schedulers share the work.

    Told to stop, it lets the runs under way finish; told again, it stops these too, and others may take them
    over at once. With --once the exit code is 7 when a run failed.
    """
    log_to_stderr(
        as_json=json_logs, level=min(logging.INFO, logging.getLogger("timeseries").getEffectiveLevel())
    )
    with _errors_logged() if json_logs else nullcontext():
        settings = session.settings
        if workers is not None:
            settings = replace(settings, jobs=replace(settings.jobs, workers=workers))
        check_schedules(settings)
        check_sinks(settings.alerts)
        address = listen or settings.jobs.listen
        if address:
            host_and_port(address)
        with session.database() as database:
            scheduler = Scheduler(
                database, settings, JOBS, reopen=lambda: open_database(settings), json_logs=json_logs
            )
            with _stopped_by_signals(scheduler):
                if once:
                    _run_once(database, scheduler, tell=_log if json_logs else _show)
                else:
                    _serve(scheduler, address)


@contextmanager
def _errors_logged() -> Iterator[None]:
    """Let the error that ends the verb be a line like the others: containers mix the streams."""
    try:
        yield
    except TimeseriesError as error:
        logger.error("%s", error)
        click.get_current_context().exit(error.exit_code)


def _serve(scheduler: Scheduler, address: str | None) -> None:
    settings = scheduler.settings
    listener = serve_in_background(scheduler, address) if address else None
    logger.info("scheduler started: %d jobs, %d at a time", len(JOBS), settings.jobs.workers)
    scheduler.serve()
    logger.info("scheduler stopped")
    if listener is not None:
        listener.close()


@contextmanager
def _stopped_by_signals(scheduler: Scheduler) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        scheduler.stop()

    for number in STOPPING:
        signal.signal(number, stop)
    try:
        yield
    finally:
        # One too many, while the process is on its way out, must not end it with another exit code.
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)


def _run_once(database: Database, scheduler: Scheduler, *, tell: Callable[[list[Run], Look], None]) -> None:
    newest = history(database, limit=1)
    seen = scheduler.run_due()
    ours, after = this_process(), newest[0].run_id if newest else 0
    # The database may have been opened anew.
    runs = [
        run
        for run in history(scheduler.database, limit=MOST_RUNS)
        if run.run_id > after and run.holder == ours
    ]
    tell(runs, seen)
    failed = [run for run in runs if run.state in FAILED]
    if failed:
        raise JobError(
            f"{len(failed)} of {len(runs)} runs failed; `timeseries jobs history --failed` has their errors."
        )


def _show(runs: list[Run], seen: Look) -> None:
    """A line for each job that ran, and for each that waits."""
    for name, group in _by_job(runs):
        say(_outcome(name, group))
    if not runs:
        say("Nothing was due.")
    for reason in why_by_job(seen.standings):
        say(reason)


def _log(runs: list[Run], seen: Look) -> None:
    """The same to the log."""
    for name, group in _by_job(runs):
        failed = sum(run.state in FAILED for run in group)
        rows = sum(run.rows or 0 for run in group)
        extra = {"job": name, "runs": len(group), "failed": failed, "rows": rows}
        logger.info("%s", _outcome(name, group), extra=extra)
    if not runs:
        logger.info("nothing was due")
    for one in seen.standings:
        for reason in why_by_job([one]):
            logger.info("%s", reason, extra={"job": one.job.name, "state": one.state})


def _by_job(runs: list[Run]) -> list[tuple[str, list[Run]]]:
    """Runs of each job, in the order data pass through them."""
    in_order = sorted(runs, key=lambda run: (list(JOBS).index(run.job), run.run_id))
    return [(name, list(group)) for name, group in groupby(in_order, key=lambda run: run.job)]


def _outcome(name: str, runs: list[Run]) -> str:
    done = [run for run in runs if run.state == "done"]
    rows, seconds = sum(run.rows or 0 for run in done), sum(run.seconds or 0.0 for run in runs)
    windows = f"{len(done)} windows done" if len(done) > 1 else "done" if done else "nothing done"
    failed = [run for run in runs if run.state in FAILED]
    error = f"; {len(failed)} failed: {failed[-1].error}" if failed else ""
    return f"{name}: {windows}, {rows:,} rows in {span(seconds)}{error}"
