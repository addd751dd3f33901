"""What is wrong with the jobs, and why: late, failing, given up, or their process lost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from jobs.engine.ledger import GivenUp
from jobs.engine.looking import Look
from jobs.engine.planning import Standing
from timeseries.alerts import Trouble
from timeseries.config import Settings
from timeseries.database import Policy

__all__ = ["Diagnosis", "diagnose", "troubles_of_jobs"]

MANY_FAILURES = 3
MOST_DAYS = 3
WAITING_FOR_DATA = "waiting for data"


@dataclass(frozen=True)
class Diagnosis:
    """How a job is.

    Attributes:
        ill: whether somebody has to look after it; a single failure that is tried again is not an illness.
        what: ``late``, ``waiting for data``, ``failing``, ``given up`` or ``dying`` for the ill, else the
            standing's state.
        why: in words.
    """

    job: str
    ill: bool
    what: str
    why: str


def diagnose(seen: Look, settings: Settings) -> list[Diagnosis]:
    """How every job is at the moment of a look, in the order data pass through them."""
    late = timedelta(minutes=settings.jobs.late_minutes)
    return [_diagnosis(standing, seen.now, late) for standing in seen.standings]


def troubles_of_jobs(seen: Look, settings: Settings, policies: Iterable[Policy] = ()) -> list[Trouble]:
    """What of it is worth an alert: the ill jobs, days that do not become final, policies that fail.

    A day that all jobs of trading days wait for is one trouble, not as many as there are jobs.
    """
    ill = [one for one in diagnose(seen, settings) if one.ill and one.what != WAITING_FOR_DATA]
    jobs = [
        Trouble(f"job_{one.job}", "critical", f"The job {one.job} is {one.what}", f"{one.why}.")
        for one in ill
    ]
    return [*jobs, *_of_days(seen, settings), *_of_policies(policies, seen.now)]


def _of_days(seen: Look, settings: Settings) -> list[Trouble]:
    """Of the oldest day only; one that was over before anything ever ran does not count: that is history."""
    begun = next((one.began for one in seen.standings if one.began), seen.now)
    latest = seen.now - timedelta(minutes=settings.jobs.late_minutes)
    late = [day for day in seen.days if not day.is_final and begun < day.final_from < latest][:1]
    return [
        Trouble("trading_day", "critical", f"{day.trading_day} does not become final", "; ".join(day.waits))
        for day in late
    ]


def _of_policies(policies: Iterable[Policy], now: datetime) -> list[Trouble]:
    failing = [(one, why) for one in policies if one.last_state and (why := one.trouble(now))]
    return [
        Trouble(
            f"policy_{one.policy_id}",
            "warning",
            f"The database's {one.kind} policy of {one.what} {why}",
            "`timeseries jobs doctor` tells more.",
        )
        for one, why in failing
    ]


def _diagnosis(standing: Standing, now: datetime, late: timedelta) -> Diagnosis:
    """How it is at present, and what it still owes: a day given up is owed until it is done."""
    present = _present(standing, now, late)
    if not standing.given_up:
        return present
    owed = _owed(standing.job.name, standing.given_up)
    if present.ill:
        return replace(present, why=f"{present.why}; {owed}")
    return Diagnosis(standing.job.name, True, "given up", owed)


def _present(standing: Standing, now: datetime, late: timedelta) -> Diagnosis:
    facts, name = standing.facts, standing.job.name
    if facts.failures >= MANY_FAILURES and facts.failed_state != "given_up":
        last = f"the last error: {facts.error}" if facts.error else ""
        why = f"it failed {facts.failures} times since it was last done; {last}"
        return Diagnosis(name, True, "failing", why)
    if facts.lost >= MANY_FAILURES:
        return Diagnosis(name, True, "dying", f"its process ended {facts.lost} times without a word")
    behind = standing.late_by(now)
    if behind <= late:
        return Diagnosis(name, False, standing.state, standing.why)
    what = WAITING_FOR_DATA if standing.state == "waiting" else "late"
    return Diagnosis(name, True, what, _why_late(standing, behind))


def _owed(name: str, days: Sequence[GivenUp]) -> str:
    """Which days were given up, and how to have them done."""
    first, last = days[0], days[-1]
    span = f"--since {first.trading_day} --until {last.trading_day}"
    error = f"; the last error: {last.error}" if last.error else ""
    if len(days) == 1:
        tried = f"{first.trading_day} was given up after {first.attempts} attempts{error}"
        return f"{tried}; `timeseries jobs run {name} {span}` tries again"
    named = ", ".join(str(one.trading_day) for one in days[:MOST_DAYS])
    more = f" and {len(days) - MOST_DAYS} more days" if len(days) > MOST_DAYS else ""
    return f"{named}{more} were given up{error}; `timeseries jobs backfill {name} {span}` tries again"


def _why_late(standing: Standing, behind: timedelta) -> str:
    hours = behind.total_seconds() / 3600
    long = f"{hours:,.1f} hours" if hours < 48 else f"{hours / 24:,.0f} days"
    since = f"{standing.window} has been due for {long}" if standing.window else "it is behind"
    if standing.state == "running":
        doing = standing.facts.running_progress or "no word of how far yet"
        return f"{since}; it has been running on {standing.facts.running_holder}: {doing}"
    reason = standing.why or "no scheduler began it; does `timeseries jobs start` run, with workers to spare?"
    return f"{since}: {reason}"
