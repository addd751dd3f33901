import gzip
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from timeseries.demo import generate
from timeseries.errors import InputError

TRADE_COLUMNS = [
    *("account", "ticket", "symbol", "side", "lots", "open_time", "close_time", "open_price"),
    *("close_price", "stop_loss", "take_profit", "commission", "swap", "profit"),
]


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name, seed in (("first", 3), ("second", 3), ("other", 4)):
        generate(tmp_path / name, accounts=40, days=70, seed=seed)
    first = contents(tmp_path / "first")
    assert first == contents(tmp_path / "second")
    assert first.keys() >= {"plans.csv", "accounts.csv", "labels.csv", "trades-late.csv.gz"}
    assert first["trades-0001.parquet"] != contents(tmp_path / "other")["trades-0001.parquet"]


def test_compressed_files_carry_no_clock(loaded):
    packed = [path.read_bytes() for path in loaded.firm.trades if path.suffix == ".gz"]
    assert len(packed) == 2
    assert all(data[4:8] == bytes(4) for data in packed)


def test_counts_are_those_of_the_files(loaded):
    counts = loaded.firm.counts
    assert counts.trades_written == len(loaded.rows)
    assert counts.distinct_trades == len(loaded.trades)
    assert counts.trades_written == counts.distinct_trades + counts.duplicates + counts.broken
    assert counts.snapshots == len(loaded.equity)
    assert counts.accounts == len(loaded.accounts) == 500
    assert counts.accounts_ended == (loaded.accounts.status == "breached").sum()
    for share, expected in ((counts.duplicates, 0.005), (counts.late, 0.01), (counts.broken, 0.002)):
        assert share / counts.distinct_trades == pytest.approx(expected, rel=0.05)


def test_a_repeated_row_comes_again_unchanged_in_a_later_file(loaded):
    rows = loaded.rows[loaded.rows.duplicated(["account", "ticket"], keep=False)]
    again = rows.groupby(["account", "ticket"])
    assert len(again) == loaded.firm.counts.duplicates
    assert (again.file.nunique() == 2).all()
    texts = rows.assign(**{name: rows[name].astype(str) for name in TRADE_COLUMNS})
    for name in ("lots", "open_price", "close_price", "commission", "swap", "profit"):
        texts[name] = pd.to_numeric(rows[name])
    assert (texts.groupby(["account", "ticket"])[TRADE_COLUMNS[2:9]].nunique() == 1).all().all()


def test_late_rows_are_old_and_stand_only_in_the_last_file(loaded):
    assert loaded.firm.trades[-1].name == "trades-late.csv.gz"
    late = loaded.rows[loaded.rows.file == "trades-late.csv.gz"]
    elsewhere = loaded.rows[loaded.rows.file != "trades-late.csv.gz"]
    only_late = late[~late.ticket.isin(elsewhere.ticket)]
    good = only_late.merge(loaded.trades[["account", "ticket"]], on=["account", "ticket"])
    assert len(good) == loaded.firm.counts.late
    assert good.close_time.min() < "2025-11-15"


def test_broken_rows_are_of_every_kind_and_have_their_own_tickets(loaded):
    rows = loaded.rows
    broken = rows[~rows.ticket.isin(loaded.trades.ticket)]
    assert len(broken) == loaded.firm.counts.broken
    assert broken.symbol.isna().any()
    assert (pd.to_numeric(broken.lots) < 0).any()
    assert (broken.account == "X999999").any()
    assert pd.to_numeric(broken.profit, errors="coerce").isna().any()
    assert pd.to_numeric(broken.open_price, errors="coerce").isna().any()
    assert pd.to_datetime(broken.open_time, errors="coerce", utc=True).isna().any()
    assert (broken.close_time < broken.open_time).any()


def test_both_doors_are_used_and_files_are_sorted(loaded):
    kinds = {"".join(path.suffixes) for path in loaded.firm.trades}
    assert kinds == {".parquet", ".csv.gz"}
    for path in loaded.firm.trades:
        if path.suffix == ".parquet":
            assert pq.read_schema(path).names == TRADE_COLUMNS
            assert str(pq.read_schema(path).field("close_time").type) == "timestamp[us, tz=UTC]"
    for path in loaded.firm.trades[:-1]:
        part = loaded.rows[loaded.rows.file == path.name]
        part = part[part.ticket.isin(loaded.trades.ticket)]
        assert part.close_time.is_monotonic_increasing


def test_tickets_are_unique_and_rise_with_the_opening_time(loaded):
    ordered = loaded.trades.sort_values("ticket")
    assert ordered.ticket.is_unique
    assert ordered.open_time.is_monotonic_increasing


def test_text_files_hold_plain_short_decimals(loaded):
    for path in loaded.firm.trades:
        if path.suffix == ".parquet":
            continue
        for line in gzip.decompress(path.read_bytes()).decode().splitlines()[1:400]:
            cells = [cell.strip('"') for cell in line.split(",")]
            if ("12" in cells and "3x" in cells) or "nan" in line.lower():
                continue
            for cell in (cells[4], *cells[11:14]):
                assert "e" not in cell.lower()
                assert -Decimal(cell).as_tuple().exponent <= 2


def test_money_prices_and_lots_have_their_symbols_decimals(loaded):
    decimals = {"EURUSD": 5, "USDJPY": 3, "XAUUSD": 2, "NAS100": 1, "BTCUSD": 2}
    for symbol, digits in decimals.items():
        prices = loaded.trades.loc[loaded.trades.symbol == symbol, ["open_price", "close_price"]].to_numpy()
        assert (np.round(prices, digits) == prices).all()
        assert (np.round(prices, digits - 1) != prices).any()
    for name in ("profit", "commission", "swap", "lots"):
        values = loaded.trades[name].to_numpy()
        assert (np.round(values, 2) == values).all()
    money = loaded.equity[["balance", "equity", "margin"]].to_numpy()
    assert (np.round(money, 2) == money).all()


def test_plans_hold_the_field_s_limits(loaded):
    plans = loaded.plans
    assert set(plans.initial_balance) == {5e3, 1e4, 2.5e4, 5e4, 1e5, 2e5, 4e5}
    assert (plans.daily_loss / plans.initial_balance).between(0.05, 0.06).all()
    assert (plans.max_drawdown / plans.initial_balance).between(0.08, 0.12).all()
    assert set(zip(plans.reset_time, plans.time_zone, strict=True)) == {
        ("17:00", "America/New_York"),
        ("00:00", "Europe/Prague"),
        ("00:00", "UTC"),
    }
    assert plans.consistency_limit.notna().any() and plans.consistency_limit.isna().any()
    assert set(loaded.accounts.account_group) == {"dubai", "london", "new-york", "sao-paulo", "singapore"}


@pytest.mark.parametrize(("accounts", "days"), [(1, 1), (3, 5), (30, 59)])
def test_a_tiny_firm_is_written_all_the_same(tmp_path, accounts, days):
    firm = generate(tmp_path, accounts=accounts, days=days)
    assert firm.counts.accounts == accounts
    assert sum(pq.read_metadata(path).num_rows for path in firm.equity) == firm.counts.snapshots
    assert firm.labels == ()


@pytest.mark.parametrize(("accounts", "days"), [(0, 10), (10, 0)])
def test_an_empty_firm_is_refused(tmp_path, accounts, days):
    with pytest.raises(InputError, match="at least 1 account"):
        generate(tmp_path, accounts=accounts, days=days)


def test_progress_rises_to_one(tmp_path):
    told: list[float] = []
    generate(tmp_path, accounts=5, days=10, progress=lambda stage, share: told.append(share))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
