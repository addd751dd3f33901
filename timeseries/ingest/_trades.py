"""Closed trades, corrected and cancelled ones among them: columns to whole numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from timeseries.ingest._checks import choice, number
from timeseries.ingest._copy import as_timestamps
from timeseries.ingest._decimals import Decimals, smallest_digits
from timeseries.ingest._faults import Faults
from timeseries.ingest._kind import COLUMNS, Kind
from timeseries.ingest._rows import Rows
from timeseries.ingest._text import Names, coded, names
from timeseries.ingest._times import ToUtc, instants

__all__ = ["TradeBatch"]

PRICE_DIGITS = 9
LOT_DIGITS = 5
LEAST_LOT_DIGITS = 2  # 0.1, 0.10 and 0.12 then share a scale, and the column compresses
LONGEST_SYMBOL = 64
SIDES = ("buy", "sell")
FLAGS = ("false", "true", "0", "1", "no", "yes")
MONEY = ("profit", "commission", "swap")

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class TradeBatch:
    """A batch of trades, read as far as it can be without the database.

    Attributes:
        fixed: columns of the table that depend on the file alone.
        amounts: profit, commission and swap; their scale is the account's.
        cancelled: the row says that its ticket is no trade any more; its other values say nothing.
        stated: the source says since when the row holds.
        updated_at: that moment in UTC microseconds; 0 where it is not stated.
    """

    rows: Rows
    faults: Faults
    account: Names
    symbol: Names
    close_time: NDArray[np.int64]
    fixed: Columns
    amounts: dict[str, Decimals]
    cancelled: NDArray[np.bool_]
    stated: NDArray[np.bool_]
    updated_at: NDArray[np.int64]

    @classmethod
    def parse(cls, rows: Rows, naive: ToUtc | None) -> "TradeBatch":
        """Check and convert the columns; faults are kept for the quarantine."""
        count = len(rows.lines)
        faults = Faults(count)
        columns = {name: pa.nulls(count, pa.string()) for name in COLUMNS[Kind.TRADES].all} | rows.columns
        cancelled = _flags(columns["cancelled"], faults)
        updated = instants(columns["updated_at"], naive)
        updated.check(faults, "updated_at", required=False)
        ticket = _tickets(columns, faults)
        closed = faults.of(~cancelled)
        symbol = _symbols(columns, closed)
        close_time, held = _times(columns, naive, closed)
        fixed: Columns = {
            "ticket": ticket,
            "close_time": as_timestamps(close_time),
            "seconds_held": held,
            "side": _sides(columns, closed),
            **_lots(columns, closed),
            **_prices(columns, closed),
        }
        amounts = {
            name: number(columns[name], count, name, closed, required=name == "profit") for name in MONEY
        }
        return cls(
            rows=rows.without_columns(),
            faults=faults,
            account=names(columns["account"]),
            symbol=symbol,
            close_time=close_time,
            fixed=fixed,
            amounts=amounts,
            cancelled=cancelled,
            stated=updated.valid,
            updated_at=np.where(updated.valid, updated.seconds * 1_000_000 + updated.milliseconds * 1000, 0),
        )

    @property
    def moments(self) -> NDArray[np.int64]:
        """When the rows take place, in UTC seconds; 0 for cancellations."""
        return self.close_time * ~self.cancelled

    def since(self, position: int) -> "TradeBatch":
        """Without the rows before a position in the file, and with faults of its own."""
        if position <= self.rows.start:
            return replace(self, faults=self.faults.copy())
        chosen = np.flatnonzero(self.rows.positions >= position)
        return TradeBatch(
            rows=self.rows.since(position),
            faults=self.faults.take(chosen),
            account=self.account.take(chosen),
            symbol=self.symbol.take(chosen),
            close_time=self.close_time[chosen],
            fixed={name: column[chosen] for name, column in self.fixed.items()},
            amounts={name: amount.take(chosen) for name, amount in self.amounts.items()},
            cancelled=self.cancelled[chosen],
            stated=self.stated[chosen],
            updated_at=self.updated_at[chosen],
        )

    @staticmethod
    def join(parts: "Sequence[TradeBatch]") -> "TradeBatch":
        """Consecutive batches as one."""
        return TradeBatch(
            rows=Rows.join([part.rows for part in parts]),
            faults=Faults.join([part.faults for part in parts]),
            account=Names.join([part.account for part in parts]),
            symbol=Names.join([part.symbol for part in parts]),
            close_time=np.concatenate([part.close_time for part in parts]),
            fixed={name: np.concatenate([part.fixed[name] for part in parts]) for name in parts[0].fixed},
            amounts={name: Decimals.join([part.amounts[name] for part in parts]) for name in MONEY},
            cancelled=np.concatenate([part.cancelled for part in parts]),
            stated=np.concatenate([part.stated for part in parts]),
            updated_at=np.concatenate([part.updated_at for part in parts]),
        )


def _flags(column: pa.Array, faults: Faults) -> NDArray[np.bool_]:
    codes = coded(column, FLAGS)
    choice(codes, FLAGS, "cancelled", faults, required=False)
    cancelled: NDArray[np.bool_] = (codes >= 0) & (codes % 2 == 1)
    return cancelled


def _symbols(columns: Mapping[str, Any], faults: Faults) -> Names:
    symbol = names(columns["symbol"])
    faults.add(symbol.where(lambda text: not text), "symbol", "The symbol is missing.")
    faults.add(
        symbol.where(lambda text: len(text) > LONGEST_SYMBOL),
        "symbol",
        f"The symbol is longer than {LONGEST_SYMBOL} characters.",
    )
    return symbol


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
