"""An account on one page of the terminal."""

from collections.abc import Sequence
from datetime import timedelta

from timeseries.reads import AccountStanding, Equity, OpenPositions, SymbolPerformance, TradeSummary
from timeseries.terminal import amount, percent, render_table, say, sparkline, when

__all__ = ["show_account", "show_symbols"]


def show_account(
    standing: AccountStanding,
    equity: Equity | None,
    positions: OpenPositions,
    trading: TradeSummary,
    symbols: Sequence[SymbolPerformance],
) -> None:
    """Print where an account stands and what it traded of late."""
    group = f", group {standing.account_group}" if standing.account_group else ""
    say(f"{standing.account}: {standing.plan}, {standing.phase}{group}, {standing.status}", style="bold")
    _show_money(standing, equity)
    _show_limits(standing)
    _show_positions(positions)
    _show_trading(trading)
    if symbols:
        show_symbols(symbols)


def show_symbols(rows: Sequence[SymbolPerformance], *, with_accounts: bool = False) -> None:
    """Print a table of symbols; with how many accounts traded each, if wanted."""
    columns = ["symbol", "currency", "trades", "win rate", "net profit", "profit factor", "lots"]
    table = [
        [
            row.symbol,
            row.currency,
            f"{row.trades:,}",
            percent(row.win_rate),
            amount(row.net_profit),
            amount(row.profit_factor),
            f"{row.lots:,.2f}",
            f"{row.accounts:,}",
        ][: 8 if with_accounts else 7]
        for row in rows
    ]
    render_table([*columns, *["accounts"][:with_accounts]], table, left=("symbol", "currency"))


def _show_money(standing: AccountStanding, equity: Equity | None) -> None:
    say(
        f"balance {amount(standing.balance)} {standing.currency} from {amount(standing.initial_balance)}, "
        f"net profit {amount(standing.net_profit)}, on {standing.last_day or 'no day yet'} "
        f"{amount(standing.day_profit)}"
    )
    if equity is not None:
        say(f"equity {amount(equity.equity)}, margin {amount(equity.margin)} at {when(equity.time)}")


def _show_limits(standing: AccountStanding) -> None:
    rows = [
        ("daily loss", amount(standing.daily_loss), amount(standing.daily_loss_left)),
        ("max drawdown", amount(standing.max_drawdown), amount(standing.max_drawdown_left)),
    ]
    if standing.profit_target is not None:
        to_go = max(standing.profit_target - standing.net_profit, standing.profit_target * 0)
        rows.append(("profit target", amount(standing.profit_target), amount(to_go)))
    render_table(("rule", "limit", "left"), rows, left=("rule",))


def _show_positions(open_positions: OpenPositions) -> None:
    if not open_positions.positions:
        known = open_positions.as_of is not None
        say(f"No open positions at {when(open_positions.as_of)}." if known else "No open positions known.")
        return
    rows = [
        (
            p.symbol,
            p.side,
            amount(p.lots),
            when(p.open_time),
            str(p.open_price),
            amount(p.profit),
            str(p.ticket),
        )
        for p in open_positions.positions
    ]
    title = f"{len(rows)} open positions at {when(open_positions.as_of)}"
    columns = ("symbol", "side", "lots", "opened", "open price", "profit", "ticket")
    render_table(columns, rows, title=title, left=("symbol", "side", "opened"))


def _show_trading(trading: TradeSummary) -> None:
    if not any(total.trades for total in trading.totals):
        say(f"No trades from {trading.since} to {trading.until}." if trading.since else "No trades yet.")
        return
    total = trading.totals[0]
    say(
        f"{trading.since} to {trading.until}: {total.trades:,} trades, {percent(total.win_rate)} won",
        style="bold",
    )
    say(
        f"net profit {amount(total.net_profit)} {total.currency}: {amount(total.gross_profit)} won, "
        f"{amount(total.gross_loss)} lost, profit factor {amount(total.profit_factor)}"
    )
    held = timedelta(seconds=round(total.average_seconds_held or 0))
    say(f"{total.lots:,.2f} lots, the largest {total.largest_lots:,.2f}; held {held} on average")
    say(f"net profit by day {sparkline([float(day.net_profit) for day in trading.days])}")
