"""``timeseries alerts``: what the desk was told, and what it says to that."""

from collections.abc import Callable
from datetime import date
from typing import Any

import click

from timeseries import alerts as library
from timeseries.alerts import LABELS, Alert, AlertPage, check_sinks
from timeseries.commands._session import Session, by_whom, pass_session, print_json
from timeseries.commands._words import counted
from timeseries.errors import NotFound, TimeseriesError
from timeseries.reads import freshness
from timeseries.terminal import amount, render_table, say, when

__all__ = ["alerts"]

DAY = click.DateTime(["%Y-%m-%d"])
NUMBER = click.IntRange(1, 2**63 - 1)
STATES = ("open", "acknowledged", "resolved", "all")


@click.group()
def alerts() -> None:
    """Alerts: list them, look at one, judge it, mute; try the sinks."""


def _signed(command: Callable[..., None]) -> Callable[..., None]:
    """Options of everything that is kept with the name of who did it."""
    command = click.option("--note", help="Why; kept with the alert.")(command)
    return by_whom(command)


@alerts.command("list")
@click.option("--account", help="Only this account's.")
@click.option(
    "--severity", type=click.Choice(["info", "warning", "critical"]), help="Only these and graver ones."
)
@click.option("--state", type=click.Choice(STATES), default="all", show_default=True, help="Only these.")
@click.option("--subject", help="Only with a finding of this metric or rule, such as martingale.")
@click.option("--since", type=DAY, help="Only about this trading day or later.")
@click.option("--top", default=30, show_default=True, type=click.IntRange(1), help="How many to show.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def list_(
    session: Session,
    account: str | None,
    severity: str | None,
    state: str,
    subject: str | None,
    since: Any,
    top: int,
    as_json: bool,
) -> None:
    """List alerts, the newest trading day first."""
    with session.database() as database:
        found = library.list_alerts(
            database,
            account=account,
            severity=severity,
            state=None if state == "all" else state,
            subject=subject,
            since=since.date() if since else None,
            limit=top,
        )
        fresh = freshness(database, account)
    if as_json:
        print_json([_plain(alert) for alert in found])
    elif not found and (account or severity or state != "all" or subject or since):
        say("No alert fits.")
    elif not found:
        say("No alerts. They are made by `timeseries jobs run alert` from findings and forecasts.")
    else:
        columns = ("number", "days", "severity", "state", "title", "delivered")
        rows = [(str(a.alert_id), _days(a), a.severity, _state(a), a.title, _delivered(a)) for a in found]
        render_table(columns, rows, left=columns[1:], wrap=("days", "title", "delivered"))
        say(fresh.sentence(), style="dim")


@alerts.command()
@click.argument("number", type=NUMBER)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def show(session: Session, number: int, as_json: bool) -> None:
    """Show alert NUMBER in full: what it rests on, what was done to it, and whom it reached."""
    with session.database() as database:
        page = library.show_alert(database, number)
    if as_json:
        print_json(
            {
                **_plain(page.alert),
                "findings": [vars(proof) for proof in page.proofs],
                "history": [vars(event) for event in page.events],
            }
        )
    else:
        _show(page)


@alerts.command()
@click.argument("numbers", type=NUMBER, nargs=-1, required=True)
@_signed
@pass_session
def ack(session: Session, numbers: tuple[int, ...], by: str, note: str | None) -> None:
    """Acknowledge alerts NUMBERS: somebody looks after them."""
    with session.database() as database:
        done = library.acknowledge(database, numbers, by=by, note=note)
    rest = len(set(numbers)) - len(done)
    already = f" {counted(rest, 'alert')} had been acknowledged or resolved before." if rest else ""
    say(f"{counted(len(done), 'alert')} acknowledged.{already}")


@alerts.command()
@click.argument("verdict", type=click.Choice([name.replace("_", "-") for name in LABELS]))
@click.argument("numbers", type=NUMBER, nargs=-1, required=True)
@_signed
@pass_session
def label(session: Session, verdict: str, numbers: tuple[int, ...], by: str, note: str | None) -> None:
    """Say what alerts NUMBERS were: VERDICT is true, expected, false or new-normal.

    All but true resolve the alert. Expected and false ones make detection ask more of that metric in accounts
    of the same plan and phase; new-normal takes the account's days from then on into its past.
    """
    with session.database() as database:
        done = library.label(database, numbers, verdict.replace("-", "_"), by=by, note=note)
    say(f"{counted(len(done), 'alert')} labelled {verdict}.")


@alerts.command()
@click.option("--account", help="Of this account.")
@click.option("--group", help="Of accounts of this group.")
@click.option("--subject", help="Of this metric or rule, such as win_rate or martingale.")
@click.option("--since", type=DAY, help="From this trading day on, a past one too; by default today.")
@click.option("--until", type=DAY, help="Up to this trading day; by default until it is lifted.")
@_signed
@pass_session
def mute(
    session: Session,
    account: str | None,
    group: str | None,
    subject: str | None,
    since: Any,
    until: Any,
    by: str,
    note: str | None,
) -> None:
    """Keep findings from raising alerts.

    Alerts with nothing but muted findings are resolved by the next `timeseries jobs run alert`.

    What is named must hold together: --account A1 --subject win_rate mutes only that metric of that account.
    """
    first, last = since.date() if since else date.today(), until.date() if until else None
    with session.database() as database:
        number = library.mute(
            database,
            by=by,
            account=account,
            group=group,
            subject=subject,
            since=first,
            until=last,
            reason=note,
        )
    days = f"trading days from {first} " + (f"to {last}" if last else "on")
    say(f"Mute {number} is in force for {days}; `timeseries alerts unmute {number}` lifts it.")


