"""Closed trades: columns to whole numbers, and the merge into the hypertable."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from timeseries.database import statement
from timeseries.ingest._accounts_of import AccountRows, lock_accounts, mark_stale_days, raise_marks
from timeseries.ingest._checks import choice, money, number
from timeseries.ingest._copy import as_timestamps, copy_binary
from timeseries.ingest._decimals import Decimals, smallest_digits
from timeseries.ingest._faults import Faults
from timeseries.ingest._outcome import LookUp, Outcome, settle
from timeseries.ingest._rows import Rows
from timeseries.ingest._symbols import symbol_ids
from timeseries.ingest._text import Names, coded, names
from timeseries.ingest._times import ToUtc, instants

__all__ = ["TradeBatch"]

PRICE_DIGITS = 9
LOT_DIGITS = 5
LEAST_LOT_DIGITS = 2  # 0.1, 0.10 and 0.12 then share a scale, and the column compresses
LONGEST_SYMBOL = 64
SIDES = ("buy", "sell")
MONEY = ("profit", "commission", "swap")
TAKEN = "The ticket is already loaded with other values."

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class TradeBatch:
    """A batch of trades, read as far as it can be without the database.

    Attributes:
        fixed: columns of the table that depend on the file alone.
        amounts: profit, commission and swap; their scale is the account's.
    """

    rows: Rows
    faults: Faults
    account: Names
    symbol: Names
    close_time: NDArray[np.int64]
    fixed: Columns
    amounts: dict[str, Decimals]

    @classmethod
    def parse(cls, rows: Rows, naive: ToUtc | None) -> "TradeBatch":
        """Check and convert the columns; faults are kept for the quarantine."""
        faults = Faults(len(rows.lines))
        columns = rows.columns
        symbol = names(columns["symbol"])
        faults.add(symbol.where(lambda text: not text), "symbol", "The symbol is missing.")
        faults.add(
            symbol.where(lambda text: len(text) > LONGEST_SYMBOL),
            "symbol",
            f"The symbol is longer than {LONGEST_SYMBOL} characters.",
        )
        close_time, held = _times(columns, naive, faults)
        fixed: Columns = {
            "ticket": _tickets(columns, faults),
            "close_time": as_timestamps(close_time),
            "seconds_held": held,
            "side": _sides(columns, faults),
            **_lots(columns, faults),
            **_prices(columns, faults),
        }
        amounts = {
            name: number(columns.get(name), len(rows.lines), name, faults, required=name == "profit")
            for name in MONEY
        }
        return cls(rows, faults, names(columns["account"]), symbol, close_time, fixed, amounts)

    def merge(self, connection: Connection, *, cautious: bool) -> Outcome:
        """Add the new trades, and mark their days; the caller holds the transaction.

        Args:
            connection: inside the batch's transaction.
            cautious: look every trade up, also those beyond their account's mark.
        """
        accounts = lock_accounts(connection, self.account, self.faults)
        amounts = {
            name: money(amount, accounts.digits, name, self.faults) for name, amount in self.amounts.items()
        }
        rows = np.flatnonzero(self.faults.good)
        table = {"account_id": accounts.account_id, **self.fixed, **amounts}
        good = {name: column[rows] for name, column in table.items()}
        good["symbol_id"] = symbol_ids(connection, self.symbol.take(rows))
        suspect = (good["ticket"] <= accounts.highest_ticket[rows]) | cautious
        settled = settle(good, ("account_id", "ticket"), suspect, _look_up(connection, good))
        taken = np.zeros(len(self.rows.lines), bool)
        taken[rows[settled.conflicting]] = True
        self.faults.add(taken, "ticket", TAKEN)
        self._add(connection, accounts, rows[settled.new], _chosen(good, settled.new))
        new = len(settled.new)
        return Outcome(new, len(rows) - new - len(settled.conflicting), self.faults)

    def _add(
        self, connection: Connection, accounts: AccountRows, rows: NDArray[np.int64], new: Columns
    ) -> None:
        copy_binary(connection, "ingest.copy_trades", _ordered(new))
        mark_stale_days(connection, accounts, rows, self.close_time[rows])
        raise_marks(connection, "ingest.raise_highest_tickets", new["account_id"], new["ticket"])


def _times(
    columns: Mapping[str, Any], naive: ToUtc | None, faults: Faults
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    opened, closed = instants(columns["open_time"], naive), instants(columns["close_time"], naive)
    opened.check(faults, "open_time", required=True)
    closed.check(faults, "close_time", required=True)
    held = closed.seconds - opened.seconds
    faults.add(held < 0, "close_time", "The trade closes before it opens.")
    return closed.seconds, np.where(faults.good, held, 0).astype(np.int32)


def _tickets(columns: Mapping[str, Any], faults: Faults) -> NDArray[np.int64]:
    ticket = number(columns["ticket"], 0, "ticket", faults, required=True)
    faults.add(ticket.digits > 0, "ticket", "The ticket must be a whole number.")
    return ticket.mantissa


def _sides(columns: Mapping[str, Any], faults: Faults) -> NDArray[np.int16]:
    codes = coded(columns["side"], SIDES)
    choice(codes, SIDES, "side", faults, required=True)
    return np.where(codes == 0, 1, -1).astype(np.int16)


def _lots(columns: Mapping[str, Any], faults: Faults) -> Columns:
    scaled = number(columns["lots"], 0, "lots", faults, required=True).at_scale(LOT_DIGITS)
    faults.add(scaled.values <= 0, "lots", "Lots must be above zero.")
    faults.add(~scaled.exact, "lots", f"Lots have more than {LOT_DIGITS} decimals.")
    (lots,), digits = smallest_digits([scaled.values], LOT_DIGITS, LEAST_LOT_DIGITS)
    faults.add(
        ~scaled.fits | (lots > np.iinfo(np.int32).max), "lots", "The lots are more than the engine keeps."
    )
    return {"lots": lots.astype(np.int32), "lot_digits": digits.astype(np.int16)}


def _prices(columns: Mapping[str, Any], faults: Faults) -> Columns:
    prices = []
    for name in ("open_price", "close_price"):
        scaled = number(columns[name], 0, name, faults, required=True).at_scale(PRICE_DIGITS)
        faults.add(~scaled.fits, name, "The price is larger than the engine keeps.")
        faults.add(scaled.values <= 0, name, "The price must be above zero.")
        faults.add(~scaled.exact, name, f"The price has more than {PRICE_DIGITS} decimals.")
        prices.append(scaled.values)
    (opened, closed), digits = smallest_digits(prices, PRICE_DIGITS, 0)
    return {"open_price": opened, "price_move": closed - opened, "price_digits": digits.astype(np.int16)}


def _look_up(connection: Connection, good: Columns) -> LookUp:
    def look_up(suspects: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        chosen = _chosen(good, suspects)
        connection.execute(statement("ingest.create_suspects"))
        place = suspects.astype(np.int32)
        copy_binary(connection, "ingest.copy_suspects", {"place": place, **_ordered(chosen)})
        connection.execute(statement("ingest.analyze_suspects"))
        bounds = {
            "first_account": int(chosen["account_id"].min()),
            "last_account": int(chosen["account_id"].max()),
            "first_ticket": int(chosen["ticket"].min()),
            "last_ticket": int(chosen["ticket"].max()),
        }
        found = connection.execute(statement("ingest.known_trades"), bounds).all()
        places = np.array([row.place for row in found], np.int64)
        return places, np.array([row.same for row in found], bool)

    return look_up


def _chosen(columns: Columns, rows: NDArray[np.int64]) -> Columns:
    return {name: column[rows] for name, column in columns.items()}


def _ordered(columns: Columns) -> Columns:
    """In the order of the COPY statements."""
    order = (
        "account_id",
        "ticket",
        "close_time",
        "open_price",
        "price_move",
        "profit",
        "commission",
        "swap",
        "seconds_held",
        "lots",
        "symbol_id",
        "side",
        "price_digits",
        "lot_digits",
    )
    return {name: columns[name] for name in order}
