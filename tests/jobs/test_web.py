"""What a scheduler tells over HTTP: a health that supervisors can act on, in time, and nothing else."""

import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import toy_jobs
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from web_client import FAILING, FINE, HOURLY, hurry, note_run, serving

from jobs.engine import Scheduler, pause
from jobs.web import _patience, serve_in_background
from jobs.web._patience import PatientReader
from jobs.web._server import host_and_port
from timeseries.config import JobSettings, Settings
from timeseries.database import Database
from timeseries.errors import ConfigurationError, DatabaseError


@pytest.fixture
def at_once(monkeypatch) -> None:
    hurry(monkeypatch)


# ---- health


def test_a_scheduler_that_looks_is_healthy_and_its_looks_are_seen(clean_database: Database, eventually):
    pause(clean_database, "hourly", by="a test")
    with serving(clean_database, HOURLY, settings=Settings(jobs=JobSettings(poll_seconds=0.1))) as client:
        loop = threading.Thread(target=client.scheduler.serve)
        loop.start()
        try:
            eventually(lambda: client.scheduler.looked_at is not None)
            status, said = client.health()
        finally:
            client.scheduler.stop()
            loop.join(timeout=30)
    assert (status, said["status"], said["database"], said["ill_jobs"]) == (200, "ok", "up", [])
    assert 0 <= said["last_look_age_seconds"] < 10


def test_ill_jobs_are_named_and_no_reason_to_start_anew(clean_database: Database):
    for minutes in (3, 2, 1):
        note_run(clean_database, "failing", "failed", timedelta(minutes=minutes))
    with serving(clean_database, FINE, FAILING) as client:
        status, said = client.health()
        ill = client.metrics()["timeseries_job_ill"]
    assert (status, said["status"]) == (200, "ok")
    assert [(one["job"], one["what"]) for one in said["ill_jobs"]] == [("failing", "failing")]
    assert "a reason" in said["ill_jobs"][0]["why"]
    assert ill == {("fine",): 0, ("failing",): 1}


def test_a_loop_that_looks_no_more_is_ill(clean_database: Database):
    with serving(clean_database, HOURLY) as client:
        client.scheduler.looked_at = time.monotonic() - 61
        status, said = client.health()
        assert (status, said["status"], said["database"]) == (503, "ill", "up")
        assert client.metrics()["timeseries_scheduler_last_look_age_seconds"][()] == pytest.approx(61, abs=10)
        client.scheduler.looked_at = time.monotonic() - 50
        assert client.health()[0] == 200


def test_seldom_looks_are_waited_for_longer(clean_database: Database):
    with serving(clean_database, HOURLY, settings=Settings(jobs=JobSettings(poll_seconds=30))) as client:
        client.scheduler.looked_at = time.monotonic() - 290
        assert client.health()[0] == 200
        client.scheduler.looked_at = time.monotonic() - 301
        assert client.health()[0] == 503


@pytest.mark.parametrize("hangs", [False, True], ids=["gone", "hanging"])
def test_without_a_database_both_answer_within_five_seconds(hangs, capfd):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if hangs:
            silent.listen()
        database = Database(f"postgresql://x:y@127.0.0.1:{silent.getsockname()[1]}/z")
        with serving(database, FINE) as client:
            began = time.monotonic()
            found = client.metrics()
            assert time.monotonic() - began < 5
            status, said = client.health()
            assert time.monotonic() - began < 10
    assert found["timeseries_database_up"] == {(): 0}
    assert "timeseries_scheduler_last_look_age_seconds" in found
    assert "timeseries_job_lag_seconds" not in found
    assert (status, said["database"]) == (503, "down")
    assert "Traceback" not in capfd.readouterr().err


def test_who_waits_for_his_turn_is_busy_and_not_ill(clean_database: Database, at_once, eventually):
    with serving(clean_database, HOURLY) as client:
        assert client.health()[1]["database"] == "up"
        with clean_database.transaction() as connection:
            connection.execute(text("LOCK TABLE job_runs"))
            status, said = client.health()
            assert client.metrics()["timeseries_database_up"] == {(): 0}
        assert (status, said["database"]) == (200, "busy")
        eventually(lambda: client.health()[1]["database"] == "up")