@alerts.command()
@click.argument("number", type=NUMBER)
@by_whom
@pass_session
def unmute(session: Session, number: int, by: str) -> None:
    """Lift mute NUMBER."""
    with session.database() as database:
        library.unmute(database, number, by=by)
    say(f"Mute {number} is lifted.")


@alerts.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def mutes(session: Session, as_json: bool) -> None:
    """List the mutes, those in force first."""
    with session.database() as database:
        found = library.list_mutes(database)
    if as_json:
        print_json([vars(one) for one in found])
    elif not found:
        say("Nothing is muted.")
    else:
        columns = ("number", "account", "group", "metric or rule", "days", "by", "lifted", "why")
        rows = [
            (
                str(one.mute_id),
                one.account or "any",
                one.account_group or "any",
                one.subject or "any",
                f"{one.since} to {one.until or 'further notice'}",
                one.made_by,
                when(one.lifted_at) if one.lifted_at else "–",
                one.reason or "",
            )
            for one in found
        ]
        render_table(columns, rows, left=columns[1:], wrap=columns[-1:])


@alerts.command()
@click.argument("sink", required=False)
@pass_session
def test(session: Session, sink: str | None) -> None:
    """Send a trial message to SINK, or to all sinks."""
    check_sinks(session.settings.alerts)
    if not session.settings.alerts.sinks:
        raise NotFound("There are no sinks: name some under [alerts.sinks] in the settings file.")
    outcome = library.send_test(session.settings.alerts, sink)
    for name, error in outcome.items():
        say(f"{name}: {error or 'accepted the message'}")
    if any(outcome.values()):
        raise TimeseriesError("Not every sink took the message.")


@alerts.command()
@click.argument("sink", required=False)
@pass_session
def retry(session: Session, sink: str | None) -> None:
    """Try deliveries again that were given up: those to SINK, or all."""
    sinks = session.settings.alerts.sinks
    if sink is not None and sink not in sinks:
        raise NotFound(f"There is no sink {sink!r}; the settings have: {', '.join(sinks) or 'none'}.")
    with session.database() as database:
        count = library.requeue(database, sink)
    if not count:
        say("No delivery was given up.")
        return
    deliveries = counted(count, "delivery", "deliveries")
    say(f"{deliveries} will be tried again by the next `timeseries jobs run deliver`.")


def _show(page: AlertPage) -> None:
    alert = page.alert
    say(alert.title, style="bold")
    stake = f", {amount(alert.at_stake)} at stake" if alert.at_stake is not None else ""
    say(f"{alert.severity}, {_state(alert)}, {_days(alert)}{stake}, raised {when(alert.raised_at)}")
    say()
    say(alert.body)
    _show_proofs(page)
    for event in page.events:
        note = f": {event.note}" if event.note else ""
        say(f"  {when(event.at)} {event.event} by {event.done_by or 'the engine'}{note}")
    for delivery in alert.deliveries:
        detail = when(delivery.delivered_at) if delivery.state == "delivered" else (delivery.error or "")
        sent = f"{delivery.state} after {counted(delivery.attempts, 'attempt')} {detail}".rstrip()
        say(f"  {delivery.sink}, {delivery.message}: {sent}")


def _show_proofs(page: AlertPage) -> None:
    for proof in page.proofs:
        version = f", rule version {proof.rule_version}" if proof.rule_version else ""
        say(f"  {proof.trading_day} {proof.severity:8} {proof.subject} ({proof.detector}{version})")
        for name, value in proof.evidence.items():
            say(f"      {name.replace('_', ' ')}: {_short(value)}", style="dim")


def _short(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _text(value: Any) -> str:
    if isinstance(value, list):
        return (
            "; ".join(map(_text, value))
            if value and isinstance(value[0], dict)
            else ", ".join(map(str, value))
        )
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_text(one)}" for name, one in value.items())
    return str(value)


def _days(alert: Alert) -> str:
    if alert.first_day == alert.trading_day:
        return str(alert.trading_day)
    return f"{alert.first_day} to {alert.trading_day}"


def _state(alert: Alert) -> str:
    """Where it stands, and what a person judged it."""
    state = alert.resolution or alert.state
    label = (alert.label or "").replace("_", " ")
    return label if state == "labelled" else ", ".join(filter(None, (state, label)))


def _delivered(alert: Alert) -> str:
    newest = {delivery.sink: delivery.state for delivery in alert.deliveries}
    return ", ".join(s if state == "delivered" else f"{s} ({state})" for s, state in newest.items()) or "–"


def _plain(alert: Alert) -> dict[str, Any]:
    return {**vars(alert), "deliveries": [vars(delivery) for delivery in alert.deliveries]}
