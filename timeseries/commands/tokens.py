"""``timeseries tokens``: who may use the API."""

import re
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import click

from timeseries import access
from timeseries.access import NewToken
from timeseries.commands._session import Session, pass_session, print_json
from timeseries.commands._words import counted
from timeseries.terminal import render_table, say, when

__all__ = ["tokens"]

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Span(click.ParamType[timedelta]):
    """A length of time such as 90d, 12h or 30m."""

    name = "span"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        """Turn the text into a timedelta; click tells what is wrong with it otherwise."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d{1,5})([mhdw])", value)
        if found is None:
            self.fail(f"{value!r} is no length of time: write 90d, 12h or 30m.", parameter, context)
        return timedelta(**{UNITS[found[2]]: int(found[1])})


@click.group()
def tokens() -> None:
    """Tokens of the API: make, list, rotate and revoke them."""


@tokens.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(access.SCOPES),
    help="What it is for; may be repeated.",
)
@click.option(
    "--group",
    "groups",
    multiple=True,
    help="Only this group's accounts; may be repeated. By default the whole firm.",
)
@click.option("--expires", type=Span(), help="How long it is good, such as 90d; by default for ever.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def create(
    session: Session,
    name: str,
    scopes: tuple[str, ...],
    groups: tuple[str, ...],
    expires: timedelta | None,
    as_json: bool,
) -> None:
    """Make a token called NAME and print it, this once: the database keeps only its hash."""
    with session.database() as database:
        made = access.create_token(database, name, scopes=scopes, groups=groups or None, expires=expires)
    _show(made, as_json)


@tokens.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def list_(session: Session, as_json: bool) -> None:
    """List every token ever made."""
    with session.database() as database:
        records = access.list_tokens(database)
    if as_json:
        print_json([asdict(one) | {"scopes": sorted(one.scopes)} for one in records])
        return
    if not records:
        say("There are no tokens: `timeseries tokens create` makes one.")
        return
    columns = ("name", "state", "for", "groups", "made", "good until")
    table = [
        (one.name, one.state, _for(one.scopes), _of(one.groups), when(one.created_at), _until(one.expires_at))
        for one in records
    ]
    render_table(columns, table, left=columns, wrap=columns[2:4])


@tokens.command()
@click.argument("name")
@click.option(
    "--keep",
    type=Span(),
    default="0m",
    show_default=True,
    help="How much longer the old secret is good, such as 1d.",
)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def rotate(session: Session, name: str, keep: timedelta, as_json: bool) -> None:
    """Give token NAME a new secret and print it, this once."""
    with session.database() as database:
        made = access.rotate_token(database, name, keep)
    _show(made, as_json)


@tokens.command()
@click.argument("name")
@pass_session
def revoke(session: Session, name: str) -> None:
    """End token NAME at once, with those it replaced."""
    with session.database() as database:
        ended = access.revoke_token(database, name)
    say(f"{counted(ended, 'token')} revoked.")


def _show(made: NewToken, as_json: bool) -> None:
    if as_json:
        print_json(asdict(made) | {"scopes": sorted(made.scopes)})
        return
    click.echo(made.token)
    until = _until(made.expires_at)
    say(f"Token {made.name} for {_for(made.scopes)}; groups: {_of(made.groups)}; good until {until}.")
    say("Keep it now: it cannot be shown again.", style="dim")


def _for(scopes: frozenset[str]) -> str:
    return ", ".join(scope for scope in access.SCOPES if scope in scopes)


def _of(groups: tuple[str, ...] | None) -> str:
    return "all" if groups is None else ", ".join(groups)


def _until(moment: datetime | None) -> str:
    return "for ever" if moment is None else when(moment)
