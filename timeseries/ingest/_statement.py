"""Loading an MT4 statement: all of it in one transaction, or nothing."""

import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Connection, Row

from timeseries.database import Database, statement
from timeseries.errors import InputError
from timeseries.ingest._accounts_of import DROPPED, Touched, lock_accounts, mark_stale_days
from timeseries.ingest._checks import money, number
from timeseries.ingest._faults import Faults
from timeseries.ingest._kind import Kind
from timeseries.ingest._ledger import Entry, advance, claim_again, finish, standing
from timeseries.ingest._mt4 import Statement, StatementRow, read_statement
from timeseries.ingest._options import LoadOptions, StatementOptions
from timeseries.ingest._outcome import Origin, Outcome
from timeseries.ingest._report import LoadReport, StatementTotals
from timeseries.ingest._rows import Rows
from timeseries.ingest._source import Source
from timeseries.ingest._statement_account import StatementAccount, statement_account
from timeseries.ingest._symbols import symbol_ids
from timeseries.ingest._text import names
from timeseries.ingest._times import ToUtc, instants, to_utc
from timeseries.ingest._trade_merge import merge_trades
from timeseries.ingest._trades import TradeBatch

__all__ = ["load_statement"]

TRADE_COLUMNS = (
    "ticket",
    "side",
    "lots",
    "open_time",
    "close_time",
    "open_price",
    "close_price",
    "swap",
    "profit",
)
READ_AS_UTC = (
    "The statement names no time zone: its times were read as UTC. "
    "Give the broker's zone if its clock stood elsewhere, before any of its trades are loaded."
)
OTHER_BALANCE = (
    "The balance of {account} comes to {here} here, but to {there} in the statement: "
    "the account's initial balance, or some of its history, is not what the statement goes by."
)


@dataclass(frozen=True)
class _Load:
    """One statement on its way into the database."""

    connection: Connection
    source: Source
    entry: Entry
    found: Statement
    account: StatementAccount
    naive: ToUtc


def load_statement(
    database: Database, kind: Kind, source: Source, options: LoadOptions, started: float
) -> LoadReport:
    """Load the closed trades, balance operations and open positions of an MT4 statement.

    Raises:
        InputError: it is not loaded as trades, cannot be read, is in another currency than its account,
            or what would land does not add up to its own closed P/L.
    """
    if kind is not Kind.TRADES:
        raise InputError(f"{source.path} is an MT4 statement: load it as trades.")
    chosen = options if isinstance(options, StatementOptions) else StatementOptions(options.time_zone)
    found = read_statement(source)
    naive = to_utc(chosen.time_zone or "+00:00")
    with database.transaction() as connection:
        # Read again even if it was loaded: the account and the zone it goes to may be others now.
        entry, again = claim_again(connection, source, kind)
        account = statement_account(connection, source, found, chosen, _first_moment(source, found, naive))
        work = _Load(connection, source, entry, found, account, naive)
        _load(work)
        after = standing(connection, entry)
        notes = _notes(work, chosen)
    return LoadReport(
        **vars(after.counts),
        name=source.name,
        kind=kind,
        seconds=time.monotonic() - started,
        already_loaded=again and after.counts.rows_duplicate == after.counts.rows_read,
        statement=_totals(work),
        notes=notes,
    )


def _totals(work: _Load) -> StatementTotals:
    found = work.found
    return StatementTotals(
        work.account.account,
        work.account.currency,
        found.closed_profit,
        len(found.operations),
        len(found.positions),
        found.skipped,
    )


def _notes(work: _Load, options: StatementOptions) -> tuple[str, ...]:
    notes = [] if options.time_zone else [READ_AS_UTC]
    parameters = {"account_id": work.account.account_id, "until": _made_at(work)}
    minor_units = work.connection.scalar(statement("ingest.balance_until"), parameters)
    balance = Decimal(int(minor_units or 0)).scaleb(-work.account.digits)
    if balance != work.found.balance:
        notes.append(
            OTHER_BALANCE.format(account=work.account.account, here=balance, there=work.found.balance)
        )
    return tuple(notes)


