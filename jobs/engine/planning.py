"""What is due, what is not, and why: the ledger's facts, the calendars and the time, put together.

Nothing here touches a database or a clock, so what a scheduler would do at any moment can be asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from jobs.engine.contract import Job, Window
from jobs.engine.ledger import Facts, GivenUp
from jobs.engine.schedule import Cron, Every, Schedule, TradingDays
from timeseries.metrics import DayState

__all__ = ["Calendar", "Plan", "Standing", "overtaken", "stand"]

LONGEST_RETRY_FACTOR = 64


@dataclass(frozen=True)
class Calendar:
    """What is known of trading days.

    Attributes:
        states: of the weekdays that may be due, in order.
        settled: when a job was done with a day, or gave it up, by job and day; UTC.
        given_up: the days of these that were given up and not done since.
    """

    states: Sequence[DayState] = ()
    settled: Mapping[tuple[str, date], datetime] = field(default_factory=dict)
    given_up: Sequence[GivenUp] = ()


@dataclass(frozen=True)
class Plan:
    """What all standings are made of.

    Attributes:
        jobs: all that there are, in the order data pass through them.
        schedules: of each, by name.
        facts: from the ledger, likewise.
        now: the time that decides what is due, UTC.
        retry: pause before a failed window is tried again; doubled each time.
    """

    jobs: Mapping[str, Job]
    schedules: Mapping[str, Schedule]
    facts: Mapping[str, Facts]
    calendar: Calendar
    now: datetime
    retry: timedelta

    @property
    def began(self) -> datetime | None:
        """When the first run of any job began, UTC."""
        known = [one.first_started_at for one in self.facts.values()]
        return min((moment for moment in known if moment is not None), default=None)


@dataclass(frozen=True)
class Standing:
    """Where a job stands.

    Attributes:
        state: ``due``, ``running``, ``retrying`` (it failed and will be tried again), ``waiting`` (it would
            be due but for what ``why`` says), ``paused``, or ``idle``.
        window: what is due, is being worked off or is waited for; None when idle.
        due_since: when that should have begun, UTC; None when idle.
        behind: windows that are due or run, those that will become one counted one by one.
        next_at: when the next window will be due, UTC; None where that depends on data.
        why: what is waited for, in words.
        waits_for_job: whether that is another job, which then is the one to look after.
        began: when the first run of any job began, UTC; None: there was none.
        given_up: days that it tried in vain and that nobody has done since, the oldest first.
    """

    job: Job
    schedule: Schedule
    facts: Facts
    state: str
    window: Window | None = None
    due_since: datetime | None = None
    behind: int = 0
    next_at: datetime | None = None
    why: str = ""
    waits_for_job: bool = False
    began: datetime | None = None
    given_up: tuple[GivenUp, ...] = ()

    def late_by(self, now: datetime) -> timedelta:
        """How long its oldest window has been due without any run of the job having ended meanwhile.

        It counts from the first run of any job: before that nobody had begun to look. What nobody has to look
        after is not late: a paused job, one that waits for another, and a day that was over before anything
        ever ran and whose data fail to come.
        """
        if self.due_since is None or self.began is None or self.state in ("idle", "paused"):
            return timedelta()
        if self.waits_for_job or (self.state == "waiting" and self.due_since < self.began):
            return timedelta()
        ended = self.facts.done_finished_at or self.began
        return max(now - max(self.due_since, self.began, ended), timedelta())


@dataclass(frozen=True)
class _Due:
    """A job's oldest window that is not done."""

    window: Window
    since: datetime
    behind: int
    next_at: datetime | None
    why: str = ""


def stand(plan: Plan) -> list[Standing]:
    """Where every job stands, in the order of the plan's jobs."""
    return [_standing(plan, job) for job in plan.jobs.values()]


def overtaken(standings: Sequence[Standing], now: datetime) -> list[Standing]:
    """Idle jobs that began before a job they follow had ended, each with the window of another run."""
    ended = {one.job.name: one.facts.done_finished_at for one in standings}
    found = []
    for one in standings:
        begun, until = one.facts.done_started_at, one.facts.done_until
        if one.state != "idle" or begun is None or until is None:
            continue
        if any(end is not None and end > begun for end in map(ended.get, one.job.follows)):
            window = Window(until, max(now, until + timedelta(microseconds=1)))
            found.append(replace(one, state="due", window=window))
    return found


def _standing(plan: Plan, job: Job) -> Standing:
    schedule, facts = plan.schedules[job.name], plan.facts[job.name]
    due = _due(plan, job, schedule, facts)
    next_at = due.next_at if due else None
    given_up = _given_up(plan.calendar, job)
    idle = Standing(job, schedule, facts, "idle", next_at=next_at, began=plan.began, given_up=given_up)
    if facts.running is not None:
        behind = due.behind if due else 1
        return replace(
            idle, state="running", window=facts.running, due_since=facts.running_since, behind=behind
        )
    if facts.paused_at is not None:
        idle = replace(idle, state="paused", why=_why_paused(facts))
    if due is None or not (due.behind or due.why):
        return idle
    waiting = replace(idle, window=due.window, due_since=due.since, behind=due.behind)
    if facts.paused_at is not None:
        return waiting
    if due.why:
        return replace(waiting, state="waiting", why=due.why, waits_for_job=due.behind > 0)
    pause = _retry_pause(plan, facts, due)
    if pause > 0:
        why = f"failed: {facts.error}; it is tried again in {pause:.0f} s"
        return replace(waiting, state="retrying", why=why)
    return replace(waiting, state="due")


