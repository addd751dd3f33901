"""Tables on terminals of any width: what does not fit says so, and what names a row is whole."""

import pytest
from rich.console import Console

from timeseries.terminal import _console, render_table

COLUMNS = ("run", "job", "window", "state", "rows", "error")
ROW = ("1234567", "aggregate", "2026-06-01 00:00–12:00", "[red]given up[/red]", "12,345,678", "no disk " * 9)


@pytest.fixture
def printed(monkeypatch, capsys):
    """What a table looks like on a terminal of some width."""

    def on(width: int) -> list[str]:
        monkeypatch.setattr(_console, "console", Console(highlight=False, width=width))
        render_table(COLUMNS, [ROW], left=("job", "window", "state", "error"), wrap=("error",))
        return [line for line in capsys.readouterr().out.splitlines() if line.strip()]

    return on


@pytest.mark.parametrize("width", [80, 60, 50])
def test_on_a_narrow_terminal_texts_give_way_with_an_ellipsis_and_the_first_column_never(printed, width):
    header, _, first, *_ = printed(width)
    assert max(map(len, printed(width))) <= width
    assert first.split()[0] == "1234567"
    assert header.split()[0] == "run"
    assert ROW[2] not in first
    assert "…" in first
    assert (ROW[4] in first) == (width == 80)


def test_on_a_wide_terminal_everything_is_whole(printed):
    _, _, first = printed(160)
    for cell in (*ROW[:3], "given up", *ROW[4:]):
        assert cell.strip() in first
