"""The two consoles and tables on them."""

import os
import sys
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

__all__ = ["console", "errors", "render_table", "say"]

# Where output goes to a file or a pipe there is no width to fit into.
WIDE = 160
console = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE)
errors = Console(stderr=True, highlight=False)


def say(text: str = "", style: str | None = None) -> None:
    """Print a line; text is taken as it is, without markup."""
    console.print(text, style=style, markup=False, soft_wrap=True)


def render_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    title: str | None = None,
    left: Sequence[str] = (),
    wrap: Sequence[str] = (),
) -> None:
    """Print a table; columns are right-aligned unless in ``left``, and on one line unless in ``wrap``."""
    if title:
        say(title, style="bold")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(
            column, justify="left" if column in left else "right", overflow="fold", no_wrap=column not in wrap
        )
    for row in rows:
        table.add_row(*row)
    console.print(table)
