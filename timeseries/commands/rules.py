"""``timeseries rules``: the rules of the trade, and who breaks them."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from timeseries import surveillance
from timeseries.commands._session import Session, pass_session, print_json
from timeseries.commands._words import counted, gravest_first
from timeseries.metrics import known_day, refresh_metrics
from timeseries.reads import freshness
from timeseries.surveillance import RuleVersion, Violation
from timeseries.terminal import Bars, render_table, say, when

__all__ = ["rules"]


@click.group()
def rules() -> None:
    """Rules of the trade: list them, see how they changed, look for violations."""


@rules.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def list_(session: Session, as_json: bool) -> None:
    """List the rules as the settings have them.

    Parameters that differ from the newest version become a new one when `timeseries detect` next runs.
    """
    with session.database() as database:
        watches = surveillance.rules_in_force(database, session.settings)
    if as_json:
        print_json([asdict(watch) for watch in watches])
        return
    table = [
        (
            w.rule,
            "on" if w.enabled else "off",
            str(w.version or "new"),
            w.severity,
            w.summary,
            _own(w.parameters),
        )
        for w in watches
    ]
    columns = ("rule", "state", "version", "severity", "looks for", "parameters")
    render_table(columns, table, left=columns, wrap=columns[-2:])


@rules.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def show(session: Session, name: str, as_json: bool) -> None:
    """Show the versions of rule NAME over time, the newest first."""
    with session.database() as database:
        history = surveillance.rule_history(database, name)
    if as_json:
        print_json([asdict(version) for version in history])
        return
    say(surveillance.RULES[name].summary)
    if not history:
        say("No version yet: `timeseries detect` puts the parameters of the settings in force.")
        return
    columns = ("version", "in force since", "parameters")
    render_table(columns, _changes(history), left=columns, wrap=columns[-1:])


@rules.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First trading day; by default the last.")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), help="Last trading day; by default the newest complete."
)
@click.option("--rule", "names", multiple=True, help="Only this rule, on or off; may be repeated.")
@click.option("--top", default=30, show_default=True, type=click.IntRange(1), help="How many to show.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output with every violation.")
@pass_session
def run(session: Session, since: Any, until: Any, names: tuple[str, ...], top: int, as_json: bool) -> None:
    """Look for violations on some trading days, without storing them."""
    with session.database() as database, Bars() as bars:
        refresh_metrics(database, progress=bars)
        last = until.date() if until else known_day(database)
        first = since.date() if since else last
        found = surveillance.find_violations(
            database, session.settings, since=first, until=last, rules=names or None, progress=bars
        )
        fresh = freshness(database)
    if as_json:
        days = {"since": first, "until": last, "freshness": fresh.as_dict()}
        print_json(days | {"violations": [asdict(one) for one in found]})
        return
    _show_violations(found, top)
    more = f", {len(found) - top} more with --top" if len(found) > top else ""
    span = f"on {last}" if first == last else f"from {first} to {last}"
    say(f"{counted(len(found), 'violation')} {span}{more}.")
    say(fresh.sentence(), style="dim")


@rules.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@pass_session
def news(session: Session, file: Path) -> None:
    """Read announcements from FILE, a CSV with the columns time, currency, title and impact."""
    with session.database() as database:
        report = surveillance.load_news(database, file)
    say(f"{counted(report.read, 'announcement')} read, {report.added:,} of them new.")


def _show_violations(found: list[Violation], top: int) -> None:
    """The gravest, of these the newest."""
    if not found:
        return
    columns = ("day", "account", "rule", "severity", "what happened")
    shown = gravest_first(found)[:top]
    rows = [(str(one.trading_day), one.account, one.rule, one.severity, one.reason) for one in shown]
    render_table(columns, rows, left=columns, wrap=columns[-1:])


def _changes(history: list[RuleVersion]) -> list[tuple[str, str, str]]:
    """Each version with what it changed; the first with all its parameters."""
    earlier: list[dict[str, Any]] = [*(version.parameters for version in history[1:]), {}]
    return [
        (
            str(version.version),
            when(version.in_force_since),
            _words({name: value for name, value in version.parameters.items() if before.get(name) != value}),
        )
        for version, before in zip(history, earlier, strict=True)
    ]


def _own(parameters: dict[str, Any]) -> str:
    """What only this rule has, in a line; severity and state have columns of their own."""
    return _words({name: value for name, value in parameters.items() if name not in ("enabled", "severity")})


def _words(parameters: dict[str, Any]) -> str:
    """Parameters in a line, without long tables."""
    shown = {name: value for name, value in parameters.items() if not isinstance(value, dict)}
    return ", ".join(f"{name} {_value(value)}" for name, value in shown.items())


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ("+".join(value) or "none") if isinstance(value, list) else str(value)
