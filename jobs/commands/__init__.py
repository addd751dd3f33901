"""``timeseries jobs`` and ``timeseries demo``: the verbs that need the jobs, one module a verb."""

import click

from jobs.commands._demo import demo
from jobs.commands._doctor import doctor
from jobs.commands._history import history
from jobs.commands._list import list_jobs
from jobs.commands._pause import pause, resume
from jobs.commands._run import backfill, run
from jobs.commands._show import show
from jobs.commands._start import start

__all__ = ["demo", "jobs"]


@click.group()
def jobs() -> None:
    """The scheduled work: see how it stands, run some of it now, or keep it running."""


for _verb in (list_jobs, show, history, run, backfill, pause, resume, start, doctor):
    jobs.add_command(_verb)
