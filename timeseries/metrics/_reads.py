"""How far the daily metrics reach."""

from dataclasses import dataclass
from datetime import date

from timeseries.database import Database, statement
from timeseries.errors import InputError

__all__ = ["Freshness", "known_day", "last_complete_day"]


@dataclass(frozen=True)
class Freshness:
    """How far the daily metrics reach.

    Attributes:
        day: the last weekday with data that has ended on every plan's calendar; None without data.
        stale: account-days whose metrics are out of date.
        rescoring: accounts whose anomalies or forecasts are: their metrics changed after these were made.
    """

    day: date | None
    stale: int
    rescoring: int


def last_complete_day(database: Database) -> Freshness:
    """The day that detection and forecasts take as "yesterday"."""
    with database.transaction() as connection:
        row = connection.execute(statement("metrics.last_complete_day")).one()
    return Freshness(row.day, row.stale, row.rescoring)


def known_day(database: Database) -> date:
    """The last complete day, for work that cannot do without one.

    Raises:
        InputError: there is none.
    """
    day = last_complete_day(database).day
    if day is None:
        raise InputError(
            "There is no complete trading day yet: load trades with `timeseries ingest trades FILE`."
        )
    return day
