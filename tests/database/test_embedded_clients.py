"""Clients of the embedded server are as strangers to each other, though one backend serves them all."""

import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import create_engine, text

from timeseries.database.embedded import ServerState

Connect = Callable[..., psycopg.Connection]
Raw = Callable[[], Any]


@pytest.fixture
def kept(connect: Connect) -> psycopg.Connection:
    connection = connect()
    connection.execute("DROP TABLE IF EXISTS kept")
    connection.execute("CREATE TABLE kept (n integer)")
    return connection


def one(connection: psycopg.Connection, statement: str, *values: object) -> object:
    row = connection.execute(statement, values or None).fetchone()
    assert row is not None
    return row[0]


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# ---- who gets in


@pytest.mark.parametrize(
    ("user", "password", "database", "said"),
    [
        ("postgres", "wrong", "postgres", 'password authentication failed for user "postgres"'),
        ("nobody", "wrong", "postgres", 'role "nobody" does not exist'),
        ("postgres", "wrong", "elsewhere", 'database "elsewhere" does not exist'),
    ],
)
def test_a_wrong_password_user_or_database_is_refused(
    server: ServerState, user: str, password: str, database: str, said: str
) -> None:
    with pytest.raises(psycopg.OperationalError, match=said):
        psycopg.connect(f"postgresql://{user}:{password}@127.0.0.1:{server.port}/{database}")


def test_no_password_is_refused(server: ServerState) -> None:
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{server.port}/postgres")


@pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not installed")
def test_psql_talks_to_it(server: ServerState) -> None:
    script = "CREATE TEMP TABLE p (n int);\n\\copy p from stdin\n1\n2\n\\.\nSELECT sum(n) FROM p;\n\\d p\n"
    done = subprocess.run(
        ["psql", server.url, "-X", "-A", "-t"],
        input=script,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert "COPY 2\n3\n" in done.stdout
    assert "n|integer" in done.stdout
    failed = subprocess.run(
        ["psql", server.url, "-X", "-c", "SELECT 1 / 0"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert failed.stderr == "ERROR:  division by zero\n"


def test_sqlalchemy_talks_to_it(server: ServerState) -> None:
    engine = create_engine(server.url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT :a + 1"), {"a": 41}) == 42
    with pytest.raises(Exception, match="division by zero"), engine.begin() as connection:
        connection.execute(text("SELECT 1 / 0"))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()


# ---- one does not see the other


def test_prepared_statements_of_one_name_do_not_meet(connect: Connect) -> None:
    first, second = connect(), connect()
    for connection in (first, second):
        connection.prepare_threshold = 0  # psycopg calls both statements _pg3_0
    for number in range(5):
        assert one(first, "SELECT %s::int + 1", number) == number + 1
        assert one(second, "SELECT %s::int * 10", number) == number * 10


def test_a_rollback_of_one_does_not_deallocate_the_others_statements(connect: Connect) -> None:
    first, second = connect(), connect()
    for connection in (first, second):
        connection.prepare_threshold = 0
        assert one(connection, "SELECT %s::int", 1) == 1
    first.execute("BEGIN")
    first.execute("ROLLBACK")  # makes psycopg send DEALLOCATE ALL
    assert one(first, "SELECT %s::int", 2) == 2
    for statement in ("DEALLOCATE ALL", "DISCARD ALL"):
        for prepare in (True, False):
            assert first.execute(statement, prepare=prepare).statusmessage == statement
            assert one(second, "SELECT %s::int", 3) == 3


def test_a_client_deallocates_its_own_statement_by_name(raw: Raw) -> None:
    first, second = raw(), raw()
    for client in (first, second):
        assert client.ask(client.parse("SELECT 1", name="mine"), client.SYNC) == "1Z"
    assert first.ask(first.query("DEALLOCATE mine")) == "CZ"
    assert first.ask(first.bind(name="mine"), first.EXECUTE, first.SYNC) == "EZ"
    assert second.ask(second.bind(name="mine"), second.EXECUTE, second.SYNC) == "2DCZ"


def test_the_unnamed_statement_survives_the_turns_of_others(raw: Raw) -> None:
    first, second = raw(), raw()
    describe = first.message("D", b"S", "")
    assert first.ask(first.parse("SELECT 'first ' || $1::text"), describe, first.SYNC) == "1tTZ"
    assert second.ask(second.parse("SELECT 'second ' || $1::text"), describe, second.SYNC) == "1tTZ"
    for client, name in ((first, b"first"), (second, b"second"), (first, b"first")):
        client.send(client.bind("x"), client.EXECUTE, client.SYNC)
        answer = client.answer()
        assert "".join(kind for kind, _ in answer) == "2DCZ"
        assert answer[1][1][6:] == name + b" x"


def test_settings_are_each_clients_own(connect: Connect) -> None:
    first, second = connect(), connect()
    first.execute("SET TIME ZONE 'Asia/Kolkata'")
    first.execute("SET search_path = plain")
    assert one(second, "SHOW TimeZone") == "UTC"
    assert one(second, "SELECT count(*) FROM plans") == 0
    assert one(first, "SHOW TimeZone") == "Asia/Kolkata"
    assert one(first, "SELECT count(*) FROM trades") == 0  # plain.trades
    first.execute("RESET search_path")
    assert one(second, "SHOW search_path") == "public"


@pytest.mark.parametrize("prepare", [False, True])
def test_settings_that_a_function_changes_are_each_clients_own_too(connect: Connect, prepare: bool) -> None:
    """As pg_dump empties the search path."""
    first, second = connect(), connect()
    first.execute("SELECT set_config('search_path', 'plain', %s)", (False,), prepare=prepare)
    assert one(second, "SHOW search_path") == "public"
    assert one(first, "SHOW search_path") == "plain"
    first.execute(
        "SELECT Set_Config('search_path', lower('PLAIN'), true), set_config('work_mem', '1MB', false)"
    )
    assert (one(second, "SHOW work_mem"), one(first, "SHOW work_mem")) == ("64MB", "1MB")
    first.execute("SELECT set_config('search_path', 'plain, true)', false)")
    assert (one(second, "SHOW search_path"), one(first, "SHOW search_path")) == ("public", "plain, true)")
    first.execute("SELECT set_config('search_path', $$x, true)$$, false)")
    assert one(second, "SHOW search_path") == "public"


@pytest.mark.parametrize("how", ["SET ROLE visitor", "SELECT set_config('role', 'visitor', false)"])
def test_a_role_is_each_clients_own(connect: Connect, how: str) -> None:
    first, second = connect(), connect()
    second.execute("DROP ROLE IF EXISTS visitor")
    second.execute("CREATE ROLE visitor")
    first.execute(how)
    assert (one(first, "SELECT current_user"), one(second, "SELECT current_user")) == ("visitor", "postgres")
    first.close()
    assert one(second, "SELECT current_user") == "postgres"
    second.execute("DROP ROLE visitor")


@pytest.mark.parametrize("leave", ["close", "vanish"])
def test_settings_leave_with_their_client(connect: Connect, raw: Raw, leave: str) -> None:
    if leave == "close":
        with connect() as connection:
            connection.execute("SET search_path = nowhere")
            connection.execute("SET work_mem = '1MB'")
    else:
        client = raw()
        assert client.ask(client.query("SET search_path = nowhere; SET work_mem = '1MB'")) == "CCZ"
        client.vanish()
    later = connect()
    assert one(later, "SELECT count(*) FROM currencies") == 33
    assert one(later, "SHOW work_mem") == "64MB"


def test_a_transaction_is_seen_by_others_when_it_commits(connect: Connect, kept: psycopg.Connection) -> None:
    writer = connect()
    writer.execute("BEGIN")
    writer.execute("INSERT INTO kept VALUES (1)")
    seen: list[object] = []
    reader = threading.Thread(target=lambda: seen.append(one(kept, "SELECT count(*) FROM kept")))
    reader.start()
    reader.join(0.3)
    assert reader.is_alive()  # it waits for its turn
    writer.execute("COMMIT")
    reader.join(10)
    assert seen == [1]


def test_eight_clients_at_once(connect: Connect, kept: psycopg.Connection) -> None:
    def work(number: int) -> None:
        connection = connect()
        for _ in range(20):
            with connection.transaction(), connection.cursor().copy("COPY kept FROM STDIN") as copy:
                copy.write(f"{number}\n" * 10)
            one(connection, "SELECT count(*) FROM kept WHERE n = %s", number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    counts = kept.execute("SELECT n, count(*) FROM kept GROUP BY n ORDER BY n").fetchall()
    assert counts == [(number, 200) for number in range(8)]


# ---- those who leave


@pytest.mark.parametrize("goodbye", ["reset", "end"])
def test_who_vanishes_in_a_transaction_is_rolled_back(
    raw: Raw, kept: psycopg.Connection, goodbye: str
) -> None:
    client = raw()
    assert client.ask(client.query("BEGIN; INSERT INTO kept VALUES (1)")) == "CCZ"
    client.vanish() if goodbye == "reset" else client.socket.close()
    assert one(kept, "SELECT count(*) FROM kept") == 0
    assert one(kept, "SELECT pg_current_xact_id_if_assigned()::text IS NULL") is True


def test_who_vanishes_in_an_extended_group_leaves_nothing(raw: Raw, kept: psycopg.Connection) -> None:
    client = raw()
    client.send(client.run("INSERT INTO kept VALUES (1)"), client.FLUSH)
    assert [client.read_message()[0] for _ in range(3)] == ["1", "2", "C"]
    client.vanish()
    failed = raw()
    failed.send(failed.parse("SELEKT"), failed.FLUSH)
    assert failed.read_message()[0] == "E"
    failed.vanish()
    assert one(kept, "SELECT count(*) FROM kept") == 0


def test_who_vanishes_amid_a_copy_leaves_nothing(raw: Raw, kept: psycopg.Connection) -> None:
    for begin in (
        "COPY kept FROM STDIN",
        "BEGIN; COPY kept FROM STDIN",
        "COPY kept FROM STDIN; COPY kept FROM STDIN",
    ):
        client = raw()
        client.send(client.query(begin), client.data(b"1\n" * 600_000), client.data(b"2"))
        while client.read_message()[0] != "G":
            pass
        client.vanish()
        assert one(kept, "SELECT count(*) FROM kept") == 0
    extended = raw()
    extended.send(extended.run("COPY kept FROM STDIN"), extended.SYNC, extended.data(b"1\n"))
    extended.vanish()
    assert one(kept, "SELECT count(*) FROM kept") == 0


def test_who_vanishes_amid_a_result_does_not_stop_the_others(raw: Raw, kept: psycopg.Connection) -> None:
    client = raw()
    client.send(client.query("SELECT repeat('x', 1000) FROM generate_series(1, 30000)"))
    assert client.read_message()[0] == "T"
    client.vanish()
    assert one(kept, "SELECT 1") == 1


def test_who_reads_slowly_does_not_stop_the_others(raw: Raw, kept: psycopg.Connection) -> None:
    client = raw()
    client.send(client.query("SELECT repeat('x', 1000) FROM generate_series(1, 20000)"))
    assert client.read_message()[0] == "T"
    assert one(kept, "SELECT 1") == 1  # while 20 MB wait for the slow one
    assert client.kinds() == "D" * 20_000 + "CZ"


def test_a_lone_flush_or_terminate_keeps_no_turn(raw: Raw, kept: psycopg.Connection) -> None:
    client, other = raw(), raw()
    assert client.ask(client.run("SELECT 1"), client.SYNC, client.FLUSH) == "12DCZ"
    other.send(other.message("X"))
    assert one(kept, "SELECT 1") == 1


def test_who_vanishes_while_waiting_is_forgotten(
    raw: Raw, connect: Connect, kept: psycopg.Connection
) -> None:
    kept.execute("BEGIN")
    waiting = raw()
    waiting.send(waiting.query("INSERT INTO kept VALUES (1)"))
    time.sleep(0.1)
    waiting.vanish()
    time.sleep(0.1)
    kept.execute("COMMIT")
    assert one(connect(), "SELECT count(*) FROM kept") == 0


def test_who_waits_can_be_cancelled(connect: Connect, kept: psycopg.Connection) -> None:
    waiting = connect()
    kept.execute("BEGIN")
    caught: list[BaseException] = []

    def wait() -> None:
        try:
            waiting.execute("SELECT %s::int", (1,))
        except errors.QueryCanceled as error:
            caught.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.2)
    waiting.cancel_safe()
    thread.join(5)
    assert len(caught) == 1
    kept.execute("COMMIT")
    assert one(waiting, "SELECT 2") == 2


def test_a_cancelled_group_is_skipped_up_to_its_sync(raw: Raw, kept: psycopg.Connection) -> None:
    """A client that flushes and is cancelled while it waits gets one error and one ReadyForQuery."""
    client = raw()
    kept.execute("BEGIN")
    client.send(client.run("SELECT 1"), client.FLUSH)
    time.sleep(0.1)
    client.cancel()
    assert client.read_message()[0] == "E"
    assert client.ask(client.run("SELECT 2"), client.SYNC) == "Z"
    kept.execute("COMMIT")
    assert client.ask(client.run("SELECT 3"), client.SYNC) == "12DCZ"


# ---- notifications


def heard(connection: psycopg.Connection) -> list[tuple[str, str]]:
    return [(note.channel, note.payload) for note in connection.notifies(timeout=0.3)]


def test_a_notification_reaches_those_who_listen_to_its_channel(connect: Connect) -> None:
    first, second, speaker = connect(), connect(), connect()
    first.execute("LISTEN prices")
    second.execute('LISTEN "Other"')
    speaker.execute("NOTIFY prices, 'up'")
    speaker.execute("SELECT pg_notify('Other', 'down')")
    assert heard(first) == [("prices", "up")]
    assert heard(second) == [("Other", "down")]
    assert heard(speaker) == []


def test_who_stops_listening_leaves_the_others_listening(connect: Connect) -> None:
    first, second, third, speaker = connect(), connect(), connect(), connect()
    for connection in (first, second, third):
        connection.execute("LISTEN shared")
    first.execute("UNLISTEN *")
    third.close()
    speaker.execute("NOTIFY shared, 'still here'")
    assert heard(second) == [("shared", "still here")]
    assert heard(first) == []


def test_a_notification_waits_for_the_commit(connect: Connect) -> None:
    listener, speaker = connect(), connect()
    listener.execute("LISTEN later")
    with speaker.transaction(force_rollback=True):
        speaker.execute("NOTIFY later, 'never'")
    assert heard(listener) == []
    with speaker.transaction():
        speaker.execute("NOTIFY later, 'now'")
    assert heard(listener) == [("later", "now")]
