"""A look at some accounts over some trading days: who they are, and what they did, as columns."""

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection

from timeseries.database import run
from timeseries.surveillance._columns import Ints, copy_columns

__all__ = ["LOTS", "Calendars", "Days", "Look", "Sizes", "Trades", "as_date", "day_number"]

# A lot in the unit of the trades' sizes.
LOTS = 100_000
# A reset lies within a day of the UTC day, whatever the zone.
MARGIN = timedelta(days=2)
# News is looked up for trades held no longer than so many days.
LONGEST_HELD = 60


def day_number(day: date) -> int:
    """Days since 1970."""
    return (day - date(1970, 1, 1)).days


def as_date(number: int) -> date:
    """The date of a day number."""
    return date(1970, 1, 1) + timedelta(days=int(number))


@dataclass(frozen=True)
class _Columns:
    """Columns of the same length."""

    place: Ints

    def __len__(self) -> int:
        return len(self.place)

    def taken(self, rows: npt.NDArray[Any] | slice) -> Self:
        """The rows of a mask or of places."""
        return type(self)(*(getattr(self, item.name)[rows] for item in fields(self)))


@dataclass(frozen=True)
class Trades(_Columns):
    """Closed trades, a column each, sorted by account, close and ticket.

    ``place`` is the account's in the look; ``opened`` and ``closed`` are seconds since 1970 UTC, ``lots``
    hundred-thousandths of a lot, ``net`` minor units after costs, ``day`` the trading day of the close as
    a day number.
    """

    ticket: Ints
    symbol: Ints
    side: Ints
    lots: Ints
    opened: Ints
    closed: Ints
    net: Ints
    day: Ints


@dataclass(frozen=True)
class Days(_Columns):
    """Account-days with trading, sorted by account and day; ``net`` and the wins' ``won`` in minor units."""

    day: Ints
    trades: Ints
    wins: Ints
    net: Ints
    won: Ints


@dataclass(frozen=True)
class Sizes(_Columns):
    """Largest position of each account, symbol and UTC day, sorted by them; hundred-thousandths of a lot."""

    symbol: Ints
    day: Ints
    lots: Ints


@dataclass(frozen=True)
class Calendars:
    """When the trading days begin, on each calendar of the firm's plans.

    Attributes:
        first: day number of the first column.
        starts: seconds since 1970 UTC, [calendars, days], one day more than is looked at.
    """

    first: int
    starts: Ints

    def day_of(self, calendar: Ints, moment: Ints) -> Ints:
        """The trading day of each moment on each row's calendar, as a day number."""
        day = np.empty(moment.size, np.int64)
        for number, starts in enumerate(self.starts):
            rows = calendar == number
            day[rows] = self.first - 1 + np.searchsorted(starts, moment[rows], "right")
        return day

    def start(self, calendar: int, day: int) -> int:
        """Second at which a trading day begins."""
        return int(self.starts[calendar, day - self.first])


@dataclass(frozen=True)
class Look:
    """Some accounts over the trading days ``since`` to ``until``, both included.

    Attributes:
        accounts: a row each, sorted by ``account_id``; ``calendar`` is the number of its plan's calendar.
        symbols: symbol number → name.
        lookback: days of trades before ``since`` that are there.
        given: the trades, where they were read before.
    """

    connection: Connection
    accounts: pd.DataFrame
    symbols: dict[int, str]
    calendars: Calendars
    since: date
    until: date
    lookback: int
    given: Trades | None = None

    @property
    def first(self) -> int:
        """Day number of the first day looked at."""
        return day_number(self.since)

    @property
    def last(self) -> int:
        """Day number of the last."""
        return day_number(self.until)

    def digits(self, place: int) -> int:
        """Decimals of an account's currency."""
        return int(self.accounts["currency_digits"].to_numpy(np.int64)[place])

    @cached_property
    def calendar(self) -> Ints:
        """Each account's calendar."""
        return self.accounts["calendar"].to_numpy(np.int64)

    @cached_property
    def trades(self) -> Trades:
        """Trades closed on the days looked at and in the lookback before, each by its trading day."""
        if self.given is not None:
            return self.given
        names = ("account_id", "ticket", "symbol", "side", "lots", "opened", "closed", "net")
        columns = self.read("trades", self.lookback, names)
        day = self.calendars.day_of(self.calendar[columns["place"]], columns["closed"])
        trades = Trades(**columns, day=day)
        inside = (day >= self.first - self.lookback) & (day <= self.last)
        trades = trades.taken(inside)
        return trades.taken(np.lexsort((trades.ticket, trades.closed, trades.place)))

    def days(self, lookback: int) -> Days:
        """Account-days with trading, so many days before the first included."""
        columns = self.read("days", lookback, ("account_id", "day", "trades", "wins", "net", "won"))
        days = Days(**columns)
        return days.taken(np.lexsort((days.day, days.place)))

    def sizes(self, lookback: int) -> Sizes:
        """Largest positions, so many days before the first included."""
        sizes = Sizes(**self.read("sizes", lookback, ("account_id", "symbol", "day", "lots")))
        return sizes.taken(np.lexsort((sizes.day, sizes.symbol, sizes.place)))

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of a statement about these accounts and days, each with its account's ``place``."""
        places = {identifier: place for place, identifier in enumerate(self._identifiers.tolist())}
        result = run(self.connection, f"surveillance.{name}", self._span(0)).mappings()
        return [
            dict(row) | {"place": places[row["account_id"]]} for row in result if row["account_id"] in places
        ]

    def announcements(self, impacts: list[str]) -> list[tuple[int, str, str]]:
        """Second, currency and title of the news that trades of these days may have met."""
        values = self._span(LONGEST_HELD) | {"impacts": impacts}
        return [tuple(row) for row in run(self.connection, "surveillance.news", values)]

    def read(self, name: str, lookback: int, columns: tuple[str, ...]) -> dict[str, Ints]:
        """Columns of a statement about these accounts, the first of them as the account's place."""
        found = copy_columns(self.connection, f"surveillance.{name}", self._span(lookback), columns)
        identifiers, account = self._identifiers, found.pop("account_id")
        place = np.minimum(np.searchsorted(identifiers, account), len(identifiers) - 1).astype(np.int64)
        # Between the first and the last account there may be some that are not looked at.
        known = identifiers[place] == account
        return {"place": place[known], **{column: values[known] for column, values in found.items()}}

    @cached_property
    def _identifiers(self) -> Ints:
        return self.accounts["account_id"].to_numpy(np.int64)

    def _span(self, lookback: int) -> dict[str, Any]:
        identifiers = self._identifiers
        since = self.since - timedelta(days=lookback)
        return {
            "first_account": int(identifiers[0]),
            "last_account": int(identifiers[-1]),
            "since": since,
            "until": self.until,
            "from_time": datetime.combine(since - MARGIN, datetime.min.time(), UTC),
            "to_time": datetime.combine(self.until + MARGIN, datetime.min.time(), UTC),
        }