def _due(plan: Plan, job: Job, schedule: Schedule, facts: Facts) -> "_Due | None":
    if isinstance(schedule, TradingDays):
        return _day_due(plan, job, schedule, facts)
    return _clock_due(plan, job, schedule, facts)


def _why_paused(facts: Facts) -> str:
    if facts.paused_at is None:
        return ""
    reason = f" ({facts.reason})" if facts.reason else ""
    return f"paused by {facts.paused_by} since {facts.paused_at:%Y-%m-%d %H:%M} UTC{reason}"


def _retry_pause(plan: Plan, facts: Facts, due: _Due) -> float:
    """Seconds until the window may be tried again; at once if its process died."""
    if not facts.window_failures or facts.failed_start != due.window.start or facts.failed_state == "lost":
        return 0.0
    pause = plan.retry.total_seconds() * min(2.0 ** (facts.window_failures - 1), LONGEST_RETRY_FACTOR)
    return pause - (facts.seconds_since_failure or 0.0)


def _clock_due(plan: Plan, job: Job, schedule: Every | Cron, facts: Facts) -> _Due:
    """Everything since the last window that was done, up to the newest moment of the schedule."""
    newest = schedule.last(plan.now)
    next_at = schedule.next(plan.now)
    # A first window that was begun and not done is not left behind when the clock has gone on.
    begun = facts.done_until or facts.first_start or schedule.last(newest - timedelta(microseconds=1))
    if begun >= newest:
        return _Due(Window(begun, begun), begun, 0, next_at)
    first = schedule.next(begun)
    missed = 1 if first == newest else _count(schedule, first, newest)
    return _Due(Window(begun, newest if job.coalesce else first), first, missed, next_at)


def _count(schedule: Every | Cron, first: datetime, newest: datetime) -> int:
    """About how many moments there are from one to another."""
    step = schedule.next(first) - first
    return 1 + max(int((newest - first) / step), 1)


def _day_due(plan: Plan, job: Job, schedule: TradingDays, facts: Facts) -> _Due | None:
    """Of the days that are this job's to do and not settled the oldest; where they become one, the newest."""
    mine = _days_of(plan.calendar, job.name, facts.first_day)
    states = [one for one in mine if not _is_settled(plan.calendar, job, one.trading_day)]
    if not states:
        return None
    final = [one for one in states if one.is_final]
    since = _from(schedule, states[0].final_from)
    chosen = final[-1] if job.coalesce and final else states[0]
    window = Window.of_day(chosen.trading_day)
    if not chosen.is_final:
        return _Due(window, since, 0, since, _why_not_final(chosen, plan.now))
    if since > plan.now:
        return _Due(window, since, 0, since)
    return _Due(window, since, len(final), None, _first_missing(plan, job, chosen.trading_day))


def _is_settled(calendar: Calendar, job: Job, day: date) -> bool:
    """Where missed days become one, a later day has settled those before it."""
    if (job.name, day) in calendar.settled:
        return True
    return job.coalesce and any(name == job.name and later > day for name, later in calendar.settled)


def _given_up(calendar: Calendar, job: Job) -> tuple[GivenUp, ...]:
    """What a job owes; where missed days become one, a later day that is done has made up for it."""
    mine = [one for one in calendar.given_up if one.job == job.name]
    days = {one.trading_day for one in mine}
    done = [day for name, day in calendar.settled if name == job.name and day not in days]
    if not job.coalesce or not done:
        return tuple(mine)
    return tuple(one for one in mine if one.trading_day > max(done))


def _days_of(calendar: Calendar, job: str, first_day: date | None) -> list[DayState]:
    """From the first day a scheduler began; before that, those after the last done by hand, or the newest."""
    if first_day is not None:
        return [one for one in calendar.states if one.trading_day >= first_day]
    by_hand = [day for name, day in calendar.settled if name == job]
    if by_hand:
        return [one for one in calendar.states if one.trading_day > max(by_hand)]
    final = [place for place, one in enumerate(calendar.states) if one.is_final]
    return list(calendar.states[final[-1] :] if final else calendar.states)


def _why_not_final(day: DayState, now: datetime) -> str:
    """Only of a day that is over; of the others everybody knows."""
    return "; ".join(day.waits) if now >= day.final_from else ""


def _from(schedule: TradingDays, final_from: datetime) -> datetime:
    if schedule.times is None:
        return final_from
    return schedule.times.next(final_from - timedelta(microseconds=1))


def _first_missing(plan: Plan, job: Job, day: date) -> str:
    """Which of the jobs that come first has not been, in words; empty when all have."""
    before: datetime | None = None
    for name in job.after:
        if isinstance(plan.schedules[name], TradingDays):
            ended = plan.calendar.settled.get((name, day))
            if ended is None:
                return f"the job {name} comes first, and has not done {day}"
            before = ended if before is None else max(before, ended)
        elif before is not None:
            begun = plan.facts[name].done_started_at
            if begun is None or begun < before:
                return f"the job {name} comes first, and has not run since {before:%H:%M:%S} UTC"
    return ""
