"""Raising and delivering, killed at every step and at any moment: nothing is lost, nothing counts twice."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from timeseries.alerts import deliver
from timeseries.config import AlertSettings, Settings
from timeseries.database import Database

LEASE = timedelta(seconds=0.3)
ROUNDS_AT_RANDOM = 20
STEPS = ("raised", "committed", "claimed", "answered", "sent", "settled")

# Forks a worker for each line it reads: importing everything again would take most of the test's time.
NURSERY = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from timeseries.alerts import deliver, raise_alerts
from timeseries.alerts._outbox import Outbox
from timeseries.alerts.sinks._http import Mailslot
from timeseries.config import AlertSettings, Settings
from timeseries.database import connect_database

directory, url, lease = sys.argv[1:]
settings = AlertSettings(sinks={"hook": url}, deliver_days=1000)
claim, settle, post = Outbox.claim, Outbox.settle, Mailslot.post

def work(step, countdown):
    def reach(name):
        nonlocal countdown
        countdown -= name == step
        if countdown == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def claim_and_reach(outbox, limit):
        claims = claim(outbox, limit)
        reach("claimed")
        return claims

    def post_and_reach(mailslot, body, headers):
        post(mailslot, body, headers)
        reach("answered")

    def reach_and_settle(outbox, claims, errors):
        reach("sent")
        states = settle(outbox, claims, errors)
        reach("settled")
        return states

    Outbox.claim, Mailslot.post, Outbox.settle = claim_and_reach, post_and_reach, reach_and_settle
    database = connect_database(Settings(data_dir=Path(directory)))
    while True:
        with database.transaction() as connection:
            raise_alerts(connection, settings)
            reach("raised")
        reach("committed")
        deliver(database, settings, lease=timedelta(seconds=float(lease)))

print("ready", flush=True)
for line in sys.stdin:
    step, countdown = line.split()
    worker = os.fork()
    if worker == 0:
        work(step, int(countdown))
    print(worker, flush=True)
    os.waitpid(worker, 0)
    print("dead", flush=True)
"""


class Receiver:
    """A webhook that counts: a key it knows has no effect again."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.effects: Counter[str] = Counter()
        self.url = ""
        self._lock = threading.Lock()

    def take(self, key: str) -> None:
        with self._lock:
            self.effects[key] += not self.requests[key]
            self.requests[key] += 1


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            found.take(self.headers["Idempotency-Key"])
            time.sleep(0.002)  # a moment in which it has taken effect and the sender does not know
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            return

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_args: Any) -> None:
            """A killed sender closes its connection in the middle of a request."""

    server = Quiet(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def nursery(database: Database, settings: Settings, receiver: Receiver) -> Iterator[subprocess.Popen[str]]:
    arguments = [str(settings.data_dir), receiver.url, str(LEASE.total_seconds())]
    process = subprocess.Popen(
        [sys.executable, "-c", NURSERY, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    yield process
    process.communicate(timeout=30)


def start(nursery: subprocess.Popen[str], step: str, countdown: int = 1) -> int:
    """Begin a worker that dies when it reaches the step for the nth time; returns its process id."""
    assert nursery.stdin is not None and nursery.stdout is not None
    nursery.stdin.write(f"{step} {countdown}\n")
    nursery.stdin.flush()
    return int(nursery.stdout.readline())


def wait_for_death(nursery: subprocess.Popen[str]) -> None:
    assert nursery.stdout is not None and nursery.stdout.readline() == "dead\n"


def find(firm: Any, count: int) -> None:
    """Findings of so many new accounts: an alert each."""
    [(known,)] = firm.rows("SELECT count(*) FROM accounts")
    for number in range(known, known + count):
        firm.account(f"A-{number}")
        firm.anomaly(f"A-{number}")


def check(database: Database, firm: Any, receiver: Receiver) -> None:
    """After a last undisturbed delivery every message took effect once."""
    settings = AlertSettings(sinks={"hook": receiver.url})
    end = time.monotonic() + 20
    while deliver(database, settings, lease=LEASE).waiting and time.monotonic() < end:
        time.sleep(LEASE.total_seconds())
    assert firm.rows("SELECT DISTINCT state FROM deliveries") == [("delivered",)]
    messages = [key for (key,) in firm.rows("SELECT fingerprint FROM messages")]
    assert receiver.effects == Counter(messages)
    told = """
        SELECT count(*), count(DISTINCT alert_id), count(DISTINCT account_id)
        FROM messages JOIN alerts USING (alert_id)
    """
    [(accounts,)] = firm.rows("SELECT count(*) FROM accounts")
    assert firm.rows(told) == [(accounts, accounts, accounts)]


def test_killed_at_each_step(
    database: Database, firm: Any, receiver: Receiver, nursery: subprocess.Popen[str]
) -> None:
    for countdown in (1, 2):
        for step in STEPS:
            # More than one claim takes, so that a second one is made.
            find(firm, 10 if countdown == 2 else 1)
            start(nursery, step, countdown)
            wait_for_death(nursery)
    raise_rest(nursery)
    check(database, firm, receiver)
    assert max(receiver.requests.values()) > 1, "no kill fell between sending and settling"


def test_killed_at_any_moment(
    database: Database, firm: Any, receiver: Receiver, nursery: subprocess.Popen[str]
) -> None:
    moments = random.Random(20)
    begun = time.monotonic()
    find(firm, 3)
    raise_rest(nursery)
    undisturbed = time.monotonic() - begun
    for _ in range(ROUNDS_AT_RANDOM):
        find(firm, 3)
        worker = start(nursery, "none")
        time.sleep(moments.uniform(0.0, undisturbed))
        os.kill(worker, signal.SIGKILL)
        wait_for_death(nursery)
    raise_rest(nursery)
    check(database, firm, receiver)


def raise_rest(nursery: subprocess.Popen[str]) -> None:
    """Let a worker live until its second round: whatever was found is an alert then."""
    start(nursery, "committed", 2)
    wait_for_death(nursery)
