"""The verbs of the jobs, as people use them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

import cli
from jobs.commands._words import ago, span
from jobs.engine import Window
from jobs.engine.ledger import claim, fail
from jobs.registry import JOBS
from timeseries.database import Database
from timeseries.demo import generate
from timeseries.errors import TimeseriesError
from timeseries.ingest import Kind, load
from timeseries.metrics import known_day, refresh_metrics

BY_DAY = ["detect", "rules", "forecast", "realise", "digest"]
LEASE = timedelta(minutes=2)
SLOW_RETAIN = """
import time
from dataclasses import replace
import cli
from jobs.registry import JOBS
JOBS["retain"] = replace(JOBS["retain"], run=lambda context: time.sleep(60))
cli.main()
"""
SIZES = {"s": 1, "min": 60, "h": 3600, "day": 86400, "days": 86400}


@dataclass(frozen=True)
class Desk:
    """Somebody at the command line."""

    database: Database
    settings: Path
    days: list[date]

    @property
    def door(self) -> list[str]:
        return ["--config", str(self.settings), "--database-url", self.database.url]

    def run(self, *arguments: str, exit_code: int = 0) -> str:
        """All that a verb says, and the sentence of the error it ends with."""
        done = CliRunner().invoke(cli.timeseries, [*self.door, "jobs", *arguments])
        if isinstance(done.exception, TimeseriesError):
            assert done.exception.exit_code == exit_code, str(done.exception)
            return f"{done.output}{done.exception}"
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert done.exit_code == exit_code, done.output
        return done.output

    def json(self, *arguments: str, exit_code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", exit_code=exit_code))

    def ran(self) -> list[tuple[str, str | None]]:
        """Which jobs ran for which days, the oldest first."""
        runs = self.json("history", "--top", "1000")
        return [(run["job"], run["trading_day"]) for run in reversed(runs)]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        program = [sys.executable, "-c", "import cli; cli.main()", *self.door, "jobs", "start", *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(program, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


@pytest.fixture(scope="module")
def firm(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A small demo firm with its days computed, and the last three of them."""
    home = tmp_path_factory.mktemp("firm")
    made = generate(home, accounts=6, days=30, seed=5)
    for path in (*made.plans, *made.accounts, *made.trades, *made.equity):
        load(database, next(kind for kind in Kind if path.name.startswith(kind)), path)
    refresh_metrics(database)
    last = known_day(database)
    with database.transaction() as connection:
        query = text("SELECT DISTINCT trading_day FROM daily_metrics WHERE trading_day <= :last ORDER BY 1")
        days = [day for day in connection.scalars(query, {"last": last}) if day.weekday() < 5]
    settings = home / "timeseries.toml"
    settings.write_text("")
    yield Desk(database, settings, days[-3:])


@pytest.fixture
def desk(firm: Desk) -> Desk:
    """The firm before any job ran."""
    with firm.database.transaction() as connection:
        connection.execute(text("TRUNCATE job_runs, job_controls RESTART IDENTITY"))
    firm.settings.write_text("")
    return firm


def other_process_runs(database: Database, job: str, day: date) -> int:
    claimed = claim(database, job, Window.of_day(day), lease=LEASE)
    assert claimed is not None
    return claimed.run_id


# ---- list, show, history


def test_every_job_and_policy_is_listed_with_where_it_stands(desk):
    listed = desk.json("list")
    assert [one["job"] for one in listed["jobs"]] == list(JOBS)
    assert {one["last_run"] for one in listed["jobs"]} == {None}
    kinds = {(one["kind"], one["what"]) for one in listed["policies"]}
    assert {("refresh", "trades_5m"), ("columnstore", "trades")} <= kinds
    said = desk.run("list")
    for part in (*JOBS, "never", "each trading day", "refresh of trades_5m", "waiting"):
        assert part in said


def test_a_run_shows_up_in_list_show_and_history(desk):
    assert re.fullmatch(r"retain: done, \d+ rows in [\d.]+ s\.\n", desk.run("run", "retain"))
    [run] = desk.json("history")
    assert (run["job"], run["state"], run["by_hand"], run["trading_day"]) == ("retain", "done", True, None)
    listed = {one["job"]: one for one in desk.json("list")["jobs"]}
    assert listed["retain"]["last_run"]["run_id"] == run["run_id"]
    shown = desk.json("show", "retain")
    assert [one["run_id"] for one in shown["runs"]] == [run["run_id"]]
    assert shown["last_error"] is None
    assert desk.json("history", "detect") == []
    assert desk.run("history", "--failed") == "No run failed.\n"


