"""``timeseries accounts``: which accounts there are, where each stands, what it traded."""

from dataclasses import asdict
from datetime import UTC
from typing import Any, Literal

import click

from timeseries import reads
from timeseries.commands._account_page import show_account
from timeseries.commands._session import Session, pass_session, print_json
from timeseries.reads import AccountStanding, Trade, TradePage
from timeseries.terminal import amount, render_table, say, when

__all__ = ["accounts"]

JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


class ListFirst(click.Group):
    """A group whose options alone mean its ``list``."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Put the verb in that was left out."""
        if not args or (args[0].startswith("-") and args[0] not in self.get_help_option_names(context)):
            args = ["list", *args]
        return super().parse_args(context, args)


@click.group(cls=ListFirst)
def accounts() -> None:
    """Accounts: list them, look at one, read its trades.

    `timeseries accounts` alone is `timeseries accounts list`.
    """


@accounts.command("list")
@click.option("--status", type=click.Choice(["active", "breached", "passed", "closed"]), help="Only these.")
@click.option("--group", help="Only this group's.")
@click.option("--plan", help="Only those on this plan.")
@click.option(
    "--sort",
    type=click.Choice(["name", "risk"]),
    default="name",
    show_default=True,
    help="risk: least of the drawdown limit left first, among active accounts unless --status says else.",
)
@click.option("--top", default=30, show_default=True, type=click.IntRange(1), help="How many to show.")
@JSON
@pass_session
def list_(
    session: Session,
    status: str | None,
    group: str | None,
    plan: str | None,
    sort: Literal["name", "risk"],
    top: int,
    as_json: bool,
) -> None:
    """List accounts with their plan, status, balance, equity and room to the drawdown limit."""
    wanted = status or ("active" if sort == "risk" else None)
    with session.database() as database:
        found = reads.overview(database, status=wanted, group=group, plan=plan, sort=sort, limit=top)
        fresh = reads.freshness(database)
    if as_json:
        print_json([{**asdict(account), "stale": account.stale} for account in found.accounts])
        return
    if not found.accounts:
        say("There are no such accounts: load them with `timeseries ingest accounts FILE`.")
        return
    _show_list(found.accounts)
    if found.total > len(found.accounts):
        say(f"{len(found.accounts)} of {found.total:,} accounts; more with --top.")
    say(fresh.sentence(), style="dim")


@accounts.command()
@click.argument("account")
@click.option(
    "--days",
    default=30,
    show_default=True,
    type=click.IntRange(1),
    help="How many days of trading to sum up.",
)
@JSON
@pass_session
def show(session: Session, account: str, days: int, as_json: bool) -> None:
    """Show where ACCOUNT stands: limits left, equity, open positions, and its trading of late."""
    with session.database() as database:
        standing = reads.account_standing(database, account)
        page: dict[str, Any] = {
            "account": standing,
            "equity": reads.latest_equity(database, account),
            "open_positions": reads.open_positions(database, account),
            "trading": reads.trade_summary(database, account=account, days=days),
            "symbols": reads.symbol_performance(database, account=account, days=days),
        }
        fresh = reads.freshness(database, account)
    if as_json:
        plain = {name: _plain(part) for name, part in page.items()}
        print_json({"freshness": fresh.as_dict(), **plain})
        return
    show_account(standing, page["equity"], page["open_positions"], page["trading"], page["symbols"])
    say(fresh.sentence(), style="dim")


@accounts.command()
@click.argument("account")
@click.option("--since", type=MOMENT, help="Only trades closed at this day or moment (UTC) or later.")
@click.option("--until", type=MOMENT, help="Only trades closed before this day or moment (UTC).")
@click.option("--top", default=30, show_default=True, type=click.IntRange(1), help="How many to show.")
@JSON
@pass_session
def trades(session: Session, account: str, since: Any, until: Any, top: int, as_json: bool) -> None:
    """List ACCOUNT's trades, the newest close first."""
    start, end = (moment and moment.replace(tzinfo=UTC) for moment in (since, until))
    with session.database() as database:
        page = reads.account_trades(database, account, since=start, until=end, limit=top)
        fresh = reads.freshness(database, account)
    if as_json:
        print_json({"freshness": fresh.as_dict(), "currency": page.currency, "rows": _plain(page.trades)})
    elif not page.trades:
        say(f"Account {account} has no such trades: load some with `timeseries ingest trades FILE`.")
    else:
        _show_trades(account, page)
        say(fresh.sentence(), style="dim")


def _plain(part: Any) -> Any:
    if isinstance(part, list | tuple):
        return [asdict(row) for row in part]
    return None if part is None else asdict(part)


def _show_list(rows: tuple[AccountStanding, ...]) -> None:
    columns = (
        "account", "plan", "phase", "group", "status", "balance", "equity", "net profit", "last day's",
        "to max limit", "open", "last day",
    )  # fmt: skip
    table = [
        (
            row.account,
            row.plan,
            row.phase,
            row.account_group or "–",
            row.status,
            amount(row.balance),
            amount(row.equity),
            amount(row.net_profit),
            amount(row.day_profit),
            amount(row.max_drawdown_left),
            str(row.open_positions),
            f"{row.last_day or '–'}{' (stale)' if row.stale else ''}",
        )
        for row in rows
    ]
    render_table(columns, table, left=("account", "plan", "phase", "group", "status", "last day"))


def _show_trades(account: str, page: TradePage) -> None:
    columns = (
        "closed",
        "ticket",
        "symbol",
        "side",
        "lots",
        "open price",
        "close price",
        "held",
        "net profit",
    )
    render_table(
        columns,
        [_trade_row(trade) for trade in page.trades],
        title=f"{account}, {page.currency}",
        left=("closed", "symbol", "side"),
    )
    if page.older is not None:
        say(f"The newest {len(page.trades)}; more with --top, older ones with --until.")


def _trade_row(trade: Trade) -> tuple[str, ...]:
    return (
        when(trade.close_time),
        str(trade.ticket),
        trade.symbol,
        trade.side,
        amount(trade.lots),
        f"{trade.open_price}",
        f"{trade.close_price}",
        str(trade.close_time - trade.open_time),
        amount(trade.net_profit),
    )
