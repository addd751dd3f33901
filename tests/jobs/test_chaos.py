"""A simulated week under three schedulers that are killed again and again, and a database that is too."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import simulated_week
from sqlalchemy import text

from jobs.engine import Scheduler, TradingDays, history, look, pause, resume, schedules_of
from timeseries.config import Settings
from timeseries.database import Database, embedded, open_database
from timeseries.demo import generate
from timeseries.ingest import Kind, load

SCHEDULERS = 3
KILLS_EACH = 20
SPEED = 24_000.0  # the week in 25 seconds
SUPPORT = Path(simulated_week.__file__)
# Tables by what they hold, not by when or in which order it was written.
TABLES = {
    "trades": "SELECT account_id, ticket, close_time, profit, lots FROM trades",
    "equity": "SELECT account_id, time, equity, balance FROM equity",
    "daily metrics": "SELECT * FROM daily_metrics",
    "findings": "SELECT kind, account_id, cohort, trading_day, since, subject, detector, pvalue, direction,"
    " seen, expected, at_stake, severity, reason FROM findings",
    "alarm days": "SELECT * FROM alarm_days",
    "forecasts": "SELECT account_id, origin, horizon, model FROM forecasts",
    "outcomes": "SELECT account_id, origin, closed_until FROM forecast_outcomes",
    "alerts": "SELECT kind, account_id, cohort, subject, first_day, trading_day, severity, state FROM alerts",
}


class Mailbox:
    """A webhook that counts what arrives by its idempotency key."""

    def __init__(self) -> None:
        arrived: Counter[str] = Counter()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                arrived[self.headers["Idempotency-Key"]] += 1
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.arrived = arrived
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    yield box
    box.close()


@pytest.fixture(scope="module")
def firm(database_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, datetime]:
    """A firm's database as it is when its last week begins, and when that is."""
    home = tmp_path_factory.mktemp("firm") / "data"
    files = simulated_week.files_beside(home)
    files.mkdir()
    made = generate(files, accounts=16, days=60, seed=5)
    begin = datetime(2026, 6, 22, tzinfo=UTC)
    before = [
        simulated_week.split_by_day(made.trades, Kind.TRADES, "close_time", files, begin),
        simulated_week.split_by_day(made.equity, Kind.EQUITY, "time", files, begin),
    ]
    shutil.copytree(database_template, home)
    database = open_database(Settings(data_dir=home))
    for kind, path in (
        (Kind.PLANS, made.plans[0]),
        (Kind.ACCOUNTS, made.accounts[0]),
        (Kind.TRADES, before[0]),
        (Kind.EQUITY, before[1]),
    ):
        load(database, kind, path)
    settings = simulated_week.week_settings(home, "log")
    pause(database, "deliver", by="the test")  # what there is to tell so far waits for the week
    Scheduler(database, settings, simulated_week.week_jobs(), clock=lambda: begin).run_due()
    resume(database, "deliver")
    database.close()
    embedded.stop(home)
    return home, begin


@contextmanager
def copy_of(home: Path, name: str) -> Iterator[Path]:
    directory = home.with_name(name)
    shutil.copytree(home, directory)
    try:
        yield directory
    finally:
        embedded.stop(directory)


def undisturbed(home: Path, begin: datetime, sink: str) -> Database:
    """The week worked off by one scheduler that nobody harms, half a day at a time."""
    settings = simulated_week.week_settings(home, sink)
    now = [begin]
    database = open_database(settings)
    scheduler = Scheduler(database, settings, simulated_week.week_jobs(), clock=lambda: now[0])
    # Once more than files arrive: what they bring is passed on by the next run of the others.
    for _ in range(2 * simulated_week.DAYS + 2):
        now[0] += timedelta(hours=12)
        scheduler.run_due()
    return database


