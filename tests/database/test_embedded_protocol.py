"""The embedded server speaks the PostgreSQL protocol as a server does, however the bytes come."""

import itertools
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from io import StringIO
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import errors

from timeseries.database.embedded import ServerState

Connect = Callable[..., psycopg.Connection]
Raw = Callable[[], Any]  # gives a RawClient of conftest


@pytest.fixture
def numbers(connect: Connect) -> psycopg.Connection:
    connection = connect()
    connection.execute("DROP TABLE IF EXISTS numbers")
    connection.execute("CREATE TABLE numbers (n integer PRIMARY KEY, word text)")
    return connection


def count(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM numbers").fetchone()
    assert row is not None
    return int(row[0])


def copy_in(connection: psycopg.Connection, *parts: bytes) -> None:
    with connection.cursor().copy("COPY numbers FROM STDIN") as copy:
        for part in parts:
            copy.write(part)


# ---- framing


def test_a_message_may_come_byte_by_byte(raw: Raw) -> None:
    client = raw()
    for byte in client.query("SELECT 'one byte at a time'"):
        client.send(bytes([byte]))
        time.sleep(0.0005)
    assert client.kinds() == "TDCZ"


def test_many_messages_may_come_in_one_segment(raw: Raw) -> None:
    client = raw()
    client.send(*[client.query(f"SELECT {number}") for number in range(50)])
    answers = [client.answer() for _ in range(50)]
    assert [messages[1][1][6:] for messages in answers] == [str(number).encode() for number in range(50)]


@pytest.mark.parametrize("size", [*range(8150, 8200, 3), *range(16340, 16400, 7), 5_000_000])
def test_no_size_of_a_message_cuts_it_off(raw: Raw, size: int) -> None:
    client = raw()
    value = "v" * size
    assert client.ask(client.run("SELECT length($1::text)", value), client.SYNC) == "12DCZ"
    client.send(client.parse(f"SELECT length('{value}')"), client.bind(), client.EXECUTE, client.SYNC)
    assert client.answer()[2][1][6:] == str(size).encode()
    client.send(client.query(f"SELECT length('{value}')"))
    assert client.answer()[1][1][6:] == str(size).encode()


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 9000), min_size=1, max_size=40),
    cuts=st.lists(st.integers(1, 40_000), max_size=8),
)
def test_a_group_of_any_shape_is_answered_whole(one_raw: Any, sizes: list[int], cuts: list[int]) -> None:
    client = one_raw
    group = b"".join(client.run("SELECT length($1::text)", "v" * size) for size in sizes) + client.SYNC
    places = [0, *sorted(cut for cut in cuts if cut < len(group)), len(group)]
    for start, end in itertools.pairwise(places):
        client.send(group[start:end])
    answer = client.answer()
    assert "".join(kind for kind, _ in answer) == "12DC" * len(sizes) + "Z"
    assert [int(body[6:]) for kind, body in answer if kind == "D"] == sizes