def test_show_tells_the_next_moments_on_the_clock_of_the_jobs_zone(desk):
    desk.settings.write_text('[schedules]\nretain = "20 2 * * * America/New_York"\n')
    shown = desk.run("show", "retain")
    assert "every day at 02:20 America/New_York" in shown
    assert len(re.findall(r"\w{3} \d{4}-\d\d-\d\d 02:20 E[DS]T", shown)) == 3
    moments = [datetime.fromisoformat(moment) for moment in desk.json("show", "retain")["next"]]
    assert moments == sorted(moments)
    assert moments[0] > datetime.now(UTC)


def test_show_tells_which_trading_day_is_waited_for_and_why(desk):
    shown = desk.json("show", "detect")
    assert re.match(r"\d{4}-\d\d-\d\d: .*(data|final)", shown["waits_for"])
    assert shown["next"] == []
    assert "the oldest first" in desk.run("show", "detect")
    retries = [desk.json("show", name)["retries"] for name in ("detect", "refresh")]
    assert retries == [3, None]  # by the clock it is tried until it succeeds


def test_an_error_is_told_whole_and_as_it_is(desk):
    error = "[/red] the file [jobs.limits] is on fire " + "x" * 300
    fail(desk.database, other_process_runs(desk.database, "detect", desk.days[0]), error, retries=3)
    assert error in desk.run("show", "detect")
    assert "[/red] the file" in desk.run("history", "--failed")
    assert [run["error"] for run in desk.json("history", "detect", "--failed")] == [error]
    assert "failed" in desk.run("list")


# ---- run, backfill


def test_without_days_the_newest_complete_day_is_run(desk):
    assert f"detect of {desk.days[-1]}: done" in desk.run("run", "detect")
    assert desk.ran() == [("detect", str(desk.days[-1]))]


def test_days_are_run_in_order_each_before_the_next_and_again_when_asked(desk):
    since = str(desk.days[0])
    desk.run("run", "rules", "realise", "--since", since)
    once = [(job, str(day)) for day in desk.days for job in ("rules", "realise")]
    assert desk.ran() == once
    desk.run("run", "rules", "--since", since, "--until", since)
    assert desk.ran() == [*once, ("rules", since)]


def test_all_with_days_are_the_jobs_of_trading_days(desk):
    last = str(desk.days[-1])
    said = desk.run("run", "all", "--since", last, "--dry-run")
    assert said.splitlines() == [f"{name}: would run {last}" for name in BY_DAY]


@pytest.mark.parametrize(
    "arguments", [["run", "all"], ["run", "rules", "--since"], ["backfill", "rules", "--since"]]
)
def test_a_dry_run_runs_nothing(desk, arguments):
    since = [str(desk.days[0])] if arguments[-1] == "--since" else []
    said = desk.run(*arguments, *since, "--dry-run")
    assert said.count("would run") == (len(desk.days) if since else len(JOBS))
    assert desk.ran() == []


def test_a_backfill_runs_what_is_missing(desk):
    first, middle, last = map(str, desk.days)
    desk.run("run", "rules", "--since", middle, "--until", middle)
    desk.run("backfill", "rules", "--since", first)
    assert desk.ran() == [("rules", day) for day in (middle, first, last)]
    assert "Nothing to do" in desk.run("backfill", "rules", "--since", first, "--until", last)
    assert len(desk.ran()) == 3


def test_it_stops_at_the_first_failure_and_says_what_remains(desk):
    other_process_runs(desk.database, "rules", desk.days[0])
    said = desk.run("run", "realise", "rules", "realise", "retain", exit_code=7)
    assert "realise of" in said
    assert "Not run: retain." in said
    assert "The job rules is being run by" in said
    assert [job for job, _ in desk.ran()] == ["rules", "realise"]


@pytest.mark.parametrize(
    ("how", "code", "noted"),
    [(signal.SIGTERM, 143, "stopped by SIGTERM"), (signal.SIGINT, 130, "stopped by hand")],
)
def test_a_run_by_hand_that_is_stopped_leaves_its_job_free(desk, eventually, how, code, noted):
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_RETAIN, *desk.door, "jobs", "run", "retain", "compress"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    eventually(lambda: [run["state"] for run in desk.json("history")] == ["running"])
    process.send_signal(how)
    _, said = process.communicate(timeout=30)
    assert process.returncode == code, said
    assert "Not run: compress." in said
    assert "Stopped. What was finished stays" in said
    [run] = desk.json("history")
    assert (run["state"], run["error"]) == ("lost", noted)


