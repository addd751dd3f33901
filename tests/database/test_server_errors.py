"""What goes wrong with a database is said in one sentence."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from timeseries.config import Settings
from timeseries.database import Database, connect_database, embedded
from timeseries.database._database import _check_timescaledb, driver
from timeseries.database.embedded import ServerState
from timeseries.errors import ConfigurationError, DatabaseError


def failing(url: str) -> str:
    with pytest.raises(DatabaseError) as caught:
        connect_database(Settings(database_url=url))
    assert caught.value.exit_code == 5
    return str(caught.value)


def changed(server: ServerState, **parts: str) -> str:
    return make_url(server.url).set(**parts).render_as_string(hide_password=False)  # type: ignore[arg-type]


def test_no_server(server: ServerState) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert failing(f"postgresql://me:secret@127.0.0.1:{port}/firm") == (
        f"No database answers at postgresql://me:***@127.0.0.1:{port}/firm: "
        "check that it runs and that the address is right."
    )


def test_no_such_host() -> None:
    assert failing("postgresql://me@no-such-host.invalid/firm") == (
        "No database answers at postgresql://me@no-such-host.invalid/firm: "
        "check that it runs and that the address is right."
    )


def test_a_server_that_speaks_something_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        answer = threading.Thread(target=_answer_once, args=(listener,))
        answer.start()
        assert failing(f"postgresql://me@127.0.0.1:{port}/firm").startswith("No database answers at ")
        answer.join()


def _answer_once(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_wrong_password(server: ServerState) -> None:
    assert failing(changed(server, password="wrong")) == (
        "The database refuses the user or password of "
        f"postgresql://postgres:***@127.0.0.1:{server.port}/postgres."
    )


@pytest.mark.parametrize(
    ("part", "value", "reason"),
    [("database", "firm", 'database "firm" does not exist'), ("username", "me", 'role "me" does not exist')],
)
def test_no_such_database_or_user(server: ServerState, part: str, value: str, reason: str) -> None:
    assert failing(changed(server, **{part: value})) == f"The server has no such database or user: {reason}."


@pytest.mark.parametrize(
    "url", ["nonsense", "", " ", "postgresql://", "//", "http://x:y:z", "postgresql://h:port/x"]
)
def test_an_address_that_cannot_be_read(url: str) -> None:
    if not url or url == "postgresql://":
        return  # no address: the embedded database; no parts: PostgreSQL's own defaults
    with pytest.raises(ConfigurationError) as caught:
        connect_database(Settings(database_url=url))
    assert str(caught.value).startswith("The database URL ")


@pytest.mark.parametrize("url", ["mysql://me@here/firm", "sqlite:///file", "oracle+cx://x"])
def test_another_kind_of_database(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        connect_database(Settings(database_url=url))
    assert str(caught.value) == "The database URL must begin with postgresql://."


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2", "postgresql+asyncpg"]
)
def test_every_way_to_write_the_scheme_uses_the_one_driver(server: ServerState, scheme: str) -> None:
    database = connect_database(Settings(database_url=server.url.replace("postgresql", scheme, 1)))
    with database.transaction() as connection:
        assert driver(connection).info.port == server.port
    database.close()


def test_an_unknown_option_in_the_address(server: ServerState) -> None:
    assert "nonsense" in failing(server.url + "?nonsense=1")


def test_no_password_is_ever_shown(server: ServerState) -> None:
    secret = make_url(server.url).password
    assert secret is not None
    for url in (
        server.url + "?nonsense=1",
        changed(server, database="firm"),
        changed(server, host="127.0.0.9"),
    ):
        assert secret not in failing(url)
    assert secret not in repr(Settings(database_url=server.url))


# ---- TimescaleDB itself


@pytest.fixture
def plain_server(data_dir: Path) -> ServerState:
    """A server one may spoil."""
    return embedded.start(data_dir)


def test_a_server_without_timescaledb(plain_server: ServerState) -> None:
    database = Database(plain_server.url)
    with database.autocommit() as connection:
        connection.execute(text("DROP EXTENSION timescaledb CASCADE"))
    assert failing(plain_server.url) == (
        "The server has no TimescaleDB in this database: "
        "run CREATE EXTENSION timescaledb there, as a superuser, and try again."
    )


def test_an_old_timescaledb(server: ServerState) -> None:
    stand_in = "CREATE TEMP TABLE pg_extension AS SELECT 'timescaledb' AS extname, '2.9.3' AS extversion"
    with Database(server.url).transaction() as connection:
        connection.execute(text(stand_in))
        with pytest.raises(DatabaseError) as caught:
            _check_timescaledb(connection)
        connection.rollback()
    assert str(caught.value) == "The server's TimescaleDB is 2.9.3; the engine needs 2.18 or newer."


def test_an_apache_only_timescaledb(server: ServerState) -> None:
    # The embedded database's edition cannot be changed, so a function of the same name stands in front.
    stand_in = (
        "CREATE FUNCTION apache.current_setting(text, boolean) RETURNS text LANGUAGE sql RETURN 'apache'"
    )
    with Database(server.url).transaction() as connection:
        connection.execute(text("CREATE SCHEMA apache"))
        connection.execute(text(stand_in))
        connection.execute(text("SET LOCAL search_path = apache, pg_catalog"))
        with pytest.raises(DatabaseError) as caught:
            _check_timescaledb(connection)
        connection.rollback()
    assert str(caught.value) == (
        "The server's TimescaleDB is the Apache-only edition, without compression: "
        "install the Community edition, or set timescaledb.license = 'timescale'."
    )


# ---- later


@pytest.fixture
def spoilable(plain_server: ServerState) -> Iterator[Database]:
    database = Database(plain_server.url, embedded=True)
    yield database
    database.close()


LOST = "The connection to the embedded database was lost; nothing half-done was kept. Run the command again."


def test_a_server_that_dies_amid_a_transaction_or_copy(
    spoilable: Database, plain_server: ServerState
) -> None:
    with pytest.raises(DatabaseError) as caught, spoilable.transaction() as connection:
        connection.execute(text("SELECT 1"))
        os.kill(plain_server.pid, 9)
        connection.execute(text("SELECT 2"))
    assert str(caught.value) == LOST
    again = Database(embedded.start(plain_server.data_dir).url, embedded=True)
    with pytest.raises(DatabaseError) as caught, again.transaction() as connection:
        connection.execute(text("CREATE TEMP TABLE gone (n integer)"))
        with driver(connection).cursor().copy("COPY gone FROM STDIN") as copy:
            embedded.stop(plain_server.data_dir)
            for _ in range(1000):
                copy.write(b"1\n" * 100_000)
    assert str(caught.value) == LOST
    assert failing(again.url).startswith("No database answers at ")


def test_a_refused_statement_says_why_even_when_its_words_sound_like_a_lost_connection(
    database: Database,
) -> None:
    plan = (
        "INSERT INTO plans (plan, currency, initial_balance) VALUES ('connection failed: closed', 'USD', -1)"
    )
    with pytest.raises(DatabaseError) as caught, database.transaction() as connection:
        connection.execute(text(plan))
    assert str(caught.value).startswith(
        'The database refused a statement: new row for relation "plans" violates check constraint'
    )


def test_a_refused_copy_says_why(database: Database) -> None:
    with (
        pytest.raises(DatabaseError) as caught,
        database.transaction() as connection,
        driver(connection).cursor().copy("COPY currencies FROM STDIN") as copy,
    ):
        copy.write(b"not a currency\tx\n")
    assert str(caught.value).startswith("The database refused a statement: ")
    assert "smallint" in str(caught.value)
