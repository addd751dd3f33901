"""The firm's files: CSV, gzip CSV and Parquet, byte for byte the same for the same firm."""

import csv
import gzip
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from . import _parameters as parameters
from . import _plans as plans
from . import _symbols as symbols
from ._arrays import Bools, Floats, Ints
from ._deals import Deals
from ._equity import NEVER, Snapshots
from ._label import Label
from ._rows import Fault, Rows
from ._traders import Traders, account_name

_ACCOUNT_COLUMNS = (
    *("account", "plan", "phase", "account_group", "initial_balance", "currency"),
    *("opened_at", "closed_at", "status"),
)
# Rows that are text in memory at a time.
_PIECE = 500_000
_FUNDED = parameters.PHASES.index("funded")


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Write a small CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def _iso(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_accounts(path: Path, traders: Traders, ended_at: Ints, profit: Ints) -> Path:
    """The account list; ``profit`` is each account's total in cents.

    Accounts that reached their plan's target are in the funded phase.
    """
    reached = profit >= plans.PROFIT_TARGET[traders.plan] * 100
    phase = np.where(reached, _FUNDED, traders.phase)
    columns = (traders.plan, phase, traders.group, traders.balance, traders.opened_at, ended_at)
    rows = (
        [
            account_name(number),
            plans.NAMES[plan],
            parameters.PHASES[step],
            parameters.GROUPS[group],
            f"{balance}.00",
            "USD",
            _iso(opened),
            "" if ended == NEVER else _iso(ended),
            "active" if ended == NEVER else "breached",
        ]
        for number, (plan, step, group, balance, opened, ended) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        )
    )
    return write_csv(path, _ACCOUNT_COLUMNS, rows)


def write_labels(path: Path, labels: Sequence[Label]) -> Path:
    """The injected anomalies, one a row."""
    rows = ((a.account, a.kind, a.first_day.isoformat(), a.last_day.isoformat(), a.detail) for a in labels)
    return write_csv(path, ["account", "kind", "first_day", "last_day", "detail"], rows)


def _names(numbers: Ints, names: Sequence[str], missing: Bools | None = None) -> Any:
    # Plain strings in the file: not every reader understands Arrow's dictionaries.
    return pa.DictionaryArray.from_arrays(
        pa.array(numbers.astype(np.int32), mask=missing), pa.array(names, pa.string())
    ).cast(pa.string())


def _times(instant: Ints) -> Any:
    return pa.array(instant * 1_000_000).cast(pa.timestamp("us", "UTC"))


def _decimal(points: Ints, decimals: Ints | int) -> Floats:
    # Division of two exact integers gives the double nearest to the decimal, which prints as that decimal.
    return points / 10.0**decimals


def _account_names(traders: Traders) -> list[str]:
    return [*map(account_name, range(traders.count)), "X999999"]


def _trade_table(deals: Deals, rows: Rows, names: list[str]) -> Any:
    fault, decimals = rows.fault, symbols.DECIMALS[deals.symbol]
    profit = _decimal(deals.profit, 2)
    profit[fault == Fault.PROFIT_NOT_A_NUMBER] = np.nan
    closed = np.where(fault == Fault.CLOSED_BEFORE_OPENED, deals.opened - 60, deals.closed)
    lots = np.where(fault == Fault.NEGATIVE_LOTS, -deals.lots, deals.lots)
    account = np.where(fault == Fault.UNKNOWN_ACCOUNT, len(names) - 1, deals.account)
    return pa.table(
        {
            "account": _names(account, names),
            "ticket": rows.ticket,
            "symbol": _names(deals.symbol, symbols.NAMES, fault == Fault.NO_SYMBOL),
            "side": _names(deals.buy.astype(np.int64), ["sell", "buy"]),
            "lots": _decimal(lots, 2),
            "open_time": _times(deals.opened),
            "close_time": _times(closed),
            "open_price": _decimal(deals.open_price, decimals),
            "close_price": _decimal(deals.close_price, decimals),
            "stop_loss": pa.array(_decimal(deals.stop, decimals), mask=deals.stop == 0),
            "take_profit": pa.array(_decimal(deals.target, decimals), mask=deals.target == 0),
            "commission": _decimal(deals.commission, 2),
            "swap": _decimal(deals.swap, 2),
            "profit": profit,
        }
    )