def _load(work: _Load) -> None:
    trades = _trade_rows(work, work.found.trades, 0)
    batch = TradeBatch.parse(trades, work.naive)
    origin = Origin(work.entry.file_id, work.entry.first_seen)
    outcome = merge_trades(batch, work.connection, origin, cautious=False)
    _check_total(work, outcome)
    advance(work.connection, work.entry, 0, trades, outcome)
    _load_operations(work, len(work.found.trades))
    _load_positions(work)
    finish(work.connection, work.entry.file_id)


def _check_total(work: _Load, outcome: Outcome) -> None:
    _, reasons = outcome.faults.columns_and_reasons()
    bad = outcome.faults.bad_rows
    # What is older than the raw data kept has had its place in the metrics.
    missing = {
        row for row, reason in zip(bad.tolist(), reasons.to_pylist(), strict=True) if reason != DROPPED
    }
    rows = [row for place, row in enumerate(work.found.trades) if place not in missing]
    landed = sum((Decimal(row.cells[name]) for row in rows for name in ("profit", "swap")), Decimal(0))
    landed += sum((_costs(row) for row in rows), Decimal(0))
    if landed == work.found.closed_profit:
        return
    first = f" Row {work.found.trades[bad[0]].line} is the first bad one: {reasons[0]}" if len(bad) else ""
    raise InputError(
        f"{work.source.path} was not loaded: its closed P/L is {work.found.closed_profit}, "
        f"but its readable trades add up to {landed}.{first}"
    )


def _trade_rows(work: _Load, rows: list[StatementRow], start: int) -> Rows:
    cells = {name: _column(rows, name) for name in TRADE_COLUMNS}
    cells["symbol"] = pa.array([row.cells["symbol"].upper() for row in rows], pa.string())
    cells["commission"] = pa.array([str(_costs(row)) for row in rows], pa.string())
    return _rows(work, rows, cells, start)


def _rows(work: _Load, rows: list[StatementRow], columns: dict[str, pa.Array], start: int) -> Rows:
    texts = pa.array([row.text for row in rows], pa.string())
    return Rows(
        start=start,
        end=start + len(rows),
        positions=start + np.arange(len(rows)),
        lines=np.array([row.line for row in rows], np.int64),
        columns={"account": pa.array([work.account.account] * len(rows), pa.string()), **columns},
        raw=lambda chosen: texts.take(pa.array(chosen, pa.int64())),
    )


def _column(rows: list[StatementRow], name: str) -> pa.Array:
    return pa.array([row.cells[name] for row in rows], pa.string())


def _costs(row: StatementRow) -> Decimal:
    """Taxes are a cost of the trade like its commission."""
    try:
        return Decimal(row.cells["commission"]) + Decimal(row.cells["taxes"] or "0")
    except ArithmeticError:
        return Decimal("NaN")


def _first_moment(source: Source, found: Statement, naive: ToUtc) -> int:
    times = [row.cells["open_time"] for row in found.trades + found.positions]
    times += [row.cells["time"] for row in found.operations]
    read = instants(pa.array(times or [found.made_at], pa.string()), naive)
    if not read.valid.any():
        raise InputError(f"{source.path} has no readable time.")
    return int(read.seconds[read.valid].min())


