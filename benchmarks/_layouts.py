"""The layouts that are measured, and their SQL."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import TextClause, text

__all__ = ["ENGINE", "LAYOUTS", "Layout", "block", "source"]

FILE = Path(__file__).with_name("storage.sql")
HEADER = re.compile(r"^-- (\w+): .*$", re.MULTILINE)


@dataclass(frozen=True)
class Layout:
    """One way to keep the trades.

    Attributes:
        name: in the printed table.
        columns: which ``…_table``, ``…_fill``, ``…_hypertable`` and ``…_read`` blocks of SQL make it.
        segmentby: columns whose values each have batches of their own.
        orderby: the order inside a batch.
        days: length of a chunk.
        sparse: keep the blooms that TimescaleDB adds for indexed columns.
    """

    name: str
    columns: str
    segmentby: str
    orderby: str
    days: int
    sparse: bool = True


ORDER = "account_id, symbol_id, close_time"
ORDER_IN_SECONDS = "account_id, symbol_id, close_second"
# Measured in place: the table, settings and chunks of the schema as it is.
ENGINE = Layout("the engine's table", "engine", "", "", 0)
LAYOUTS = (
    Layout("doubles, by account, 7 days", "doubles", "account_id", "close_time", 7),
    Layout("doubles, by account, 30 days", "doubles", "account_id", "close_time", 30),
    Layout("integers, by account, 30 days", "integers", "account_id", "close_time", 30),
    Layout("by symbol, in order of time, 30 days", "integers", "symbol_id", "close_time", 30),
    Layout(
        "by symbol, in order of account, time, 30 days", "integers", "symbol_id", "account_id, close_time", 30
    ),
    Layout("in order of account, time, 30 days", "integers", "", "account_id, close_time", 30),
    Layout("in order of account, symbol, time, 7 days", "integers", "", ORDER, 7),
    Layout("in order of account, symbol, time, 30 days", "integers", "", ORDER, 30),
    Layout("in order of account, symbol, time, 90 days", "integers", "", ORDER, 90),
    Layout("30 days, no blooms", "integers", "", ORDER, 30, sparse=False),
    Layout("and close in seconds", "seconds", "", ORDER_IN_SECONDS, 30, sparse=False),
    Layout("and side boolean, profit derived", "derived", "", ORDER_IN_SECONDS, 30, sparse=False),
    Layout("and commission derived, swap only if any", "rates", "", ORDER_IN_SECONDS, 30, sparse=False),
    Layout(
        "the last, by symbol, in order of account, time",
        *("rates", "symbol_id", "account_id, close_second", 30),
        sparse=False,
    ),
    ENGINE,
)


def source(name: str) -> str:
    """A block of ``storage.sql`` as it stands there."""
    return _blocks()[name]


def block(name: str) -> TextClause:
    """A block of ``storage.sql`` with its parameters."""
    return text(source(name))


@cache
def _blocks() -> dict[str, str]:
    parts = HEADER.split(FILE.read_text())
    return dict(zip(parts[1::2], (body.strip().removesuffix(";") for body in parts[2::2]), strict=True))
