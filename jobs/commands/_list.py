"""``timeseries jobs list``: where every job stands, and the database's own policies beside them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
from rich.text import Text

from jobs.commands._common import check_schedules, look_now, plain_run, plain_window
from jobs.commands._words import ago, coloured, last_run, outstanding, span, span_of, why_by_job
from jobs.engine import Look, Run, Standing, last_runs
from timeseries.commands import Session, pass_session, print_json
from timeseries.database import Policy, policies
from timeseries.terminal import render_table, say

__all__ = ["list_jobs"]

COLUMNS = ("job", "schedule", "state", "to do", "last run", "next")


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def list_jobs(session: Session, as_json: bool) -> None:
    """List the jobs and the database's own policies: when they run, and where they stand."""
    check_schedules(session.settings)
    with session.database() as database:
        seen, runs = look_now(database, session.settings), last_runs(database)
        own = policies(database, now=seen.now)
        embedded = database.embedded
    if as_json:
        print_json(
            {
                "now": seen.now,
                "jobs": [_plain(one, runs) for one in seen.standings],
                "policies": [{**vars(one), "every": one.every.total_seconds()} for one in own],
            }
        )
        return
    _show_jobs(seen, runs)
    who = "the job policies runs them" if embedded else "its background workers run them"
    rows = [_policy_row(one, seen.now) for one in own]
    render_table(
        COLUMNS, rows, title=f"TimescaleDB's own policies ({who})", left=COLUMNS, wrap=("job", "last run")
    )


def _show_jobs(seen: Look, runs: dict[str, Run]) -> None:
    rows = [_row(one, runs.get(one.job.name), seen.now) for one in seen.standings]
    render_table(COLUMNS, rows, left=COLUMNS, wrap=("schedule", "state"))
    reasons = why_by_job(seen.standings)
    for reason in reasons:
        say(reason)
    if reasons:
        say()


def _row(standing: Standing, run: Run | None, now: datetime) -> Sequence[str | Text]:
    doing = standing.facts.running_progress if standing.state == "running" else None
    state = f"{standing.state}: {doing}" if doing else standing.state
    return (
        standing.job.name,
        str(standing.schedule),
        coloured(standing.state, state),
        outstanding(standing, now),
        last_run(run, now),
        ago(standing.next_at, now) if standing.next_at and standing.next_at > now else "–",
    )


def _policy_row(policy: Policy, now: datetime) -> Sequence[str | Text]:
    state = "switched off" if not policy.scheduled else "due" if policy.is_due(now) else "idle"
    state = "running" if policy.last_state == "running" else state
    return (
        f"{policy.kind} of {policy.what}",
        f"every {span_of(policy.every)}",
        coloured(state),
        "–",
        _policy_run(policy, now),
        {"idle": ago(policy.next_due, now), "due": "now"}.get(state, "–"),
    )


def _policy_run(policy: Policy, now: datetime) -> Text:
    if policy.last_started is None or policy.last_state is None:
        return Text("never")
    said = Text.assemble(coloured(policy.last_state), f" {ago(policy.last_started, now)}")
    if policy.error:
        return Text.assemble(said, f": {policy.error}")
    if policy.last_finished is None:
        return said
    seconds = (policy.last_finished - policy.last_started).total_seconds()
    return Text.assemble(said, f" in {span(seconds)}")


def _plain(standing: Standing, runs: dict[str, Run]) -> dict[str, Any]:
    return {
        "job": standing.job.name,
        "summary": standing.job.summary,
        "schedule": str(standing.schedule),
        "state": standing.state,
        "progress": standing.facts.running_progress,
        "window": plain_window(standing.window),
        "due_since": standing.due_since,
        "behind": standing.behind,
        "next_at": standing.next_at,
        "why": standing.why,
        "last_run": plain_run(runs.get(standing.job.name)),
    }
