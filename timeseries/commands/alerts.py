"""``timeseries alerts``: what the desk was told."""

from typing import Any

import click

from timeseries import alerts as library
from timeseries.alerts import Alert, check_sinks
from timeseries.commands._session import Session, pass_session, print_json
from timeseries.errors import TimeseriesError
from timeseries.reads import freshness
from timeseries.terminal import render_table, say, when

__all__ = ["alerts"]


@click.group()
def alerts() -> None:
    """Alerts: list them, look at one, try the sinks."""


@alerts.command("list")
@click.option("--account", help="Only this account's.")
@click.option(
    "--severity", type=click.Choice(["info", "warning", "critical"]), help="Only these and graver ones."
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only about this trading day or later.")
@click.option("--top", default=30, show_default=True, type=click.IntRange(1), help="How many to show.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def list_(
    session: Session, account: str | None, severity: str | None, since: Any, top: int, as_json: bool
) -> None:
    """List alerts, the newest trading day first."""
    with session.database() as database:
        found = library.list_alerts(
            database, account=account, severity=severity, since=since.date() if since else None, limit=top
        )
        fresh = freshness(database, account)
    if as_json:
        print_json([_plain(alert) for alert in found])
    elif not found:
        say("No alerts. They are made by `timeseries jobs run alert` from findings and forecasts.")
    else:
        rows = [
            (str(a.alert_id), str(a.trading_day), a.account, a.severity, a.title, _delivered(a))
            for a in found
        ]
        columns = ("number", "day", "account", "severity", "title", "delivered")
        render_table(columns, rows, left=columns[1:], wrap=("title", "delivered"))
        say(fresh.sentence(), style="dim")


@alerts.command()
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def show(session: Session, number: int, as_json: bool) -> None:
    """Show alert NUMBER in full, with what became of its deliveries."""
    with session.database() as database:
        alert = library.show_alert(database, number)
    if as_json:
        print_json(_plain(alert))
        return
    say(alert.title, style="bold")
    say(
        f"{alert.severity}, account {alert.account}, "
        f"trading day {alert.trading_day}, raised {when(alert.raised_at)}"
    )
    say()
    say(alert.body)
    for delivery in alert.deliveries:
        detail = when(delivery.delivered_at) if delivery.state == "delivered" else (delivery.error or "")
        say(f"  {delivery.sink}: {delivery.state} after {delivery.attempts} attempts {detail}".rstrip())


@alerts.command()
@click.argument("sink", required=False)
@pass_session
def test(session: Session, sink: str | None) -> None:
    """Send a trial message to SINK, or to all sinks."""
    check_sinks(session.settings.alerts)
    outcome = library.send_test(session.settings.alerts, sink)
    for name, error in outcome.items():
        say(f"{name}: {error or 'accepted the message'}")
    if any(outcome.values()):
        raise TimeseriesError("Not every sink took the message.")


def _delivered(alert: Alert) -> str:
    states = {delivery.sink: delivery.state for delivery in alert.deliveries}
    return (
        ", ".join(
            f"{sink}" if state == "delivered" else f"{sink} ({state})" for sink, state in states.items()
        )
        or "–"
    )


def _plain(alert: Alert) -> dict[str, Any]:
    return {**vars(alert), "deliveries": [vars(delivery) for delivery in alert.deliveries]}
