"""What every verb is given: the settings of this run, and the way to the database."""

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from timeseries.config import Settings, load_settings
from timeseries.database import Database, connect_database, open_database

__all__ = ["Session", "by_whom", "login_name", "pass_session", "print_json"]


@dataclass
class Session:
    """One run of the program; nothing is read or started before a verb asks for it."""

    config: Path | None = None
    database_url: str | None = None
    data_dir: Path | None = None

    @cached_property
    def settings(self) -> Settings:
        """The settings, read once."""
        return load_settings(self.config, database_url=self.database_url, data_dir=self.data_dir)

    def apart(self, data_dir: Path) -> "Session":
        """The same run on an embedded database of its own, whose alerts go to nobody."""
        session = Session(self.config)
        session.settings = replace(
            self.settings,
            database_url=None,
            data_dir=data_dir,
            alerts=replace(self.settings.alerts, sinks={}),
        )
        return session

    @contextmanager
    def database(self, *, any_schema: bool = False) -> Iterator[Database]:
        """The database, checked and open while the block runs."""
        opened = connect_database(self.settings) if any_schema else open_database(self.settings)
        try:
            yield opened
        finally:
            opened.close()


def login_name() -> str:
    """Who is at the terminal."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no login name, as in some containers
        return "unknown"


by_whom = click.option(
    "--by", default=login_name, help="Who says so; by default the name you are logged in by."
)
pass_session = click.make_pass_decorator(Session, ensure=True)


def print_json(value: Any) -> None:
    """Print a value as JSON; dates as ISO 8601, exact decimals as numbers' texts."""
    click.echo(json.dumps(value, indent=2, default=str))
