"""``timeseries demo``: everything on a synthetic firm."""

import shutil

import click

from jobs.demo import run_demo
from timeseries.commands import Session, pass_session
from timeseries.commands.demo_report import (
    show_alerts,
    show_examples,
    show_loaded,
    show_next_steps,
    show_recall,
    show_sizes,
)
from timeseries.database import embedded
from timeseries.terminal import Bars, say

__all__ = ["demo"]


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
        result = run_demo(
            database, apart.settings, home / "files", accounts=accounts, days=days, seed=seed, progress=bars
        )
    show_loaded(result.loads, result.firm)
    show_sizes(result.sizes)
    show_alerts(result.detection, result.alerts)
    show_recall(result.firm, result.detection, result.alerts)
    show_examples(result.examples)
    show_next_steps(home, result.examples, result.seconds)
