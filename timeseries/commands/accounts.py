"""``timeseries accounts``: which accounts there are."""

import click

from timeseries.commands._session import Session, pass_session, print_json
from timeseries.metrics import account_list
from timeseries.terminal import amount, render_table, say

__all__ = ["accounts"]


@click.command()
@click.option("--status", type=click.Choice(["active", "breached", "passed", "closed"]), help="Only these.")
@click.option("--top", default=30, show_default=True, help="How many to show.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def accounts(session: Session, status: str | None, top: int, as_json: bool) -> None:
    """List accounts with their plan, status, balance and room to the drawdown limit."""
    with session.database() as database:
        total, rows = account_list(database, status=status, limit=top)
    if as_json:
        print_json(rows)
        return
    if not rows:
        say("There are no such accounts: load them with `timeseries ingest accounts FILE`.")
        return
    table = [
        (
            row["account"],
            row["plan"],
            row["phase"],
            row["status"],
            amount(row["balance"]),
            amount(row["net_profit"]),
            amount(row["max_drawdown_left"]),
            str(row["last_day"] or "–"),
        )
        for row in rows
    ]
    columns = ("account", "plan", "phase", "status", "balance", "net profit", "to max limit", "last day")
    render_table(columns, table, left=("account", "plan", "phase", "status", "last day"))
    if total > len(rows):
        say(f"{len(rows)} of {total:,} accounts; more with --top.")
