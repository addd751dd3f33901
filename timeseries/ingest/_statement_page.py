"""Reading the page of an MT4 statement into plain rows of text."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from lxml import etree, html

from timeseries.errors import InputError

__all__ = ["Line", "StatementPage", "read_page"]

DEALS = ("buy", "sell")
SECTIONS = ("Closed Transactions:", "Open Trades:", "Working Orders:", "Summary:")
DEAL_CELLS = 14
OPERATION_CELLS = 5


@dataclass(frozen=True)
class Line:
    """One row of the page: its line in the file and its cells' text."""

    number: int
    cells: list[str]


@dataclass(frozen=True)
class StatementPage:
    """An MT4 statement as it stands on its page; amounts are texts without thousands separators.

    Attributes:
        made_at: the broker's clock when it was made.
        closed: closed trades, fourteen cells each.
        operations: deposits, withdrawals, interest: ticket, time, ``balance``, comment, amount.
        opened: open trades, fourteen cells each.
        skipped: cancelled orders, credit and the like.
        totals: the statement's own sums by their label, such as ``Closed Trade P/L``.
    """

    account: str
    currency: str
    made_at: datetime
    closed: list[Line] = field(default_factory=list)
    operations: list[Line] = field(default_factory=list)
    opened: list[Line] = field(default_factory=list)
    skipped: list[Line] = field(default_factory=list)
    totals: dict[str, str] = field(default_factory=dict)


def read_page(path: Path) -> StatementPage:
    """Read a statement.

    Raises:
        InputError: it is not an MT4 statement, or is cut off before its summary.
    """
    try:
        tree = html.fromstring(path.read_bytes())
    except (etree.ParserError, ValueError) as error:
        raise InputError(f"{path} is not an MT4 statement.") from error
    lines = [_line(row) for row in tree.iter("tr")]
    page = _heading(path, lines)
    section = ""
    for line in lines:
        section = next((name for name in SECTIONS if name in line.cells), section)
        _place(page, section, line)
    if "Closed Trade P/L" not in page.totals or "Balance" not in page.totals:
        raise InputError(f"{path} ends before its summary: save the whole statement again.")
    return page


def number(text: str) -> str:
    """A number as MT4 writes it, without its thousands separators."""
    return text.replace(" ", "").replace("\xa0", "")


def _line(row: html.HtmlElement) -> Line:
    cells = [" ".join(cell.text_content().split()) for cell in row.iterchildren("td")]
    return Line(int(row.sourceline or 0), cells)


def _heading(path: Path, lines: list[Line]) -> StatementPage:
    for line in lines:
        labels = dict(cell.split(": ", 1) for cell in line.cells if ": " in cell)
        if "Account" in labels and "Currency" in labels:
            return StatementPage(labels["Account"], labels["Currency"].upper(), _moment(path, line.cells[-1]))
    raise InputError(f"{path} is not an MT4 statement: it names no account and currency.")


def _moment(path: Path, text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y %B %d, %H:%M")
    except ValueError as error:
        raise InputError(f"{path}: the statement's date {text!r} cannot be read.") from error


def _place(page: StatementPage, section: str, line: Line) -> None:
    if section == "Summary:":
        _note_totals(page, line)
    elif len(line.cells) > 2 and line.cells[0].isdigit():
        _rows_of(page, section, line).append(line)


def _rows_of(page: StatementPage, section: str, line: Line) -> list[Line]:
    kind = line.cells[2].lower()
    if section == "Closed Transactions:" and kind == "balance" and len(line.cells) == OPERATION_CELLS:
        return page.operations
    if kind in DEALS and len(line.cells) == DEAL_CELLS:
        return page.closed if section == "Closed Transactions:" else page.opened
    return page.skipped


def _note_totals(page: StatementPage, line: Line) -> None:
    for label, value in zip(line.cells, line.cells[1:], strict=False):
        if label.endswith(":") and value:
            page.totals[label.removesuffix(":")] = number(value)