def _load_operations(work: _Load, start: int) -> None:
    operations = work.found.operations
    rows = _rows(work, operations, {}, start)
    faults = Faults(len(operations))
    when = instants(_column(operations, "time"), work.naive)
    when.check(faults, "time", required=True)
    ticket = number(_column(operations, "ticket"), 0, "ticket", faults, required=True).mantissa
    amount = number(_column(operations, "amount"), 0, "amount", faults, required=True)
    amounts = money(amount, work.account.digits, "amount", faults)
    accounts = lock_accounts(work.connection, names(rows.columns["account"]), faults)
    read = pd.DataFrame({"ticket": ticket, "time": when.seconds, "amount": amounts})
    known = pd.DataFrame(
        _known_operations(work, ticket.tolist()), columns=["ticket", "old_time", "old_amount"]
    )
    found = read.merge(known.astype("Int64"), "left", "ticket")
    faults.add(_contradicting(found), "ticket", "The statement has the ticket twice with other values.")
    new = faults.good & found["old_time"].isna().to_numpy() & ~found["ticket"].duplicated().to_numpy()
    other = (found["time"] != found["old_time"]) | (found["amount"] != found["old_amount"])
    corrected = faults.good & other.fillna(False).to_numpy(bool)
    merged = np.flatnonzero(new | corrected)
    work.connection.execute(
        statement("ingest.merge_operations"),
        {
            "account_id": work.account.account_id,
            "tickets": ticket[merged].tolist(),
            "times": when.seconds[merged].tolist(),
            "amounts": amounts[merged].tolist(),
            "comments": [operations[row].cells["comment"] for row in merged],
        },
    )
    moved = np.flatnonzero(corrected)
    moments = np.r_[when.seconds[merged], found["old_time"].to_numpy()[moved].astype(np.int64)]
    mark_stale_days(work.connection, accounts, np.r_[merged, moved], moments, Touched.OPERATIONS)
    duplicates = int(faults.good.sum()) - len(merged)
    advance(work.connection, work.entry, 0, rows, Outcome(int(new.sum()), duplicates, faults, len(moved)))


def _contradicting(found: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows that repeat the ticket of a row above with other values."""
    again, alike = found["ticket"].duplicated(), found.duplicated(["ticket", "time", "amount"])
    contradicting: NDArray[np.bool_] = (again & ~alike).to_numpy()
    return contradicting


def _known_operations(work: _Load, tickets: list[int]) -> list[Row[Any]]:
    parameters = {"account_id": work.account.account_id, "tickets": tickets}
    return list(work.connection.execute(statement("ingest.known_operations"), parameters))


def _load_positions(work: _Load) -> None:
    """The newest statement says what is open; what any statement shows closed is not."""
    connection, account = work.connection, {"account_id": work.account.account_id}
    connection.execute(statement("ingest.remove_closed_positions"), account)
    as_of = _made_at(work)
    newest = statement("ingest.raise_positions_as_of")
    if not connection.execute(newest, {**account, "as_of": as_of}).rowcount:
        return
    connection.execute(statement("ingest.remove_positions"), account)
    if work.found.positions:
        parameters = {**account, "as_of": as_of, **_positions(work)}
        connection.execute(statement("ingest.add_positions"), parameters)


def _made_at(work: _Load) -> int:
    return int(instants(pa.array([f"{work.found.made_at}:59"]), work.naive).seconds[0])


def _positions(work: _Load) -> dict[str, list[Any]]:
    rows = _trade_rows(work, work.found.positions, 0)
    # Read as a trade that closed at once: the statement's own clock may lag behind the broker's.
    rows.columns["close_time"] = rows.columns["open_time"]
    read = TradeBatch.parse(rows, work.naive)
    amounts = {
        name: money(part, work.account.digits, name, read.faults) for name, part in read.amounts.items()
    }
    if len(read.faults.bad_rows):
        columns, reasons = read.faults.columns_and_reasons()
        line = rows.lines[read.faults.bad_rows[0]]
        raise InputError(f"{work.source.path}, open position in row {line}, {columns[0]}: {reasons[0]}")
    fixed = read.fixed
    return {
        "tickets": fixed["ticket"].tolist(),
        "symbol_ids": symbol_ids(work.connection, read.symbol).tolist(),
        "sides": fixed["side"].tolist(),
        "lots": fixed["lots"].tolist(),
        "lot_digits": fixed["lot_digits"].tolist(),
        "price_digits": fixed["price_digits"].tolist(),
        "open_times": read.close_time.tolist(),
        "open_prices": fixed["open_price"].tolist(),
        "commissions": amounts["commission"].tolist(),
        "swaps": amounts["swap"].tolist(),
        "profits": amounts["profit"].tolist(),
    }
