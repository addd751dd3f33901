"""The two consoles and tables on them."""

import os
import sys
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

__all__ = ["console", "errors", "render_table", "say"]

# Where output goes to a file or a pipe there is no width to fit into.
WIDE = 160
# What is left at least of a column that has to give way, at first and in need.
LEAST_WRAPPED, LEAST_CUT = (12, 6), (5, 1)
console = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE)
errors = Console(stderr=True, highlight=False)


# What was read may hold commands for terminals, such as to write over other lines.
CONTROL = {ord(one): "\ufffd" for one in map(chr, (*range(32), *range(127, 160))) if one not in "\n\t"}


def say(text: str = "", style: str | None = None) -> None:
    """Print a line; text is taken as it is, without markup."""
    console.print(text.translate(CONTROL), style=style, markup=False, soft_wrap=True)


def render_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    title: str | None = None,
    left: Sequence[str] = (),
    wrap: Sequence[str] = (),
) -> None:
    """Print a table; columns are right-aligned unless in ``left``, and on one line unless in ``wrap``.

    A cell's text is taken as it is; one with colours is a ``Text``.
    What does not fit ends in an ellipsis: texts before numbers, and last of all the first column, which
    names the row.
    """
    if title:
        say(title, style="bold")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(
            column,
            justify="left" if column in left else "right",
            overflow="fold" if column in wrap else "ellipsis",
            no_wrap=column not in wrap,
        )
    cells = [[_as_text(cell) for cell in row] for row in rows]
    for row in cells:
        table.add_row(*row)
    _fit(table, columns, cells, left, wrap)
    console.print(table)


def _as_text(cell: str | Text) -> Text:
    return cell if isinstance(cell, Text) else Text(cell.translate(CONTROL))


def _fit(
    table: Table,
    names: Sequence[str],
    cells: Sequence[Sequence[Text]],
    left: Sequence[str],
    wrap: Sequence[str],
) -> None:
    """Give columns widths where all of them together are wider than the console."""
    columns = zip_longest(map(Text, names), *cells, fillvalue=Text())
    widths = [max(cell.cell_len for cell in column) for column in columns]
    endless = console.options.update(width=sum(widths) + 100 * len(widths))
    room = console.width - (Measurement.get(console, endless, table).maximum - sum(widths))
    if sum(widths) <= room:
        return
    places = range(len(names))
    wrapped = [place for place in places if names[place] in wrap]
    texts = [place for place in places[1:] if names[place] in left and place not in wrapped]
    numbers = [place for place in places[1:] if place not in wrapped and place not in texts]
    for least_wrapped, least_cut in zip(LEAST_WRAPPED, LEAST_CUT, strict=True):
        for those, least in ((wrapped, least_wrapped), (texts, least_cut), (numbers, least_cut)):
            _narrow(widths, those, least, room)
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width


def _narrow(widths: list[int], those: Sequence[int], least: int, room: int) -> None:
    """Take from the widest of some columns until all have room, or these have no more to give."""
    while sum(widths) > room:
        widest = max(those, key=lambda place: widths[place], default=None)
        if widest is None or widths[widest] <= least:
            return
        widths[widest] -= 1
