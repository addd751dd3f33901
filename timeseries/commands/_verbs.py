"""Groups of verbs that are imported when they are used: the numeric libraries take a second to load."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click

__all__ = ["Verb", "Verbs"]


class Verb(NamedTuple):
    """Where a verb is, and what it does.

    Attributes:
        module: imported when the verb is used.
        attribute: the command in it.
        summary: its line in the help of its group, for which nothing is imported.
    """

    module: str
    attribute: str
    summary: str


class Verbs(click.Group):
    """A group that imports its verbs one at a time."""

    def __init__(self, *, verbs: Mapping[str, Verb], **attributes: Any) -> None:
        """Args:
        verbs: by name, in the order people meet them.
        """
        super().__init__(**attributes)
        self._verbs = verbs

    def list_commands(self, context: click.Context) -> list[str]:
        """All verbs, in the order people meet them."""
        return list(self._verbs)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The verb, or None when there is none such."""
        if name not in self._verbs:
            return None
        verb = self._verbs[name]
        command = getattr(import_module(verb.module), verb.attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """A line for each verb."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.summary) for name, verb in self._verbs.items()])
