"""What is due at any moment, from the ledger's facts and the calendars alone."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.engine import Job, Window, parse_schedule
from jobs.engine.ledger import Facts
from jobs.engine.planning import Calendar, Plan, Standing, overtaken, stand
from timeseries.metrics import CalendarDay, DayState, Waiting

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
MONDAY = date(2026, 6, 8)
SILENT = datetime(2026, 6, 8, 20, tzinfo=UTC)
WAITING = Waiting(timedelta(minutes=30), timedelta(hours=2))


def facts(job: str, **known: object) -> Facts:
    """Of a job that never ran, but for what is said."""
    nothing = {item.name: None for item in fields(Facts)}
    return Facts(
        **(nothing | {"job": job, "now": NOW, "failures": 0, "lost": 0, "window_failures": 0} | known)
    )


def standing(
    job: Job, known: Facts | None = None, calendar: Calendar | None = None, **others: object
) -> Standing:
    jobs = {one.name: one for one in (*others.get("jobs", ()), job)}
    ledger = (
        {name: facts(name) for name in jobs} | {job.name: known or facts(job.name)} | others.get("facts", {})
    )
    schedules = {name: parse_schedule(one.schedule) for name, one in jobs.items()}
    plan = Plan(jobs, schedules, ledger, calendar or Calendar(), others.get("now", NOW), timedelta(minutes=1))
    return stand(plan)[-1]


def hourly(**options: object) -> Job:
    return Job("tidy", "", "every hour", lambda context: 0, **options)


def daily(**options: object) -> Job:
    return Job("judge", "", options.pop("schedule", "each trading day"), lambda context: 0, **options)


def days(*final: bool, first: date = MONDAY) -> list[DayState]:
    """Adjacent days, those that are not final waiting for the refresh."""
    return [
        DayState(
            first + timedelta(days=place),
            datetime.combine(first + timedelta(days=place + 1), time(1), UTC),
            () if one else ("00:00 UTC: 5 account-days wait for the job refresh",),
        )
        for place, one in enumerate(final)
    ]


def test_what_never_ran_is_due_for_its_newest_window():
    seen = standing(hourly())
    assert (seen.state, seen.window) == ("due", Window(NOW - timedelta(hours=1), NOW))


def test_what_was_missed_becomes_one_window_or_the_oldest_of_many():
    known = facts("tidy", done_until=NOW - timedelta(hours=5))
    assert standing(hourly(), known).window == Window(NOW - timedelta(hours=5), NOW)
    single = standing(hourly(coalesce=False), known)
    assert single.window == Window(NOW - timedelta(hours=5), NOW - timedelta(hours=4))
    assert single.behind == 5


def test_a_first_window_that_was_lost_is_not_left_behind():
    begun = facts("tidy", first_start=NOW - timedelta(hours=3), lost=1, failed_state="lost")
    assert standing(hourly(), begun).window == Window(NOW - timedelta(hours=3), NOW)
    oldest = Window(NOW - timedelta(hours=3), NOW - timedelta(hours=2))
    assert standing(hourly(coalesce=False), begun).window == oldest


@given(st.integers(0, 100_000), st.booleans())
def test_windows_follow_each_other_without_gap_or_overlap(minutes, coalesce):
    begun = NOW - timedelta(minutes=minutes)
    seen = standing(hourly(coalesce=coalesce), facts("tidy", done_until=begun))
    if seen.state == "idle":
        assert seen.next_at is not None
        assert seen.next_at > NOW
    else:
        assert seen.window is not None
        assert seen.window.start == begun
        assert begun < seen.window.end <= NOW
        assert seen.window.end.minute == 0


def test_trading_days_are_worked_off_oldest_first_since_the_first_that_was_begun():
    calendar = Calendar(days(True, True, True), {("judge", MONDAY): NOW})
    seen = standing(daily(coalesce=False), facts("judge", first_day=MONDAY), calendar)
    assert (seen.state, seen.behind) == ("due", 2)
    assert seen.window == Window.of_day(date(2026, 6, 9))


def test_a_day_done_by_hand_leaves_no_gap_before_it():
    calendar = Calendar(days(True, True, True), {("judge", MONDAY): NOW, ("judge", date(2026, 6, 10)): NOW})
    seen = standing(daily(coalesce=False), facts("judge", first_day=MONDAY), calendar)
    assert seen.window == Window.of_day(date(2026, 6, 9))


def test_after_a_day_by_hand_a_scheduler_does_not_fall_back_behind_it():
    # Late rows keep the newest day from being final; the one before was never anybody's to do.
    calendar = Calendar(days(True, False), {("judge", date(2026, 6, 9)): NOW})
    assert standing(daily(coalesce=False), None, calendar).state == "idle"
    later = Calendar(days(True, True, True), {("judge", date(2026, 6, 9)): NOW})
    tomorrow = standing(daily(coalesce=False), None, later, now=NOW + timedelta(days=1))
    assert tomorrow.window == Window.of_day(date(2026, 6, 10))


def test_before_the_first_run_only_the_newest_final_day_is_due():
    seen = standing(daily(coalesce=False), None, Calendar(days(True, True, False)))
    assert seen.window == Window.of_day(date(2026, 6, 9))
    assert standing(daily(), None, Calendar()).state == "idle"


def test_days_that_coalesce_are_left_for_the_newest():
    seen = standing(daily(), facts("judge", first_day=MONDAY), Calendar(days(True, True, False)))
    assert (seen.window, seen.behind) == (Window.of_day(date(2026, 6, 9)), 2)


def test_days_that_coalesce_are_settled_by_a_later_one():
    known, newest = facts("judge", first_day=MONDAY), date(2026, 6, 10)
    calendar = Calendar(days(True, True, True), {("judge", newest): NOW, ("other", MONDAY): NOW})
    assert standing(daily(), known, calendar).state == "idle"
    assert standing(daily(coalesce=False), known, calendar).window == Window.of_day(MONDAY)
    old = Calendar(calendar.states, {("judge", MONDAY): NOW})
    assert standing(daily(), known, old).window == Window.of_day(newest)


def test_a_day_that_is_over_but_not_final_is_waited_for_with_the_reason():
    seen = standing(daily(), facts("judge", first_day=MONDAY), Calendar(days(False)))
    assert (seen.state, seen.why) == ("waiting", "00:00 UTC: 5 account-days wait for the job refresh")


def test_a_time_says_when_a_final_day_is_looked_for():
    job = daily(schedule="each trading day, 30 7 * * *")
    calendar = Calendar(days(True))
    before = standing(
        job, facts("judge", first_day=MONDAY), calendar, now=datetime(2026, 6, 9, 7, 29, tzinfo=UTC)
    )
    assert (before.state, before.next_at) == ("idle", datetime(2026, 6, 9, 7, 30, tzinfo=UTC))
    after = standing(
        job, facts("judge", first_day=MONDAY), calendar, now=datetime(2026, 6, 9, 7, 31, tzinfo=UTC)
    )
    assert (after.state, after.due_since) == ("due", datetime(2026, 6, 9, 7, 30, tzinfo=UTC))


def test_jobs_that_come_first_are_waited_for():
    first, by_clock = replace(daily(), name="score"), replace(hourly(), name="raise")
    job = daily(after=("score", "raise"))
    calendar = Calendar(days(True))
    jobs = (first, by_clock)
    assert "score comes first" in standing(job, None, calendar, jobs=jobs).why
    settled = replace(calendar, settled={("score", MONDAY): NOW})
    early = {"raise": facts("raise", done_until=NOW, done_started_at=NOW - timedelta(seconds=1))}
    assert "raise comes first" in standing(job, None, settled, jobs=jobs, facts=early).why
    late = {"raise": facts("raise", done_until=NOW, done_started_at=NOW + timedelta(seconds=1))}
    assert standing(job, None, settled, jobs=jobs, facts=late).state == "due"


@pytest.mark.parametrize(("ended", "again"), [(1, True), (-1, False), (None, False)])
def test_a_job_that_was_overtaken_by_one_it_follows_runs_again(ended, again):
    jobs = {"judge": daily(), "tidy": hourly(follows=("judge",))}
    end = None if ended is None else NOW + timedelta(seconds=ended)
    ledger = {
        "judge": facts("judge", done_finished_at=end),
        "tidy": facts("tidy", done_until=NOW, done_started_at=NOW),
    }
    schedules = {name: parse_schedule(one.schedule) for name, one in jobs.items()}
    later = NOW + timedelta(minutes=5)
    standings = stand(Plan(jobs, schedules, ledger, Calendar(), later, timedelta(minutes=1)))
    found = [(one.job.name, one.window) for one in overtaken(standings, later)]
    assert found == ([("tidy", Window(NOW, later))] if again else [])
    assert overtaken([replace(one, state="running") for one in standings], later) == []


@pytest.mark.parametrize(
    ("failures", "passed", "state"),
    [(1, 59, "retrying"), (1, 61, "due"), (3, 239, "retrying"), (3, 241, "due")],
)
def test_failures_are_tried_again_after_pauses_that_double(failures, passed, state):
    known = facts(
        "tidy", failures=9, window_failures=failures, failed_state="failed",
        failed_start=NOW - timedelta(hours=1), done_until=NOW - timedelta(hours=1),
        seconds_since_failure=float(passed), error="no",
    )  # fmt: skip
    assert standing(hourly(), known).state == state


def test_a_window_whose_process_died_is_tried_again_at_once():
    start = NOW - timedelta(hours=1)
    known = facts(
        "tidy",
        failures=1,
        window_failures=1,
        failed_state="lost",
        failed_start=start,
        done_until=start,
        seconds_since_failure=0.0,
    )
    assert standing(hourly(), known).state == "due"


def test_what_runs_is_running_until_its_lease_has_passed():
    running = {"running_start": NOW - timedelta(hours=1), "running_end": NOW}
    known = facts("tidy", **running, running_since=NOW, lease_passed=False)
    assert standing(hourly(), known).state == "running"
    assert standing(hourly(), replace(known, lease_passed=True)).state == "due"


def test_a_paused_job_says_by_whom_and_what_waits():
    known = facts("tidy", paused_at=NOW, paused_by="ann", reason="audit")
    seen = standing(hourly(), known)
    assert (seen.state, seen.behind) == ("paused", 1)
    assert seen.why == "paused by ann since 2026-06-10 12:00 UTC (audit)"


def test_lateness_counts_from_when_it_was_due_or_from_its_last_end():
    known = facts("tidy", done_until=NOW - timedelta(hours=5), first_started_at=NOW - timedelta(days=9))
    assert standing(hourly(), known).late_by(NOW) == timedelta(hours=4)
    busy = replace(known, done_finished_at=NOW - timedelta(minutes=1))
    assert standing(hourly(), busy).late_by(NOW) == timedelta(minutes=1)
    never = replace(known, done_until=None, first_started_at=None)
    assert standing(hourly(), never).late_by(NOW) == timedelta()
    idle = facts("tidy", done_until=NOW, first_started_at=NOW - timedelta(days=9))
    assert standing(hourly(), idle).late_by(NOW) == timedelta()


@pytest.mark.parametrize(
    ("began", "changed", "late"),
    [
        (timedelta(days=3), {}, True),
        (timedelta(hours=1), {}, False),  # the day was over before anything ever ran
        (timedelta(days=3), {"waits_for_job": True}, False),
        (timedelta(days=3), {"state": "paused"}, False),
        (timedelta(hours=1), {"state": "due"}, True),
    ],
)
def test_what_nobody_has_to_look_after_is_not_late(began, changed, late):
    known = facts("judge", first_day=MONDAY, first_started_at=NOW - began)
    seen = replace(standing(daily(), known, Calendar(days(False))), **changed)
    assert (seen.late_by(NOW) > timedelta()) == late


def day_of(**known: object) -> CalendarDay:
    usual = {
        "trading_day": MONDAY, "reset_time": time(17), "time_zone": "America/New_York",
        "ends_at": datetime(2026, 6, 8, 21, tzinfo=UTC), "data_until": datetime(2026, 6, 8, 22, tzinfo=UTC),
        "is_reached": True, "stale_days": 0,
    }  # fmt: skip
    return CalendarDay(**(usual | known))


@pytest.mark.parametrize(
    ("known", "after_end", "said"),
    [
        ({}, timedelta(minutes=29), "it is final at 2026-06-08 21:30 UTC"),
        ({}, timedelta(minutes=30), None),
        ({"stale_days": 1200}, timedelta(days=1), "1,200 account-days wait for the job refresh"),
        ({"data_until": SILENT}, timedelta(minutes=45), "it is final at 2026-06-08 23:00 UTC"),
        ({"data_until": SILENT}, timedelta(hours=2), None),
        (
            {"data_until": None, "is_reached": False},
            timedelta(days=1),
            "the data have not arrived: they have not come",
        ),
    ],
)  # fmt: skip
def test_a_day_is_final_once_ended_reached_computed_and_the_grace_over(known, after_end, said):
    day = day_of(**known)
    assert day.waits_for(day.ends_at + after_end, WAITING) == said
