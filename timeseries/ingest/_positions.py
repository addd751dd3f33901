"""Open positions: an account's newest statement says which there are."""

import numpy as np
from sqlalchemy import Connection

from timeseries.database import statement
from timeseries.ingest._accounts_of import lock_accounts
from timeseries.ingest._checks import money
from timeseries.ingest._symbols import symbol_ids
from timeseries.ingest._trades import TradeBatch

__all__ = ["replace_positions"]


def replace_positions(connection: Connection, account_id: int, opened: TradeBatch, as_of: int) -> None:
    """Put a statement's open trades in place of those known, unless those are of a later statement.

    Args:
        connection: inside the statement's transaction, its closed trades loaded.
        account_id: whose positions.
        opened: the open trades; their close is the moment and the market price of the statement.
        as_of: when the statement was made, UTC seconds.
    """
    account = {"account_id": account_id}
    newest = connection.scalar(statement("ingest.newest_positions"), account)
    if newest is None or newest <= as_of:
        connection.execute(statement("ingest.remove_positions"), account)
        _add(connection, account_id, opened, as_of)
    connection.execute(statement("ingest.remove_closed_positions"), account)


def _add(connection: Connection, account_id: int, opened: TradeBatch, as_of: int) -> None:
    accounts = lock_accounts(connection, opened.account, opened.faults)
    amounts = {
        name: money(value, accounts.digits, name, opened.faults) for name, value in opened.amounts.items()
    }
    rows = np.flatnonzero(opened.faults.good)
    if not len(rows):
        return
    fixed = {name: column[rows].tolist() for name, column in opened.fixed.items()}
    connection.execute(
        statement("ingest.add_positions"),
        {
            "account_id": account_id,
            "as_of": as_of,
            "tickets": fixed["ticket"],
            "symbol_ids": symbol_ids(connection, opened.symbol.take(rows)).tolist(),
            "sides": fixed["side"],
            "lots": fixed["lots"],
            "lot_digits": fixed["lot_digits"],
            "price_digits": fixed["price_digits"],
            "open_times": (opened.close_time[rows] - opened.fixed["seconds_held"][rows]).tolist(),
            "open_prices": fixed["open_price"],
            "commissions": amounts["commission"][rows].tolist(),
            "swaps": amounts["swap"][rows].tolist(),
            "profits": amounts["profit"][rows].tolist(),
        },
    )
