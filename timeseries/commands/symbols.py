"""``timeseries symbols``: what is traded, and how well."""

from dataclasses import asdict

import click

from timeseries import reads
from timeseries.commands._account_page import show_symbols
from timeseries.commands._session import Session, pass_session, print_json
from timeseries.terminal import say

__all__ = ["symbols"]


@click.command()
@click.option("--days", default=30, show_default=True, type=click.IntRange(1), help="How many days, of UTC.")
@click.option("--account", help="Only this account's trades.")
@click.option("--group", help="Only the trades of this group's accounts.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def symbols(session: Session, days: int, account: str | None, group: str | None, as_json: bool) -> None:
    """Show how each symbol was traded up to the last day with trades; a row for each currency of account."""
    with session.database() as database:
        rows = reads.symbol_performance(database, account=account, group=group, days=days)
        fresh = reads.freshness(database, account)
    if as_json:
        print_json({"freshness": fresh.as_dict(), "rows": [asdict(row) for row in rows]})
        return
    if not rows:
        say("No trades were computed yet: load them with `timeseries ingest trades FILE`.")
    else:
        show_symbols(rows, with_accounts=account is None)
    say(fresh.sentence(), style="dim")
