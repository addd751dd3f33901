"""One database and its connections, whichever of the two it is."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool, QueuePool

from timeseries.config import Settings
from timeseries.database import embedded
from timeseries.database._schema import check_schema, upgrade
from timeseries.database._statements import statement
from timeseries.errors import ConfigurationError, DatabaseError

__all__ = ["Database", "connect_database", "open_database"]

NO_CONNECTION = re.compile(r"connection (failed|timeout|is bad)|failed to resolve host|\[Errno")
SERVER_GOES = {"57P01", "57P02", "57P03"}
RUNS_BEFORE_PREPARING = 5
POOL_PATIENCE = 30  # seconds to wait for a connection of the pool
OLDEST_TIMESCALEDB = (2, 18)  # the first with the columnstore names the schema uses


class Database:
    """A TimescaleDB: transactions, autocommit connections, and errors as sentences.

    The embedded database gives all connections one session, so nothing here relies on prepared
    statements, session settings or advisory locks, and nobody opens a second connection inside a
    transaction: it would wait for the first for ever.
    """

    def __init__(
        self, url: str, *, embedded: bool = False, application: str | None = None, pool: int = 0
    ) -> None:
        """Connect to nothing yet.

        Args:
            url: a URL that begins with ``postgresql://``.
            embedded: whether it is the embedded database.
            application: what the server is to call the connections, in ``pg_stat_activity`` and its log.
            pool: how many connections to keep open between transactions, and to have at most at once;
                0 opens one for each transaction. Those that are kept prepare on a server what they run
                often: planning takes longer than most reads run.

        Raises:
            ConfigurationError: the URL cannot be used.
        """
        self.url = url
        self.embedded = embedded
        self.engine = _engine(url, application, pool, prepares=pool > 0 and not embedded)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection whose work commits together at the end, or not at all."""
        with _as_sentences(self), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection whose user begins and commits, as the schema's ladder does."""
        with _as_sentences(self), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def autocommit(self) -> Iterator[Connection]:
        """A connection for the statements that refuse a transaction, such as refreshes."""
        with (
            _as_sentences(self),
            self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            yield connection

    @property
    def name(self) -> str:
        """The database in words, without its password."""
        return "the embedded database" if self.embedded else make_url(self.url).render_as_string()

    def close(self) -> None:
        """Close the pooled connections; an embedded server goes on for others."""
        self.engine.dispose()


def driver(connection: Connection) -> psycopg.Connection[tuple[object, ...]]:
    """The psycopg connection underneath, for COPY."""
    found = connection.connection.driver_connection
    assert isinstance(found, psycopg.Connection)
    return found


def open_database(settings: Settings) -> Database:
    """Connect, and make sure that everything the engine needs is there.

    The embedded database is started if need be, and its schema brought up to date: it belongs to
    this program alone. A server's schema is only checked.

    Raises:
        DatabaseError: no server, wrong password, no usable TimescaleDB.
        SchemaError: the schema is missing, older or newer than the program.
    """
    database = connect_database(settings)
    if database.embedded:
        with database.connection() as connection:
            upgrade(connection)
    with database.transaction() as connection:
        check_schema(connection)
    return database


def connect_database(settings: Settings) -> Database:
    """Connect without looking at the schema, as ``db upgrade`` must."""
    if settings.database_url:
        database = Database(settings.database_url)
    else:
        database = Database(embedded.start(settings.data_dir).url, embedded=True)
    with database.transaction() as connection:
        _check_timescaledb(connection)
    return database


def _engine(url: str, application: str | None, pool: int, *, prepares: bool) -> Engine:
    named = {} if application is None else {"application_name": application}
    try:
        parsed = make_url(url)
        if parsed.drivername.partition("+")[0] not in ("postgres", "postgresql"):
            raise ConfigurationError("The database URL must begin with postgresql://.")
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            **_pooling(pool),
            connect_args={
                "autocommit": True,
                "prepare_threshold": RUNS_BEFORE_PREPARING if prepares else None,
                "connect_timeout": 10,
                # Compiling a plan takes longer than most statements of ours run. A plan for whatever filters
                # are given walks through everybody's rows where one account is asked for.
                "options": "-c timezone=UTC -c jit=off -c plan_cache_mode=force_custom_plan",
                **named,
            },
        )
        # What SQLAlchemy asks of a server at first is not to be counted as a transaction rolled back.
        event.listen(engine, "connect", lambda connection, _: setattr(connection, "autocommit", False))
        return engine
    except (ArgumentError, ValueError) as error:
        raise ConfigurationError(
            "The database URL cannot be read: it looks like postgresql://user:password@host:5432/name."
        ) from error


def _pooling(pool: int) -> dict[str, Any]:
    """What makes SQLAlchemy keep so many connections; each is tried before use, as a server may have gone."""
    if pool == 0:
        return {"poolclass": NullPool}
    return {
        "poolclass": QueuePool,
        "pool_size": pool,
        "max_overflow": 0,
        "pool_timeout": POOL_PATIENCE,
        "pool_pre_ping": True,
    }


def _check_timescaledb(connection: Connection) -> None:
    version = connection.scalar(statement("server.extension_version"))
    if version is None:
        raise DatabaseError(
            "The server has no TimescaleDB in this database: "
            "run CREATE EXTENSION timescaledb there, as a superuser, and try again."
        )
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < OLDEST_TIMESCALEDB:
        raise DatabaseError(f"The server's TimescaleDB is {version}; the engine needs 2.18 or newer.")
    if connection.scalar(statement("server.license")) != "timescale":
        raise DatabaseError(
            "The server's TimescaleDB is the Apache-only edition, without compression: "
            "install the Community edition, or set timescaledb.license = 'timescale'."
        )


@contextmanager
def _as_sentences(database: Database) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise DatabaseError(_sentence(database, error.orig or error)) from error
    except PoolTimeout as error:
        raise DatabaseError(
            f"All connections to {database.name} are busy: try again, or allow more of them."
        ) from error
    except psycopg.Error as error:  # from the driver itself, as in a COPY
        raise DatabaseError(_sentence(database, error)) from error


def _sentence(database: Database, error: BaseException) -> str:
    said = " ".join(str(error).split())
    if NO_CONNECTION.match(said):
        return _connection_sentence(database, said)
    state = getattr(error, "sqlstate", None)
    if state in SERVER_GOES or (state is None and isinstance(error, psycopg.OperationalError)):
        return (
            f"The connection to {database.name} was lost; nothing half-done was kept. Run the command again."
        )
    return f"The database refused a statement: {said}"


def _connection_sentence(database: Database, said: str) -> str:
    reason = said.rpartition("FATAL: ")[2].strip() if "FATAL: " in said else None
    if reason is None:
        return f"No database answers at {database.name}: check that it runs and that the address is right."
    if "password authentication failed" in reason:
        return f"The database refuses the user or password of {database.name}."
    if "does not exist" in reason:
        return f"The server has no such database or user: {reason}."
    return f"The server refuses the connection to {database.name}: {reason}."
