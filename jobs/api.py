"""``/api/v1/jobs``: where the jobs stand, what ran, and what is wrong."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from jobs.engine import Look, Run, Standing, Window, diagnose, jobs_of, last_runs, look, schedules_of
from jobs.registry import JOBS
from timeseries.config import Settings
from timeseries.database import Database, Policy, policies, run
from timeseries.errors import NotFound
from timeseries.web import Cursor, EngineSettings, Limit, Model, WholeDatabase, place_of, remembered, written

__all__ = ["jobs_router"]

jobs_router = APIRouter(prefix="/jobs", tags=["jobs"])
NEWEST_RUN = 2**63 - 1


class WindowItem(Model):
    """What a run answers for: from ``start`` to ``end``, UTC, or a trading day."""

    start: datetime
    end: datetime
    trading_day: date | None


class RunItem(Model):
    """One entry of the ledger of runs; times are UTC."""

    run_id: int
    job: str
    window_start: datetime
    window_end: datetime
    trading_day: date | None
    attempt: int
    by_hand: bool
    state: str = Field(description="`running`, `done`, `failed`, `given_up` or `lost`.")
    holder: str = Field(description="Machine and process.")
    started_at: datetime
    finished_at: datetime | None
    progress: str | None
    rows: int | None = Field(description="Rows touched.")
    error: str | None
    seconds: float | None = Field(description="How long it took; null while it runs.")


class JobItem(Model):
    """Where a job stands."""

    job: str
    summary: str
    schedule: str
    state: str = Field(description="`due`, `running`, `retrying`, `waiting`, `paused` or `idle`.")
    progress: str | None
    window: WindowItem | None = Field(description="What is due, worked off or waited for; null when idle.")
    due_since: datetime | None
    behind: int = Field(description="Windows that are due or run.")
    next_at: datetime | None = Field(description="When the next is due; null where that depends on data.")
    why: str = Field(description="What is waited for.")
    last_run: RunItem | None


class PolicyItem(Model):
    """A policy of the database itself; times are UTC."""

    policy_id: int
    kind: str
    what: str
    every: float = Field(description="Seconds.")
    last_started: datetime | None
    last_finished: datetime | None
    last_state: str | None
    failures: int
    next_due: datetime
    scheduled: bool
    error: str | None


class Jobs(Model):
    """All jobs, in the order data pass through them, and the database's own policies."""

    now: datetime = Field(description="The moment of this look, UTC.")
    items: list[JobItem]
    policies: list[PolicyItem]
    next: str | None = None


class Runs(Model):
    """A page of runs, newest first."""

    items: list[RunItem]
    next: str | None


class DiagnosisItem(Model):
    """How a job is."""

    job: str
    ill: bool = Field(description="Whether somebody has to look after it.")
    what: str
    why: str


class Examination(Model):
    """What is late or fails, and why."""

    fine: bool
    jobs: list[DiagnosisItem]
    policies: list[str] = Field(description="What is wrong with the database's own policies.")
    days: dict[str, list[str]] = Field(description="Trading days that are not final: what each waits for.")


JobName = Annotated[str | None, Query(max_length=100, description="Only runs of this job.")]


@jobs_router.get("", response_model=Jobs, summary="Where the jobs stand")
@remembered(2)
def list_jobs(database: WholeDatabase, settings: EngineSettings) -> dict[str, Any]:
    """The jobs and the database's own policies: when they run, and where they stand."""
    seen, runs = _look(database, settings), last_runs(database)
    return {
        "now": seen.now,
        "items": [_job(one, runs.get(one.job.name)) for one in seen.standings],
        "policies": [_policy(one) for one in policies(database, now=seen.now)],
    }


@jobs_router.get("/history", response_model=Runs, summary="The ledger of runs")
def history(
    database: WholeDatabase, job: JobName = None, limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    """Runs, newest first, of one job or of all."""
    if job not in (None, *JOBS):
        raise NotFound(f"There is no job {job!r}; known: {', '.join(JOBS)}.")
    place = place_of(cursor, int)
    before = NEWEST_RUN if place is None else place[0]
    with database.transaction() as connection:
        values = {"job": job, "before": before, "limit": limit + 1}
        rows = [Run(**row) for row in run(connection, "web.job_runs", values).mappings()]
    page, more = rows[:limit], len(rows) > limit
    return {"items": page, "next": written((page[-1].run_id,)) if more else None}


@jobs_router.get("/doctor", response_model=Examination, summary="What is wrong with the jobs")
@remembered(2)
def doctor(database: WholeDatabase, settings: EngineSettings) -> dict[str, Any]:
    """What is late, failing or waiting, and why."""
    seen = _look(database, settings)
    found = diagnose(seen, settings)
    own = policies(database, now=seen.now)
    troubles = [(one, one.trouble(seen.now)) for one in own]
    said = [f"The {one.kind} policy of {one.what} {trouble}." for one, trouble in troubles if trouble]
    return {
        "fine": not said and not any(one.ill for one in found),
        "jobs": found,
        "policies": said,
        "days": {str(day.trading_day): list(day.waits) for day in seen.days if not day.is_final},
    }


def _look(database: Database, settings: Settings) -> Look:
    return look(database, settings, jobs_of(JOBS, settings), schedules_of(JOBS, settings))


def _job(standing: Standing, last: Run | None) -> dict[str, Any]:
    return {
        **vars(standing),
        "job": standing.job.name,
        "summary": standing.job.summary,
        "schedule": str(standing.schedule),
        "progress": standing.facts.running_progress,
        "window": _window(standing.window),
        "last_run": last,
    }


def _window(window: Window | None) -> dict[str, Any] | None:
    return None if window is None else {"start": window.start, "end": window.end, "trading_day": window.day}


def _policy(policy: Policy) -> dict[str, Any]:
    return {**vars(policy), "every": policy.every.total_seconds()}
