"""The schema's ladder: numbered rungs in ``sql/schema``, climbed and descended by Alembic."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from timeseries.database._statements import statement
from timeseries.errors import InputError, SchemaError

LADDER_LOCK = 0x7453_6572_6965_7301  # any number that no other program locks

__all__ = ["HEAD", "Rung", "check_schema", "downgrade", "history", "upgrade"]


def _ladder() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "ladder"))
    config.set_main_option("path_separator", "os")
    return config


HEAD = str(ScriptDirectory.from_config(_ladder()).get_current_head())


@dataclass(frozen=True)
class Rung:
    """One step of the schema: its revision, what it brings, whether this database has it."""

    revision: str
    title: str
    applied: bool


def current(connection: Connection) -> str | None:
    """The revision the database stands on; None when it has no schema of ours."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Climb to a revision; all rungs and their bookkeeping in one transaction."""
    _run(connection, revision, command.upgrade)


def downgrade(connection: Connection, revision: str) -> None:
    """Descend to a revision; ``base`` takes everything away. Data in dropped tables is gone."""
    _run(connection, revision, command.downgrade)


def _run(connection: Connection, revision: str, move: Callable[[Config, str], None]) -> None:
    known = [script.revision for script in ScriptDirectory.from_config(_ladder()).walk_revisions()]
    if revision not in {*known, "head", "base"}:
        raise InputError(
            f"There is no schema revision {revision!r}; known: base, {', '.join(sorted(known))}."
        )
    connection.rollback()
    # Two programs may climb at once: the second waits here and then finds nothing left to do.
    connection.execute(select(func.pg_advisory_xact_lock(LADDER_LOCK)))
    _refuse_newer(current(connection))
    config = _ladder()
    config.attributes["connection"] = connection
    move(config, revision)
    if current(connection) is None:
        connection.execute(statement("server.forget_ladder"))
    connection.commit()


def history(connection: Connection) -> list[Rung]:
    """All rungs, lowest first."""
    scripts = list(ScriptDirectory.from_config(_ladder()).walk_revisions())[::-1]
    here = current(connection)
    return [Rung(s.revision, str(s.doc), here is not None and s.revision <= here) for s in scripts]


def check_schema(connection: Connection) -> None:
    """Make sure the schema is the one this program was written for.

    Raises:
        SchemaError: it is missing, older or newer; the message says which and what to do.
    """
    here = current(connection)
    _refuse_newer(here)
    if here is None:
        raise SchemaError("The database has no schema yet: run `timeseries db upgrade`.")
    if here != HEAD:
        raise SchemaError(
            f"The database's schema ({here}) is older than this program ({HEAD}): "
            "run `timeseries db upgrade`."
        )


def _refuse_newer(here: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_ladder()).walk_revisions()}
    if here is not None and here not in known:
        raise SchemaError(
            f"The database's schema ({here}) is newer than this program ({HEAD}): install the newer program."
        )
