"""A database of the benchmark's own, with the schema, dropped at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import make_url, text

from timeseries.config import Settings
from timeseries.database import Database, connect_database, embedded, open_database, upgrade

__all__ = ["scratch"]

# A policy that runs in the middle of a measurement is measured with it.
STOP_POLICIES = text("SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs")


@contextmanager
def scratch(server: str | None) -> Iterator[Database]:
    """An empty database on a server whose user may create databases, or embedded when none is named."""
    with _on_server(server) if server else _embedded() as database:
        with database.transaction() as connection:
            connection.execute(STOP_POLICIES)
        yield database
        database.close()


@contextmanager
def _on_server(server: str) -> Iterator[Database]:
    name = f"timeseries_benchmark_{uuid4().hex[:12]}"
    plain = make_url(server).set(drivername="postgresql")
    with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            own = plain.set(database=name).render_as_string(hide_password=False)
            with psycopg.connect(own, autocommit=True) as connection:
                connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
            database = connect_database(Settings(database_url=own))
            with database.connection() as connection:
                upgrade(connection)
            yield database
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def _embedded() -> Iterator[Database]:
    with TemporaryDirectory() as directory:
        try:
            yield open_database(Settings(data_dir=Path(directory)))
        finally:
            embedded.stop(Path(directory))