# ---- pause, resume


def test_pausing_twice_changes_nothing_and_is_no_error(desk):
    assert desk.run("pause", "detect", "--by", "ann", "--reason", "a bad [file]") == "Paused: detect.\n"
    assert desk.run("pause", "detect", "rules", "--by", "bob") == "Paused: rules.\nPaused before: detect.\n"
    shown = desk.json("show", "detect")
    assert (shown["state"], shown["paused_by"], shown["reason"]) == ("paused", "ann", "a bad [file]")
    assert "paused by ann" in desk.run("list")
    assert desk.run("resume", "rules", "detect") == "Resumed: rules, detect.\n"
    assert "nothing changed: detect" in desk.run("resume", "detect")
    assert "paused" not in {one["state"] for one in desk.json("list")["jobs"]}


# ---- start


def test_once_runs_what_is_due_but_nothing_paused_and_leaves(desk):
    desk.run("pause", "all", "--by", "ann")
    desk.run("resume", "retain", "compress")
    process = desk.start("--once", "--json-logs")
    said, logged = process.communicate(timeout=60)
    assert process.returncode == 0, logged
    assert said == ""  # containers mix the two streams: every line is JSON
    lines = [json.loads(line) for line in logged.splitlines()]
    assert {line["job"] for line in lines if "rows" in line} == {"compress", "retain"}
    said = {line["job"]: line["message"] for line in lines if "runs" in line or "state" in line}
    assert said["retain"].startswith("retain: done, ")
    assert said["verify"].startswith("verify paused: paused by ann since")
    assert sorted(job for job, _ in desk.ran()) == ["compress", "retain"]


def test_once_a_single_pass_does_the_whole_cycle(desk):
    desk.settings.write_text("[jobs]\nworkers = 4\n")
    desk.run("pause", "all")
    cycle = ["rules", "detect", "forecast", "alert", "digest", "deliver"]
    desk.run("resume", *cycle)
    process = desk.start("--once", "--json-logs")
    _, logged = process.communicate(timeout=120)
    assert process.returncode == 0, logged
    ran = [job for job, _ in desk.ran()]
    assert max(map(ran.index, ("rules", "detect", "forecast"))) < _last(ran, "alert")
    assert _last(ran, "alert") < ran.index("digest") < _last(ran, "deliver")


def _last(ran: list[str], job: str) -> int:
    return len(ran) - 1 - ran[::-1].index(job)


def test_once_leaves_with_seven_when_a_run_failed_and_names_the_error(desk):
    desk.settings.write_text("[jobs.limits]\nretain = 0.00001\n")
    desk.run("pause", "all")
    desk.run("resume", "retain")
    process = desk.start("--once")
    said, logged = process.communicate(timeout=60)
    assert process.returncode == 7
    assert "retain: nothing done, 0 rows" in said
    assert "1 failed: it was stopped at its limit" in said
    assert "retain retrying: failed" in said
    assert "1 of 1 runs failed; `timeseries jobs history --failed`" in logged


def test_with_json_logs_every_line_is_json_and_names_its_run_also_where_it_is_stopped(desk):
    desk.settings.write_text("[jobs.limits]\nretain = 0.00001\n")
    desk.run("pause", "all")
    desk.run("resume", "retain")
    process = desk.start("--once", "--json-logs")
    said, logged = process.communicate(timeout=60)
    assert (process.returncode, said) == (7, "")
    lines = [json.loads(line) for line in logged.splitlines()]
    [stopped] = [line for line in lines if "stopped at its limit" in line["message"] and "run_id" in line]
    assert (stopped["job"], stopped["attempt"]) == ("retain", 1)
    assert stopped["window"] in stopped["message"]
    assert lines[-1]["level"] == "ERROR"
    assert lines[-1]["message"].startswith("1 of 1 runs failed")


def test_with_json_logs_settings_are_refused_in_json(desk):
    desk.settings.write_text('[schedules]\nretain = "at dawn"\n')
    process = desk.start("--once", "--json-logs")
    _, logged = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "cannot be a schedule" in json.loads(logged)["message"]


def test_it_leaves_with_zero_and_without_a_word_too_many_however_often_it_is_told_to(desk):
    desk.run("pause", "all")
    process = desk.start("--workers", "3")
    assert process.stderr is not None
    assert f"scheduler started: {len(JOBS)} jobs, 3 at a time" in process.stderr.readline()
    for _ in range(3):  # as Ctrl-C does, to everything it started
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.1)
    _, logged = process.communicate(timeout=30)
    assert process.returncode == 0
    assert re.fullmatch(r"\S+ \S+ INFO +scheduler stopped\n", logged)


