"""The verbs that need the jobs: ``timeseries jobs``, ``serve`` and ``demo``, one module a verb."""

import click

from timeseries.commands import Verb, Verbs

__all__ = ["jobs"]

HERE = "jobs.commands"
VERBS = {
    "list": Verb(f"{HERE}._list", "list_jobs", "List the jobs and the database's own policies."),
    "show": Verb(f"{HERE}._show", "show", "Show a job: what it does, when, why not yet, its last runs."),
    "history": Verb(f"{HERE}._history", "history", "Show the ledger of runs, the newest first."),
    "run": Verb(f"{HERE}._run", "run", "Run jobs now, in the order given."),
    "backfill": Verb(f"{HERE}._run", "backfill", "Run a job for the trading days it has not done yet."),
    "pause": Verb(f"{HERE}._pause", "pause", "Let no scheduler begin some jobs, until they are resumed."),
    "resume": Verb(f"{HERE}._pause", "resume", "Let schedulers run them again."),
    "start": Verb(f"{HERE}._start", "start", "Run the jobs on their schedules, or once what is due."),
    "doctor": Verb(f"{HERE}._doctor", "doctor", "Say what is late, failing or waiting, and why."),
}


@click.group(cls=Verbs, verbs=VERBS)
def jobs() -> None:
    """The scheduled work: see how it stands, run some of it now, or keep it running."""
