"""The order and faults of the trade files' rows: re-sent, late and broken ones."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from . import _parameters as parameters
from ._arrays import Ints
from ._calendar import DAY
from ._columns import Columns
from ._deals import Deals

_FIRST_TICKET = 50_000_000


class Fault(IntEnum):
    """What is wrong with a row; the last two can only be written as text."""

    NONE = 0
    NO_SYMBOL = 1
    CLOSED_BEFORE_OPENED = 2
    NEGATIVE_LOTS = 3
    UNKNOWN_ACCOUNT = 4
    PROFIT_NOT_A_NUMBER = 5
    UNPARSABLE_PRICE = 6
    UNPARSABLE_TIME = 7


@dataclass(frozen=True, slots=True)
class Rows(Columns):
    """Columns over written rows: the deal behind it, its file's number, its ticket and its fault."""

    deal: Ints
    file: Ints
    ticket: Ints
    fault: Ints


def months(instant: Ints) -> Ints:
    """Number of the calendar month, UTC."""
    return (instant // DAY).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _tickets(rng: np.random.Generator, deals: Deals) -> Ints:
    """Platform tickets rising with the opening time, with gaps wide enough for broken rows."""
    order = np.argsort(deals.opened, kind="stable")
    ticket = np.empty(order.size, np.int64)
    ticket[order] = _FIRST_TICKET + np.cumsum(rng.integers(2, 6, order.size))
    return ticket


def _some(rng: np.random.Generator, share: float, count: int) -> Ints:
    return rng.permutation(count)[: round(share * count)]


def arrange(rng: np.random.Generator, deals: Deals, text_files: Ints) -> tuple[Rows, int]:
    """All rows sorted by file and closing time, and how many monthly files there are.

    The late file has the number after the last month. A re-sent row comes in the file after its own;
    ``text_files`` may hold faults that Parquet cannot.
    """
    month = months(deals.closed)
    _, file = np.unique(month, return_inverse=True)
    file = file.astype(np.int64)
    late_file = int(file.max(initial=-1)) + 1
    ticket = _tickets(rng, deals)
    count = file.size
    # Drawn over the whole history: most late rows fall into days long closed.
    late = _some(rng, parameters.LATE_SHARE, count)
    home = file.copy()
    home[late] = late_file
    on_time = np.flatnonzero(home != late_file)
    again = on_time[_some(rng, parameters.DUPLICATE_SHARE, on_time.size)]
    broken = _some(rng, parameters.BROKEN_SHARE, count)
    as_text = np.isin(home[broken], np.append(text_files, late_file))
    faults = 1 + np.arange(broken.size) % np.where(as_text, 7, 5)
    deal = np.concatenate([np.arange(count), again, broken])
    rows = Rows(
        deal=deal,
        file=np.concatenate([home, home[again] + 1, home[broken]]),
        ticket=np.concatenate([ticket, ticket[again], ticket[broken] + 1]),
        fault=np.concatenate([np.zeros(count + again.size, np.int64), faults]),
    )
    return rows.take(np.lexsort((rows.ticket, deals.closed[deal], rows.file))), late_file