# ---- doctor


def test_the_doctor_says_what_is_ill_and_what_is_waited_for(desk):
    fail(desk.database, other_process_runs(desk.database, "rules", desk.days[0]), "no [/red] disk", retries=0)
    found = desk.json("doctor", exit_code=7)
    assert found["fine"] is False
    assert ("rules", "given up") in [(one["job"], one["what"]) for one in found["jobs"] if one["ill"]]
    assert all(found["days"].values())
    said = desk.run("doctor", exit_code=7)
    assert "to look after" in said.splitlines()[0]
    assert "no [/red] disk" in " ".join(said.split())


def test_the_doctor_reads_settings_that_no_scheduler_would(desk):
    desk.settings.write_text('[schedules]\ndettect = "every day"\n[jobs.limits]\nrules = 5\nvreify = 5\n')
    found = desk.json("doctor", exit_code=7)
    assert ["line 2" in found["settings"][0], "line 5" in found["settings"][1]] == [True, True]


# ---- what cannot be done


@pytest.mark.parametrize(
    "verb", ["list", "show detect", "run detect", "backfill detect --since 2026-01-01", "start"]
)
@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('[schedules]\nrefresh = "every 5 minutes"\ndettect = "every day"\n', "line 3: [schedules] dettect"),
        ('[schedules]\ndetect = "61 * * * *"\n', "line 2: [schedules] detect: '61 * * * *'"),
        ('[schedules]\nretain = "each trading day"\n', "runs by the clock"),
        ("[schedules]\n\nverify = 5\n", "line 3: [schedules] verify: schedules must be texts such as"),
        ("[jobs.limits]\ndettect = 5\n", "line 2: [jobs.limits] dettect"),
        ('[jobs]\ntime_zone = "Mars/Base"\n', "line 2: [jobs] time_zone"),
    ],
)
def test_wrong_settings_are_refused_with_their_line(desk, verb, written, said):
    desk.settings.write_text(written)
    assert said in desk.run(*verb.split(), exit_code=2)


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        ("show nothing", 4, "There is no job 'nothing'; known: refresh"),
        ("show all", 4, "There is no job 'all'; known: refresh"),
        ("history nothing", 4, "There is no job 'nothing'"),
        ("history all", 4, "There is no job 'all'"),
        ("backfill all --since 2026-06-01", 4, "There is no job 'all'"),
        ("run detect nothing", 4, "There is no job 'nothing'"),
        ("run detect all", 4, "`all` stands alone"),
        ("backfill nothing --since 2026-06-01", 4, "There is no job 'nothing'"),
        ("pause nothing", 4, "There is no job 'nothing'"),
        ("resume nothing", 4, "There is no job 'nothing'"),
        ("run", 2, "Missing argument"),
        ("run detect --until 2026-06-01", 3, "--until needs --since"),
        ("run detect --since 2026-06-02 --until 2026-06-01", 3, "comes after --until"),
        ("run refresh --since 2026-06-02", 3, "runs by the clock"),
        ("backfill refresh --since 2026-06-02", 3, "`timeseries jobs run refresh` does all since"),
        ("run detect --since 2030-01-02", 3, "2030-01-02 lies in the future"),
        ("run detect --since yesterday", 2, "does not match the format"),
        ("backfill detect", 2, "Missing option '--since'"),
        ("backfill alert --since 2026-06-02", 3, "runs by the clock"),
        ("history --top 0", 2, "not in the range"),
        ("start --workers 0", 2, "not in the range"),
        ("start --once --listen foo", 2, "'foo' is no address to listen at"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(desk, arguments, exit_code, said):
    assert said in desk.run(*arguments.split(), exit_code=exit_code)


# ---- words


@given(st.floats(0, 1e8))
def test_a_span_reads_back_to_what_it_was(seconds):
    parts = re.findall(r"([\d.]+) ([a-z]+)", span(seconds))
    said = sum(float(count) * SIZES[unit] for count, unit in parts)
    assert abs(said - seconds) <= SIZES[parts[-1][1]]
    assert len(parts) <= 2


@given(st.timedeltas(timedelta(seconds=-1e7), timedelta(seconds=1e7)))
def test_a_moment_is_said_to_come_or_to_have_been(distance):
    now = datetime(2026, 6, 1, tzinfo=UTC)
    said = ago(now + distance, now)
    assert said.startswith("in ") == (distance > timedelta())
    assert said.endswith(" ago") == (distance <= timedelta())
