"""The merge of trades: new ones straight into the hypertable, others by what is known of their tickets."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from timeseries.database import run, statement
from timeseries.ingest._accounts_of import (
    AccountRows,
    Touched,
    lock_accounts,
    mark_stale_days,
    raise_ticket_marks,
    refuse_dropped,
)
from timeseries.ingest._checks import money
from timeseries.ingest._copy import EPOCH, copy_binary
from timeseries.ingest._outcome import Origin, Outcome, groups
from timeseries.ingest._revisions import Changes, revise
from timeseries.ingest._symbols import symbol_ids
from timeseries.ingest._trades import TradeBatch

__all__ = ["merge_trades"]

MICROSECOND = 1_000_000
MANY = 10_000  # suspects; from here on reading whole chunks costs less than a look-up for each
KEY = ("account_id", "ticket")
MONEYLESS = ("seconds_held", "lots", "symbol_id", "side", "price_digits", "lot_digits")
VALUES = ("close_time", "open_price", "price_move", "profit", "commission", "swap", *MONEYLESS)
CONTRADICTS = "The ticket has other values of the very same moment; give the later ones a later updated_at."

Columns = dict[str, NDArray[Any]]


def merge_trades(batch: TradeBatch, connection: Connection, origin: Origin, *, cautious: bool) -> Outcome:
    """Add new trades, let corrections and cancellations take effect, and mark the days they touch.

    Of several versions of a ticket the one that its source dated last is in force, or, where the
    source gives no dates, the one that came last; a dated version is never undone by an undated one.

    Args:
        batch: its faults gain what only the database can tell.
        connection: inside the batch's transaction.
        origin: dates the rows that the source does not date.
        cautious: look every trade up everywhere, also those beyond their account's mark.
    """
    accounts = lock_accounts(connection, batch.account, batch.faults)
    closed = batch.faults.of(~batch.cancelled)
    refuse_dropped(connection, "trades", batch.close_time, "close_time", closed)
    table = _table(batch, accounts, origin)
    rows = np.flatnonzero(batch.faults.good)
    good = _chosen(table, rows) | {"symbol_id": _symbol_ids(connection, batch, rows)}
    first, alike = groups(good, KEY)
    repeat = alike & (first != np.arange(len(rows)))
    beyond = good["ticket"] > accounts.highest_ticket[rows]
    revising = good["cancelled"] | ~alike
    suspect = np.flatnonzero((~beyond | revising | cautious) & ~repeat)
    where, known, revised = _look_up(connection, good, suspect, cautious=cautious)
    revising = (revising | revised) & ~repeat
    new = np.flatnonzero(~known & ~revising & ~repeat)
    _add(connection, accounts, rows, good, new)
    changes = revise(connection, np.flatnonzero(revising), where, origin.file_id)
    _follow(connection, batch, accounts, rows, changes)
    done = len(new) + changes.effective + len(changes.refused)
    return Outcome(
        new=len(new) + len(changes.added),
        duplicate=len(rows) - done,
        faults=batch.faults,
        corrected=len(changes.corrected),
        cancelled=len(changes.cancelled),
        added=rows[np.concatenate([new, changes.added])],
        changed=rows[np.concatenate([changes.corrected, changes.cancelled])],
    )


def _table(batch: TradeBatch, accounts: AccountRows, origin: Origin) -> Columns:
    closed = batch.faults.of(~batch.cancelled)
    amounts = {name: money(amount, accounts.digits, name, closed) for name, amount in batch.amounts.items()}
    undated = origin.first_seen + batch.rows.positions
    moment = np.where(batch.stated, batch.updated_at, undated)
    lag = np.where(batch.stated, batch.updated_at // 1000 - batch.close_time * 1000, 0)
    return {
        "account_id": accounts.account_id,
        **batch.fixed,
        **amounts,
        "cancelled": batch.cancelled,
        "stated": batch.stated,
        "version_at": moment - EPOCH * MICROSECOND,
        "source_lag": lag,
    }


def _symbol_ids(connection: Connection, batch: TradeBatch, rows: NDArray[np.int64]) -> NDArray[np.int16]:
    ids = np.zeros(len(rows), np.int16)
    closed = np.flatnonzero(~batch.cancelled[rows])
    ids[closed] = symbol_ids(connection, batch.symbol.take(rows[closed]))
    return ids


def _look_up(
    connection: Connection, good: Columns, suspects: NDArray[np.int64], *, cautious: bool
) -> tuple[list[dict[str, Any]], NDArray[np.bool_], NDArray[np.bool_]]:
    """Where the suspects were looked for, which rows are known, and which of these bring another version."""
    known, revised = np.zeros((2, len(good["ticket"])), bool)
    if not len(suspects):
        return [], known, revised
    _copy_suspects(connection, good, suspects)
    bounds = statement("ingest.suspect_bounds" if cautious else "ingest.suspect_periods")
    where = [dict(row) for row in connection.execute(bounds).mappings()]
    look_up = "ingest.known_trades_by_key" if len(suspects) < MANY else "ingest.known_trades"
    for bound in where:
        found = run(connection, look_up, bound).all()
        places = np.array([row.place for row in found], np.int64)
        known[places] = True
        revised[places] = [not row.same for row in found]
    revised[list(connection.scalars(statement("ingest.revised_suspects")))] = True
    return where, known, revised


def _copy_suspects(connection: Connection, good: Columns, suspects: NDArray[np.int64]) -> None:
    connection.execute(statement("ingest.create_suspects"))
    version = ("place", "account_id", "ticket", "stated", "version_at")
    cancelled = good["cancelled"][suspects]
    for chosen, columns, name in (
        (suspects[~cancelled], (*version, *VALUES), "ingest.copy_suspects"),
        (suspects[cancelled], version, "ingest.copy_suspected_cancellations"),
    ):
        table = {"place": chosen.astype(np.int32), **_chosen(good, chosen)}
        copy_binary(connection, name, {column: table[column] for column in columns})
    connection.execute(statement("ingest.analyze_suspects"))


def _add(
    connection: Connection,
    accounts: AccountRows,
    rows: NDArray[np.int64],
    good: Columns,
    new: NDArray[np.int64],
) -> None:
    dated = good["stated"][new]
    for chosen, columns, name in (
        (new[~dated], (*KEY, *VALUES), "ingest.copy_trades"),
        (new[dated], (*KEY, *VALUES, "source_lag"), "ingest.copy_dated_trades"),
    ):
        copy_binary(connection, name, {column: good[column] for column in columns}, chosen)
    closed = good["close_time"][new] // MICROSECOND + EPOCH
    mark_stale_days(connection, accounts, rows[new], closed, Touched.TRADES)
    raise_ticket_marks(connection, good["account_id"][new], closed, good["ticket"][new])


def _follow(
    connection: Connection,
    batch: TradeBatch,
    accounts: AccountRows,
    rows: NDArray[np.int64],
    changes: Changes,
) -> None:
    """Refuse what contradicts itself, and mark the days that lost or got a trade by a correction."""
    contradicting = np.zeros(len(batch.cancelled), bool)
    contradicting[rows[changes.refused]] = True
    batch.faults.add(contradicting, "updated_at", CONTRADICTS)
    touched, moments = rows[changes.places], changes.moments
    mark_stale_days(connection, accounts, touched[moments > 0], moments[moments > 0], Touched.TRADES)
    raise_ticket_marks(connection, accounts.account_id[touched], moments, changes.tickets)


def _chosen(columns: Columns, rows: NDArray[np.int64]) -> Columns:
    """Some rows, in rising order; all of them without a copy."""
    if len(rows) == len(columns["ticket"]):
        return columns
    return {name: column[rows] for name, column in columns.items()}
