"""Reading an MT4 account statement as the terminal writes it: one HTML table, section below section."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree, html

from timeseries.errors import InputError
from timeseries.ingest._source import Source

__all__ = ["Statement", "StatementRow", "read_statement"]

SECTIONS = ("Closed Transactions:", "Open Trades:", "Working Orders:", "Summary:")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
MADE_AT = re.compile(rf"(\d{{4}}) ({'|'.join(MONTHS)}) (\d{{1,2}}), (\d\d:\d\d)(:\d\d)?")
HEADING = re.compile(r"(Account|Currency): (\S+)")
THOUSANDS = re.compile(r"[\s\xa0']")
TRADE_CELLS = (
    "ticket",
    "open_time",
    "side",
    "lots",
    "symbol",
    "open_price",
    "stop_loss",
    "take_profit",
    "close_time",
    "close_price",
    "commission",
    "taxes",
    "swap",
    "profit",
)
NUMBERS = ("lots", "open_price", "close_price", "commission", "taxes", "swap", "profit")
OPERATION_CELLS = ("ticket", "time", "side", "comment", "amount")


@dataclass(frozen=True)
class StatementRow:
    """A row by the names of its cells; ``line`` is its number among the rows of the table, from 1."""

    line: int
    cells: dict[str, str]
    text: str


@dataclass(frozen=True)
class Statement:
    """What an MT4 statement says; times as it writes them, on the broker's clock.

    Attributes:
        made_at: when it was written, to the minute.
        operations: balance rows: deposits, withdrawals, interest, corrections.
        skipped: cancelled orders, credit, and empty rows of a hedge closed by another.
        closed_profit, balance: as the statement itself gives them.
    """

    account: str
    currency: str
    made_at: str
    trades: list[StatementRow]
    operations: list[StatementRow]
    positions: list[StatementRow]
    skipped: int
    closed_profit: Decimal
    balance: Decimal


def read_statement(source: Source) -> Statement:
    """Read a statement.

    Raises:
        InputError: it is no statement, or lacks its heading or its totals.
    """
    try:
        table = html.fromstring(source.path.read_bytes())
    except (etree.ParserError, ValueError) as error:
        raise InputError(f"{source.path} cannot be read as a web page.") from error
    rows = list(_rows(table))
    heading = " ".join(cell for _, cells in rows[:5] for cell in cells)
    named = dict(HEADING.findall(heading))
    made = MADE_AT.search(heading)
    sections = _sections(rows)
    if "Account" not in named or made is None or SECTIONS[0] not in sections:
        raise InputError(
            f"{source.path} is not an MT4 statement: it names no account, date or closed transactions."
        )
    year, month, day, clock, _ = made.groups()
    closed = [_row(line, cells) for line, cells in sections[SECTIONS[0]] if cells[0].isdigit()]
    positions = [_row(line, cells) for line, cells in sections.get(SECTIONS[1], []) if cells[0].isdigit()]
    trades, operations = (
        [row for row in closed if _is_trade(row)],
        [row for row in closed if "amount" in row.cells],
    )
    return Statement(
        account=named["Account"],
        currency=named.get("Currency", ""),
        made_at=f"{year}.{MONTHS.index(month) + 1:02}.{int(day):02} {clock}",
        trades=trades,
        operations=operations,
        positions=[row for row in positions if _is_trade(row)],
        skipped=len(closed) - len(trades) - len(operations),
        closed_profit=_total(source, rows, "Closed P/L:"),
        balance=_total(source, rows, "Balance:"),
    )


def _rows(table: Any) -> Iterator[tuple[int, list[str]]]:
    for line, row in enumerate(table.iter("tr"), start=1):
        cells = [" ".join(cell.text_content().replace("\xa0", " ").split()) for cell in row.iter("td")]
        if cells:
            yield line, cells


def _sections(rows: list[tuple[int, list[str]]]) -> dict[str, list[tuple[int, list[str]]]]:
    found: dict[str, list[tuple[int, list[str]]]] = {}
    current: list[tuple[int, list[str]]] = []
    for line, cells in rows:
        if cells[0] in SECTIONS:
            current = found.setdefault(cells[0], [])
        else:
            current.append((line, cells))
    return found


def _row(line: int, cells: list[str]) -> StatementRow:
    if len(cells) == len(TRADE_CELLS):
        named = dict(zip(TRADE_CELLS, cells, strict=True))
        named |= {name: THOUSANDS.sub("", named[name]) for name in NUMBERS}
    elif len(cells) == len(OPERATION_CELLS) and cells[2].lower() == "balance":
        named = dict(zip(OPERATION_CELLS, cells, strict=True))
        named["amount"] = THOUSANDS.sub("", named["amount"])
    else:
        named = {}
    return StatementRow(line, named, ",".join(cells))


def _is_trade(row: StatementRow) -> bool:
    """A hedge closed by another leaves a row without lots and money, which is no trade."""
    if row.cells.get("side", "").lower() not in ("buy", "sell") or "amount" in row.cells:
        return False
    numbers = [_decimal(row.cells[name]) for name in ("lots", "commission", "taxes", "swap", "profit")]
    return any(number is None or number for number in numbers)


def _total(source: Source, rows: list[tuple[int, list[str]]], label: str) -> Decimal:
    for _, cells in rows:
        if label in cells[:-1]:
            number = _decimal(THOUSANDS.sub("", cells[cells.index(label) + 1]))
            if number is not None:
                return number
    raise InputError(f"{source.path} has no line {label!r} to check its rows against.")


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