class Nursery:
    """Three places, in each of which a scheduler lives, is killed, and is followed by another."""

    def __init__(self, home: Path, begin: datetime, sink: str, log: Path) -> None:
        self.living: list[int] = []
        arguments = [str(home), sink, begin.isoformat(), str(SPEED)]
        path = os.pathsep.join([str(SUPPORT.parent), str(Path(__file__).parents[2])])
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, str(SUPPORT), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "PYTHONPATH": path},
            )
        self._lock = threading.Lock()
        assert self._process.stdout is not None
        self.real_begin = float(self._process.stdout.readline())

    def start(self) -> int:
        """A new scheduler; returns its process number."""
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write("start\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def live_and_die(self, seed: int) -> None:
        """So many lives that end by a kill, and a last one that is left alive."""
        chance = random.Random(seed)
        for _ in range(KILLS_EACH):
            pid = self.start()
            time.sleep(chance.uniform(0.3, 2.1))
            os.kill(pid, signal.SIGKILL)
        self.living.append(self.start())

    def __enter__(self) -> "Nursery":
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self.living:
            os.kill(pid, signal.SIGTERM)
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        assert self._process.stdout is not None
        self._process.stdout.close()


def disturbed(home: Path, begin: datetime, sink: str, log: Path) -> Database:
    """The week worked off by schedulers that are killed sixty times, on a database killed twice."""
    settings = simulated_week.week_settings(home, sink)
    with Nursery(home, begin, sink, log) as nursery:
        clock = simulated_week.simulated_clock(begin, nursery.real_begin, SPEED)
        places = [threading.Thread(target=nursery.live_and_die, args=(seed,)) for seed in range(SCHEDULERS)]
        for place in places:
            place.start()
        for seconds in (7, 9):
            time.sleep(seconds)
            state = embedded.status(home)
            if state is not None:
                os.kill(state.pid, signal.SIGKILL)
        for place in places:
            place.join()
        database = open_database(settings)
        wait_until_done(database, settings, clock, begin + timedelta(days=simulated_week.DAYS, hours=1))
    return database


def wait_until_done(
    database: Database, settings: Settings, clock: Callable[[], datetime], end: datetime
) -> None:
    jobs = simulated_week.week_jobs()
    deadline = time.monotonic() + 150
    while True:
        seen = look(database, settings, jobs, schedules_of(jobs, settings), now=clock())
        left = {one.job.name: (one.state, one.why) for one in seen.standings if one.state != "idle"}
        facts = {one.job.name: one.facts for one in seen.standings}
        # What the others did at the very end is passed on by the next run of those that come every hour.
        ended = max(one.done_finished_at for name, one in facts.items() if name not in simulated_week.HOURLY)
        passed_on = all(facts[name].done_started_at > ended for name in simulated_week.HOURLY)
        if not left and passed_on and clock() > end:
            return
        assert time.monotonic() < deadline, left
        time.sleep(0.3)


def contents(database: Database, query: str) -> list[str]:
    with database.transaction() as connection:
        return sorted(map(str, connection.execute(text(query)).all()))


@pytest.mark.skipif(
    "TIMESERIES_TEST_DATABASE_URL" in os.environ, reason="it kills the database, so it needs one of its own"
)
@pytest.mark.timeout(420)
def test_a_week_of_kills_leaves_what_an_undisturbed_week_does(firm, mailbox, tmp_path):
    home, begin = firm
    with copy_of(home, "calm") as calm, copy_of(home, "chaos") as chaos:
        wanted = undisturbed(calm, begin, mailbox.url)
        expected = {name: contents(wanted, query) for name, query in TABLES.items()}
        mailbox.arrived.clear()
        found = disturbed(chaos, begin, mailbox.url, tmp_path / "log")
        differing = {
            name: sorted(set(contents(found, query)) ^ set(expected[name]))[:6]
            for name, query in TABLES.items()
        }
        assert not any(differing.values()), differing
        check_ledger(found)
        check_messages(found, mailbox)
        found.close()
        wanted.close()


def check_ledger(database: Database) -> None:
    """Every window of every job is done once, and they follow each other without a gap."""
    runs = history(database, limit=100_000)
    assert sum(run.state == "lost" for run in runs) > SCHEDULERS
    jobs = simulated_week.week_jobs()
    schedules = schedules_of(jobs, Settings())
    for name in jobs:
        done = sorted(
            (run for run in runs if run.job == name and run.state == "done"), key=lambda run: run.window_start
        )
        if isinstance(schedules[name], TradingDays) and not jobs[name].coalesce:
            assert [run.trading_day.isoformat() for run in done][-5:] == [
                f"2026-06-{day}" for day in (22, 23, 24, 25, 26)
            ], name
        elif not isinstance(schedules[name], TradingDays):
            assert [run.window_start for run in done[1:]] == [run.window_end for run in done[:-1]], name
            if name == "arrive":
                # One more before the week began, and one after its last midnight.
                assert len(done) == simulated_week.DAYS + 2


def check_messages(database: Database, mailbox: Mailbox) -> None:
    with database.transaction() as connection:
        told = set(connection.scalars(text("SELECT fingerprint FROM messages")))
        waiting = connection.scalar(text("SELECT count(*) FROM deliveries WHERE state <> 'delivered'"))
    assert waiting == 0
    assert set(mailbox.arrived) == told
