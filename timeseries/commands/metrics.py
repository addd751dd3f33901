"""``timeseries metrics``: one account's days."""

from typing import Any

import click

from timeseries import reads
from timeseries.commands._session import Session, pass_session, print_json
from timeseries.metrics import refresh_metrics
from timeseries.terminal import Bars, amount, percent, render_table, say, sparkline

__all__ = ["metrics"]


@click.command()
@click.argument("account")
@click.option("--days", default=20, show_default=True, help="How many days, the newest first.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="No day before this one.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output with every column.")
@pass_session
def metrics(session: Session, account: str, days: int, since: Any, as_json: bool) -> None:
    """Show ACCOUNT's daily metrics: profit, trades, balance, drawdown, room to its limits.

    What changed since the last refresh is recomputed first, so the answer is never stale.
    """
    with session.database() as database:
        with Bars() as bars:
            refresh_metrics(database, progress=bars)
        rows = reads.account_days(database, account, since=since.date() if since else None, days=days)
        fresh = reads.freshness(database, account)
    if as_json:
        print_json(rows)
    elif not rows:
        say(f"Account {account} has no days yet: load its trades with `timeseries ingest trades FILE`.")
    else:
        _show(account, rows)
        say(fresh.sentence(), style="dim")


def _show(account: str, rows: list[dict[str, Any]]) -> None:
    columns = (
        "day", "trades", "win rate", "net profit", "balance", "equity low", "drawdown", "max drawdown",
        "to daily limit", "to max limit",
    )  # fmt: skip
    table = [
        (
            str(row["trading_day"]),
            str(row["trades"]),
            percent(row["win_rate"]),
            amount(row["net_profit"]),
            amount(row["balance_end"]),
            amount(row["equity_low"]),
            amount(row["day_drawdown"]),
            amount(row["max_drawdown"]),
            amount(row["daily_loss_left"]),
            amount(row["max_drawdown_left"]),
        )
        for row in rows
    ]
    total = sum(row["net_profit"] for row in rows)
    render_table(columns, table, title=f"{account}, {rows[0]['currency']}", left=("day",))
    say(
        f"{len(rows)} days, net profit {amount(total)} {rows[0]['currency']}   "
        f"balance {sparkline([float(row['balance_end']) for row in reversed(rows)])}"
    )