@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"\0\0\0\4",
        b"\0\0\0\0",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\xff" * 64,
        b"\0\0\0\x08\0\0\0\0",
    ],
)
def test_whoever_is_no_client_is_sent_away_and_harms_nobody(
    server: ServerState, connect: Connect, bytes_sent: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as stranger:
        stranger.sendall(bytes_sent)
        while stranger.recv(1000):
            pass
    assert connect().execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("bytes_sent", [b"?\0\0\0\4", b"Q\0\0\0\3", b"S\x7f\xff\xff\xff", b"\0\0\0\0\0"])
def test_a_broken_message_ends_that_client_only(raw: Raw, connect: Connect, bytes_sent: bytes) -> None:
    client = raw()
    assert client.ask(client.query("BEGIN")) == "CZ"
    client.send(bytes_sent)
    kind, body = client.read_message()
    assert kind == "E" and b"C08P01\0" in body
    assert connect().execute("SELECT 1").fetchone() == (1,)


# ---- the extended protocol


def test_after_an_error_all_is_skipped_up_to_sync(raw: Raw) -> None:
    client = raw()
    assert (
        client.ask(client.parse("SELEKT"), client.bind(), client.EXECUTE, client.run("SELECT 1"), client.SYNC)
        == "EZ"
    )
    client.send(client.parse("SELEKT"), client.FLUSH)
    assert client.read_message()[0] == "E"
    client.send(client.query("SELECT 'skipped'"), client.run("SELECT 'skipped'"), client.FLUSH, client.SYNC)
    assert client.kinds() == "Z"
    assert client.ask(client.run("SELECT 1"), client.SYNC) == "12DCZ"


def test_a_group_with_an_error_changes_nothing(raw: Raw, numbers: psycopg.Connection) -> None:
    client = raw()
    insert = client.run("INSERT INTO numbers VALUES (1)")
    assert client.ask(insert, client.run("SELECT 1 / 0"), client.SYNC) == "12C1EZ"
    assert count(numbers) == 0


def test_flush_answers_before_sync(raw: Raw) -> None:
    client = raw()
    client.send(client.parse("SELECT $1::text"), client.message("D", b"S", ""), client.FLUSH)
    assert [client.read_message()[0] for _ in range(3)] == ["1", "t", "T"]
    assert client.ask(client.bind("x"), client.EXECUTE, client.SYNC) == "2DCZ"


def test_a_pipeline_of_a_thousand_statements(connect: Connect, numbers: psycopg.Connection) -> None:
    with numbers.pipeline():
        for number in range(1000):
            numbers.execute("INSERT INTO numbers VALUES (%s, %s)", (number, "w" * 100))
    assert count(numbers) == 1000
    with pytest.raises(errors.UniqueViolation), numbers.pipeline():
        for number in (2000, 1, 2001):
            numbers.execute("INSERT INTO numbers VALUES (%s, 'x')", (number,))
    assert connect().execute("SELECT count(*) FROM numbers WHERE n = 2001").fetchone() == (0,)


# ---- errors inside transactions


def test_an_error_fails_the_transaction_until_it_is_rolled_back(numbers: psycopg.Connection) -> None:
    with pytest.raises(errors.DivisionByZero), numbers.transaction():
        numbers.execute("INSERT INTO numbers VALUES (1)")
        numbers.execute("SELECT 1 / 0")
    assert count(numbers) == 0
    numbers.execute("BEGIN")
    with pytest.raises(errors.UndefinedTable):
        numbers.execute("SELECT * FROM nowhere")
    with pytest.raises(errors.InFailedSqlTransaction):
        numbers.execute("SELECT 1")
    numbers.execute("ROLLBACK")
    assert numbers.execute("SELECT 1").fetchone() == (1,)


def test_a_savepoint_keeps_what_came_before(numbers: psycopg.Connection) -> None:
    with numbers.transaction():
        numbers.execute("INSERT INTO numbers VALUES (1)")
        with pytest.raises(errors.UniqueViolation), numbers.transaction():
            numbers.execute("INSERT INTO numbers VALUES (2), (1)")
        with pytest.raises(errors.BadCopyFileFormat), numbers.transaction():
            copy_in(numbers, b"3\ta\tb\tc\n")
        numbers.execute("INSERT INTO numbers VALUES (4)")
    assert numbers.execute("SELECT array_agg(n ORDER BY n) FROM numbers").fetchone() == ([1, 4],)


def test_a_transaction_of_300_000_rows_is_all_or_nothing(numbers: psycopg.Connection) -> None:
    rows = "".join(f"{number}\tword\n" for number in range(300_000)).encode()
    with numbers.transaction(force_rollback=True), numbers.cursor().copy("COPY numbers FROM STDIN") as copy:
        copy.write(rows)
    assert count(numbers) == 0
    with numbers.transaction(), numbers.cursor().copy("COPY numbers FROM STDIN") as copy:
        copy.write(rows)
    assert count(numbers) == 300_000


# ---- COPY

WORDS = st.one_of(
    st.none(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
)


@settings(max_examples=30, deadline=None)
@given(words=st.lists(WORDS, max_size=50), binary=st.booleans())
def test_copy_returns_what_it_was_given(
    copying: psycopg.Connection, words: list[str | None], binary: bool
) -> None:
    how = "FORMAT binary" if binary else "FORMAT text"
    copying.execute("TRUNCATE copied")
    with copying.cursor().copy(f"COPY copied FROM STDIN ({how})") as copy:
        copy.set_types(["int4", "text"])
        for number, word in enumerate(words):
            copy.write_row((number, word))
    with copying.cursor().copy(f"COPY copied TO STDOUT ({how})") as copy:
        copy.set_types(["int4", "text"])
        assert [tuple(row) for row in copy.rows()] == list(enumerate(words))


@pytest.fixture(scope="module")
def copying(server: ServerState) -> psycopg.Connection:
    connection = psycopg.connect(server.url, autocommit=True)
    connection.execute("CREATE TABLE copied (n integer, word text)")
    yield connection
    connection.close()


def test_copy_of_csv_both_ways(numbers: psycopg.Connection) -> None:
    text = '1,"a ""quoted"" one"\n2,\n3,"two\nlines"\n'
    with numbers.cursor().copy("COPY numbers (n, word) FROM STDIN WITH (FORMAT csv)") as copy:
        copy.write(text)
    with numbers.cursor().copy("COPY numbers TO STDOUT WITH (FORMAT csv)") as copy:
        assert b"".join(copy) == text.encode()


@pytest.mark.parametrize(
    "statement",
    [
        'COPY "binary" FROM STDIN',
        'COPY "binary"(n)FROM STDIN',
        "/* a comment */ -- and another\nCOPY \"binary\" FROM STDIN WITH (FORMAT text, NULL 'binary')",
        "copy public.binary from stdin where n > (0)",
    ],
)
def test_the_format_of_a_copy_is_what_the_backend_says(connect: Connect, statement: str) -> None:
    connection = connect()
    connection.execute('CREATE TABLE IF NOT EXISTS "binary" (n integer)')
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        assert cursor.pgresult is not None and cursor.pgresult.binary_tuples == 0
        copy.write_row((7,))
    assert connection.execute('DELETE FROM "binary" RETURNING n').fetchall() == [(7,)]


def test_a_text_that_only_mentions_copy_from_stdin_is_no_copy(connect: Connect) -> None:
    with connect().cursor().copy("COPY (SELECT 'copy t from stdin') TO STDOUT") as copy:
        assert b"".join(copy) == b"copy t from stdin\n"


def test_a_copy_error_names_the_line_and_keeps_no_row(numbers: psycopg.Connection) -> None:
    lines = [f"{number if number != 777 else 'x'}\t{'y' * 40}\n" for number in range(100_000)]
    with pytest.raises(errors.InvalidTextRepresentation) as caught:
        copy_in(numbers, *[line.encode() for line in lines])
    assert "line 778" in str(caught.value.diag.context)
    assert count(numbers) == 0
    with pytest.raises(errors.UndefinedTable), numbers.cursor().copy("COPY nowhere FROM STDIN") as copy:
        copy.write(b"1\n" * 100)
    assert count(numbers) == 0


def test_a_copy_the_client_gives_up_keeps_no_row(numbers: psycopg.Connection) -> None:
    with pytest.raises(ZeroDivisionError), numbers.cursor().copy("COPY numbers FROM STDIN") as copy:
        copy.write(b"1\tone\n")
        1 / 0  # noqa: B018
    assert count(numbers) == 0


def test_a_copy_in_a_transaction_is_undone_by_a_later_error(numbers: psycopg.Connection) -> None:
    with pytest.raises(errors.DivisionByZero), numbers.transaction():
        with numbers.cursor().copy("COPY numbers FROM STDIN") as copy:
            copy.write(b"1\tone\n")
        assert count(numbers) == 1
        numbers.execute("SELECT 1 / 0")
    assert count(numbers) == 0


def test_copy_amid_other_statements_of_one_query(raw: Raw, numbers: psycopg.Connection) -> None:
    client = raw()
    client.send(
        client.query("INSERT INTO numbers VALUES (0); COPY numbers FROM STDIN; SELECT sum(n) FROM numbers")
    )
    assert [client.read_message()[0] for _ in range(2)] == ["C", "G"]
    assert client.ask(client.data(b"1\ta\n2\tb\n"), client.COPY_DONE) == "CTDCZ"
    assert count(numbers) == 3


def test_copy_by_the_extended_protocol(raw: Raw, numbers: psycopg.Connection) -> None:
    client = raw()
    client.send(client.run("COPY numbers FROM STDIN"), client.SYNC)
    assert [client.read_message()[0] for _ in range(3)] == ["1", "2", "G"]
    assert client.ask(client.data(b"1\ta\n"), client.COPY_DONE, client.SYNC) == "CZ"
    assert count(numbers) == 1


def test_rows_sent_after_a_failed_copy_are_ignored(raw: Raw, numbers: psycopg.Connection) -> None:
    client = raw()
    client.send(client.query("COPY numbers FROM STDIN"))
    assert client.read_message()[0] == "G"
    client.send(client.data(b"x\ty\n"), *[client.data(b"2\ty\n" * 50_000)] * 10, client.COPY_DONE)
    assert client.kinds() == "EZ"
    assert client.ask(client.query("SELECT 1")) == "TDCZ"
    assert count(numbers) == 0


# ---- large and small results


def test_a_result_of_50_megabytes(connect: Connect) -> None:
    connection = connect()
    rows = connection.execute(
        "SELECT n, repeat(chr(65 + n % 26), 500) FROM generate_series(1, 100000) n"
    ).fetchall()
    assert len(rows) == 100_000
    assert all(word == chr(65 + n % 26) * 500 for n, word in rows)
    row = connection.execute("SELECT repeat('x', 50000000)").fetchone()
    assert row is not None and len(row[0]) == 50_000_000


def test_reading_much_leaves_the_server_as_small_as_before(server: ServerState, connect: Connect) -> None:
    connection = connect()
    read = "SELECT n, repeat('x', 100) FROM generate_series(1, 100000) n"
    for _ in range(2):
        connection.execute(read)
    before = _resident(server.pid)
    for _ in range(8):
        connection.execute(read)
    assert _resident(server.pid) - before < 100e6  # it reads 100 MB


def _resident(pid: int) -> float:
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return float(shown.stdout) * 1024


def test_a_server_side_cursor_fetches_in_steps(connect: Connect) -> None:
    connection = connect(autocommit=False)
    with connection.cursor("steps") as cursor:
        cursor.itersize = 1000
        cursor.execute("SELECT generate_series(1, 10500)")
        assert sum(row[0] for row in cursor) == 10500 * 10501 // 2


def test_notices_and_statuses_arrive(connect: Connect) -> None:
    connection = connect()
    heard: list[str | None] = []
    connection.add_notice_handler(lambda notice: heard.append(notice.message_primary))
    connection.execute("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
    assert heard == ["hello"]
    assert connection.execute("SELECT 1 WHERE false").statusmessage == "SELECT 0"
    assert connection.execute("").statusmessage is None
    assert connection.info.server_version == 170005


def test_copy_of_a_string_buffer_larger_than_a_group(numbers: psycopg.Connection) -> None:
    buffer = StringIO("".join(f"{n},{'w' * 200}\n" for n in range(30_000)))
    with numbers.cursor().copy("COPY numbers FROM STDIN WITH (FORMAT csv)") as copy:
        while part := buffer.read(1000):
            copy.write(part)
    assert count(numbers) == 30_000


def test_a_function_call_message_is_answered(raw: Raw) -> None:
    client = raw()
    # pg_backend_pid(), oid 2026, no arguments, text result
    assert client.ask(client.message("F", struct.pack("!IHHH", 2026, 0, 0, 0))) == "VZ"
