"""Writes every verb's help into its page: ``make docs``. A test fails when a page is not up to date."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from cli import timeseries

PAGES = Path(__file__).parent / "commands"


def commands(command: click.Command = timeseries, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every verb, groups before what is in them."""
    if path:
        yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            verb = command.get_command(context, name)
            assert verb is not None
            yield from commands(verb, (*path, name))


def help_block(path: tuple[str, ...]) -> str:
    """A verb's help as the terminal shows it, fenced for Markdown."""
    context = click.Context(
        timeseries, info_name="timeseries", terminal_width=100, **timeseries.context_settings
    )
    command: click.Command = timeseries
    for name in path:
        assert isinstance(command, click.Group)
        verb = command.get_command(context, name)
        assert verb is not None
        command = verb
        context = click.Context(command, info_name=name, parent=context, terminal_width=100)
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    return f"```text\n$ timeseries {' '.join(path)} --help\n{text}\n```"


def page_of(path: tuple[str, ...]) -> Path:
    """The page a verb is described on: one for each verb of the first level."""
    return PAGES / f"{path[0]}.md"


def updated(page: Path) -> str:
    """The page with the help of all its verbs as it is now, new ones at the end."""
    text = page.read_text() if page.exists() else f"# timeseries {page.stem}\n"
    for path in commands():
        if page_of(path) != page:
            continue
        block = help_block(path)
        begin = f"```text\n$ timeseries {' '.join(path)} --help\n"
        if begin in text:
            text = re.sub(re.escape(begin) + r".*?```", lambda _, block=block: block, text, flags=re.DOTALL)
        else:
            text = f"{text.rstrip()}\n\n{block}\n"
    return text


def main() -> None:
    """Bring all pages up to date."""
    for page in {page_of(path) for path in commands()}:
        page.write_text(updated(page))


if __name__ == "__main__":
    main()
