"""How far those reach who may load for some groups only."""

from collections.abc import Sequence

from sqlalchemy import Connection

from timeseries.database import run
from timeseries.ingest._symbols import known_symbols
from timeseries.ingest._trades import TradeBatch

__all__ = ["refuse_beyond"]

# Platforms and firms differ by a while in when an account was opened.
SLACK_SECONDS = 7 * 86_400


def refuse_beyond(connection: Connection, batch: TradeBatch, groups: Sequence[str]) -> None:
    """Refuse rows of accounts outside these groups, of new symbols, and from before their account.

    Symbols and chunks are everybody's: what one group adds to them, all others wait for.
    """
    names = batch.account.distinct
    found = run(connection, "rows.accounts_of_groups", {"accounts": names, "groups": list(groups)})
    opened = {row.account: row.opened_at for row in found}
    batch.faults.add(
        batch.account.where(lambda name: name not in opened),
        "account",
        "There is no such account in the groups that may be loaded.",
    )
    closed = batch.faults.of(~batch.cancelled)
    symbols = known_symbols(connection, batch.symbol.distinct)
    closed.add(
        batch.symbol.where(lambda name: name not in symbols),
        "symbol",
        "There is no such symbol yet; whoever loads for the whole firm brings new ones.",
    )
    since = batch.account.lookup(opened, 0)
    early = batch.close_time < since - SLACK_SECONDS
    closed.add(early, "close_time", "It closed before the account was opened.")
