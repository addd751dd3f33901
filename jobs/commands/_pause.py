"""``timeseries jobs pause`` and ``resume``: what a scheduler is to leave alone."""

import click

from jobs import engine
from jobs.commands._common import known_jobs
from timeseries.commands import Session, by_whom, pass_session
from timeseries.terminal import say

__all__ = ["pause", "resume"]


@click.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--reason", help="Why; shown with the job.")
@by_whom
@pass_session
def pause(session: Session, names: tuple[str, ...], reason: str | None, by: str) -> None:
    """Let no scheduler begin jobs NAMES, or `all`, until they are resumed.

    A run under way goes on, and `timeseries jobs run` still runs them. What they miss is caught up later.
    """
    wanted = known_jobs(names)
    with session.database() as database:
        changed = [name for name in wanted if engine.pause(database, name, by=by, reason=reason)]
    _tell(wanted, changed, "Paused", "Paused before")


@click.command()
@click.argument("names", nargs=-1, required=True)
@pass_session
def resume(session: Session, names: tuple[str, ...]) -> None:
    """Let schedulers run jobs NAMES, or `all`, again."""
    wanted = known_jobs(names)
    with session.database() as database:
        changed = [name for name in wanted if engine.resume(database, name)]
    _tell(wanted, changed, "Resumed", "Not paused, so nothing changed")


def _tell(wanted: list[str], changed: list[str], done: str, before: str) -> None:
    same = [name for name in wanted if name not in changed]
    for said, names in ((done, changed), (before, same)):
        if names:
            say(f"{said}: {', '.join(names)}.")