def test_many_ask_and_the_database_is_read_once():
    reads = []

    def read() -> int:
        reads.append(1)
        time.sleep(0.2)
        return 5

    reader = PatientReader(read)
    answers: list[int | None] = []
    threads = [threading.Thread(target=lambda: answers.append(reader.newest())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [5] * 20
    assert len(reads) == 1


def test_a_reader_recovers_from_errors_and_from_reads_that_never_end(monkeypatch):
    monkeypatch.setattr(_patience, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(_patience, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(_patience, "ABANDONED_SECONDS", 0.3)
    released = threading.Event()
    steps: list[Callable[[], object]] = [lambda: 1, _raise, released.wait, lambda: 4]
    reader = PatientReader(lambda: steps.pop(0)())
    assert reader.newest() == 1
    assert (reader.newest(), reader.is_waiting) == (None, False)
    assert (reader.newest(), reader.is_waiting) == (None, True)
    assert (reader.newest(), len(steps)) == (None, 1), "it does not pile up tries"
    time.sleep(0.3)
    assert (reader.newest(), reader.is_waiting) == (4, False)
    released.set()


def _raise() -> None:
    raise DatabaseError("gone")


# ---- HTTP


@pytest.fixture(scope="module")
def client(database: Database):
    with serving(database, toy_jobs.QUICK) as made:
        yield made


def test_the_root_says_what_is_here(client):
    status, headers, body = client.ask("/")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain")
    assert "/metrics" in body
    assert "/health" in body


@pytest.mark.parametrize("path", ["/", "/metrics", "/health"])
def test_head_is_get_without_the_body(client, path):
    status, headers, body = client.ask(path, "HEAD")
    assert (status, body) == (200, "")
    assert int(headers["Content-Length"]) > 10


def test_a_query_is_ignored(client):
    assert client.ask("/metrics?name=x")[0] == 200


@pytest.mark.parametrize("path", ["/metric", "/metrics/", "/../etc/passwd", "/%2e%2e", "/HEALTH"])
def test_elsewhere_is_nothing(client, path):
    assert client.ask(path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
def test_nothing_can_be_changed(client, method):
    data = b"x" * 100_000 if method in ("POST", "PUT") else None
    status, headers, _ = client.ask("/metrics", method, data=data)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_clients_that_leave_early_leave_no_trace(client, capfd):
    for request in (
        b"",
        b"GET",
        b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", client.port)) as connection:
            connection.sendall(request)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    assert client.ask("/")[0] == 200
    assert "Traceback" not in capfd.readouterr().err


def test_a_port_in_use_is_refused_and_a_closed_one_is_free(database: Database):
    scheduler = Scheduler(database, Settings(), {"quick": toy_jobs.QUICK})
    first = serve_in_background(scheduler, "127.0.0.1:0")
    address = f"127.0.0.1:{first.port}"
    with pytest.raises(ConfigurationError, match=rf"Nobody can listen at {address} .*: choose another"):
        serve_in_background(scheduler, address)
    first.close()
    second = serve_in_background(scheduler, address)
    second.close()
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", second.port)):
        pass


@pytest.mark.parametrize(
    "address", ["", "9464", "host:", "host:port", "127.0.0.1:65536", "127.0.0.1:-1", ":²"]
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ConfigurationError, match="is no address to listen at"):
        host_and_port(address)


@given(
    host=st.sampled_from(["127.0.0.1", "0.0.0.0", "localhost", "::1", "fe80::1"]), port=st.integers(0, 65535)
)
def test_every_address_is_read_as_written(host, port):
    written = f"[{host}]" if ":" in host else host
    assert host_and_port(f"{written}:{port}") == (host, port)


@given(st.text())
def test_any_text_is_read_or_refused(address):
    try:
        _, port = host_and_port(address)
    except ConfigurationError:
        return
    assert 0 <= port <= 65535


def test_an_address_without_a_host_is_this_machine_alone(database: Database):
    scheduler = Scheduler(database, Settings(), {"quick": toy_jobs.QUICK})
    server = serve_in_background(scheduler, ":0")
    try:
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            assert connection.getpeername()[0] == "127.0.0.1"
        with pytest.raises(OSError), socket.create_connection(("127.0.0.2", server.port), timeout=2):
            pass
    finally:
        server.close()
