"""A database as those see it who may only read, all of it or some groups' accounts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from sqlalchemy import Connection

from timeseries.database import Database, run

__all__ = ["reader"]


def reader(database: Database, groups: Sequence[str] | None = None) -> Database:
    """The same database and connections, for reading.

    Each transaction begins with one statement that makes it read only and takes the role
    ``timeseries_reader``, or ``timeseries_scoped_reader`` for some groups. Afterwards the connection, on
    the embedded database the session of everybody, is the owner's again, whatever came of the transaction.

    Args:
        database: where to read; its login must be the owner of the tables or a member of both roles.
        groups: account groups to which all answers are limited; None for the whole firm, none for nothing.

    Returns:
        A database whose ``transaction()`` alone may be used. Closing it closes nothing.
    """
    return _Reader(database, groups)


class _Reader(Database):
    """Somebody else's engine, with a role."""

    def __init__(self, database: Database, groups: Sequence[str] | None) -> None:
        self.url = database.url
        self.embedded = database.embedded
        self.engine = database.engine
        self._groups = None if groups is None else list(groups)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection that reads one state of the database, as the role that may see it."""
        with super().transaction() as connection:
            if self._groups is None:
                run(connection, "access.become_reader", {})
            else:
                run(connection, "access.become_scoped_reader", {"groups": self._groups})
            yield connection

    def connection(self) -> NoReturn:
        """Refused: a role is taken for one transaction."""
        raise TypeError("A reader has transactions only.")

    def autocommit(self) -> NoReturn:
        """Refused: a role is taken for one transaction."""
        raise TypeError("A reader has transactions only.")

    def close(self) -> None:
        """Nothing: the connections belong to the database that this reads."""
