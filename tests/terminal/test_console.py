"""What is printed is the text as it is, and never a command to the terminal."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from timeseries.terminal import _console, render_table, say


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    shown = io.StringIO()
    monkeypatch.setattr(
        _console, "console", Console(file=shown, width=60, force_terminal=True, highlight=False)
    )
    return shown


NOTE = "hi \x1b[31mRED\x1b]0;title\x07 \x9b2K[/b] [red]x"
HARMLESS = "hi \ufffd[31mRED\ufffd]0;title\ufffd \ufffd2K[/b] [red]x"


def test_a_line_holds_no_commands_and_its_brackets(screen: io.StringIO):
    say(NOTE)
    assert screen.getvalue() == f"{HARMLESS}\n"


def test_a_table_neither_and_colours_only_where_the_program_sets_them(screen: io.StringIO):
    render_table(("what", "state"), [(NOTE, Text("done", "green"))], left=("what",))
    assert HARMLESS in screen.getvalue()
    assert "\x1b[32m done\x1b[0m" in screen.getvalue()


@given(cells=st.lists(st.text(max_size=30), min_size=2, max_size=2))
def test_any_text_can_be_printed(cells: list[str]):
    shown = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_console, "console", Console(file=shown, width=40, force_terminal=False))
        render_table(("one", "other"), [cells])
        say(cells[0])
    assert not [one for one in shown.getvalue() if ord(one) in _console.CONTROL]