def _as_text(table: Any, fault: Ints) -> Any:
    """Every column as strings, with the faults only text can hold."""
    broken = {
        "open_price": (Fault.UNPARSABLE_PRICE, "12,3x"),
        "open_time": (Fault.UNPARSABLE_TIME, "31/02/2026 25:61"),
    }
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        timed = pa.types.is_timestamp(column.type)
        text = pc.strftime(column.cast(pa.timestamp("s", "UTC")), "%Y-%m-%dT%H:%M:%SZ") if timed else column
        text = text.cast(pa.string())
        if name in broken:
            kind, value = broken[name]
            text = pc.if_else(pa.array(fault == kind), value, text)
        columns[name] = text
    return pa.table(columns)


def _write_gzip(path: Path, table: Any) -> Path:
    options = pa_csv.WriteOptions(quoting_style="needed")
    # No name and no time in the gzip header: the same firm is the same bytes.
    with path.open("wb") as raw, gzip.GzipFile("", "wb", compresslevel=3, fileobj=raw, mtime=0) as file:
        pa_csv.write_csv(table, file, options)
    return path


def _write_parquet(path: Path, table: Any) -> Path:
    pq.write_table(table, path, compression="zstd", compression_level=1)
    return path


def write_trades(
    directory: Path, deals: Deals, rows: Rows, traders: Traders, text_files: Sequence[int], late_file: int
) -> tuple[Path, ...]:
    """Monthly trade files, those in ``text_files`` as gzip CSV, and the late file."""
    names, paths = _account_names(traders), []
    bounds = np.searchsorted(rows.file, np.arange(late_file + 2))
    for number in range(late_file + 1):
        part = rows.take(slice(bounds[number], bounds[number + 1]))
        table = _trade_table(deals.take(part.deal), part, names)
        stem = "trades-late" if number == late_file else f"trades-{number + 1:04d}"
        if number == late_file or number in text_files:
            paths.append(_write_gzip(directory / f"{stem}.csv.gz", _as_text(table, part.fault)))
        else:
            paths.append(_write_parquet(directory / f"{stem}.parquet", table))
    return tuple(paths)


def write_trade_list(path: Path, deals: Deals, rows: Rows, traders: Traders) -> Path:
    """All rows in one plain CSV file, without stops and targets."""
    names = _account_names(traders)
    with path.open("wb") as file:
        for begin in range(0, max(rows.deal.size, 1), _PIECE):
            part = rows.take(slice(begin, begin + _PIECE))
            table = _as_text(_trade_table(deals.take(part.deal), part, names), part.fault)
            options = pa_csv.WriteOptions(include_header=begin == 0, quoting_style="needed")
            pa_csv.write_csv(table.drop_columns(["stop_loss", "take_profit"]), file, options)
    return path


def write_equity(directory: Path, snapshots: Snapshots, month: Ints, traders: Traders) -> tuple[Path, ...]:
    """Monthly Parquet files of snapshots; ``snapshots`` sorted by time, ``month`` one number a row."""
    names, paths = _account_names(traders), []
    edges = np.flatnonzero(np.diff(month, prepend=-1, append=-1))
    for number, (begin, end) in enumerate(pairwise(edges.tolist()), start=1):
        part = snapshots.take(slice(begin, end))
        table = pa.table(
            {
                "account": _names(part.account, names),
                "time": _times(part.time),
                "balance": _decimal(part.balance, 2),
                "equity": _decimal(part.equity, 2),
                "margin": _decimal(part.margin, 2),
            }
        )
        paths.append(_write_parquet(directory / f"equity-{number:04d}.parquet", table))
    return tuple(paths)
