"""SQL by name from the files in ``sql/queries``.

A file holds statements under headers of one line, ``-- name: purpose``. ``statement("ingest.merge_trades")``
is the block ``merge_trades`` of ``ingest.sql``. Parameters are written ``:name``.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, CursorResult, TextClause, text

HEADER = re.compile(r"^-- (\w+): .*$", re.MULTILINE)


@cache
def sql_directory() -> Path:
    """The folder of SQL files: inside the installed package, else beside the checkout."""
    installed = Path(str(files("timeseries"))) / "sql"
    return installed if installed.is_dir() else installed.parent.parent / "sql"


@cache
def statement(name: str) -> TextClause:
    """The named statement, ready for SQLAlchemy.

    Raises:
        KeyError: there is no such statement.
    """
    topic, _, block = name.partition(".")
    return text(_blocks(topic)[block])


def run(connection: Connection, name: str, values: Mapping[str, Any]) -> CursorResult[Any]:
    """Execute a named statement with those of the values that it names."""
    clause = statement(name)
    return connection.execute(clause, {key: values[key] for key in clause.compile().params})


@cache
def _blocks(topic: str) -> dict[str, str]:
    parts = HEADER.split((sql_directory() / "queries" / f"{topic}.sql").read_text())
    return dict(zip(parts[1::2], (body.strip().removesuffix(";") for body in parts[2::2]), strict=True))
