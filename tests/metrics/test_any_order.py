"""However the rows come in, and whatever is done meanwhile, the metrics are those of one clean load."""

from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import text

from timeseries.database import Database, compress
from timeseries.ingest import load, load_stream
from timeseries.metrics import refresh_metrics

NUMBERS = count(1)
DAYS = (
    "2025-01-06",
    "2025-01-07",
    "2025-02-28",
    "2025-03-09",
    "2025-03-10",
)  # a daylight-saving night among them
PLAN = {
    "plan": "rules",
    "currency": "USD",
    "initial_balance": "1000",
    "reset_time": "17:00",
    "time_zone": "America/New_York",
    "max_drawdown": "100",
    "max_drawdown_mode": "trailing",
    "daily_loss": "50",
}

# A version of a ticket: its day, its hour, its profit; None is a cancellation.
VERSION = st.one_of(st.none(), st.tuples(st.sampled_from(DAYS), st.integers(0, 23), st.integers(-60, 60)))
TICKETS = st.dictionaries(
    st.integers(1, 6), st.lists(VERSION, min_size=1, max_size=3), min_size=1, max_size=6
)
DEEDS = st.sampled_from(["file", "file", "again", "stream", "refresh", "compress"])


def row(account: str, ticket: int, version: tuple[str, int, int] | None, at: int | None) -> dict[str, str]:
    """The version dated ``at`` minutes into April; None leaves it undated."""
    dated = {"updated_at": "" if at is None else f"2025-04-01T00:{at:02}:00.000Z"}
    head = {"account": account, "ticket": str(ticket), "symbol": "EURUSD", "side": "buy", "lots": "0.1"}
    prices = {"open_price": "1.1", "close_price": "1.2"}
    if version is None:
        moment = {"open_time": "", "close_time": "", "profit": "", "cancelled": "true"}
    else:
        day, hour, profit = version
        moment = {"open_time": f"{day}T00:00:00Z", "close_time": f"{day}T{hour:02}:30:00Z"}
        moment |= {"profit": str(profit), "cancelled": ""}
    return head | prices | moment | dated


def written(folder: Path, name: str, rows: list[dict[str, str]]) -> Path:
    path = folder / name
    pacsv.write_csv(pa.Table.from_pylist(rows), path)
    return path


def metrics(database: Database, prefix: str) -> list[tuple[Any, ...]]:
    query = text("SELECT * FROM plain.daily_metrics WHERE account LIKE :p ORDER BY account, trading_day")
    with database.transaction() as connection:
        return [
            (found[0][len(prefix) :], *found[1:]) for found in connection.execute(query, {"p": f"{prefix}%"})
        ]


@pytest.fixture(scope="module")
def rules(database: Database, tmp_path_factory: pytest.TempPathFactory) -> tuple[Database, Path]:
    folder = tmp_path_factory.mktemp("any-order")
    load(database, "plans", written(folder, "plans.csv", [PLAN]))
    return database, folder


@settings(max_examples=14, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TICKETS, st.lists(DEEDS, min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_any_interleaving_ends_in_the_metrics_of_one_clean_load(rules, tickets, deeds, random):
    database, folder = rules
    number = next(NUMBERS)
    clean, mixed = f"clean{number}-", f"mixed{number}-"
    accounts = [
        {"account": f"{prefix}{side}", "plan": "rules", "opened_at": "2025-01-01T00:00:00Z"}
        for prefix in (clean, mixed)
        for side in (0, 1)
    ]
    load(database, "accounts", written(folder, f"{number}-accounts.csv", accounts))
    truth = [row(f"{clean}{t % 2}", t, v[-1], None) for t, v in tickets.items() if v[-1] is not None]
    # The first version may come without a date: then any dated one is later.
    sent = [
        row(f"{mixed}{ticket % 2}", ticket, version, at if at or random.random() < 0.5 else None)
        for ticket, versions in tickets.items()
        for at, version in enumerate(versions)
    ]
    random.shuffle(sent)
    paths: list[Path] = []
    for turn, deed in enumerate([*deeds, "file"]):
        note(f"{deed}, {len(sent)} rows left")
        last = turn == len(deeds)
        part, sent = (sent, []) if last else (sent[: len(sent) // 2], sent[len(sent) // 2 :])
        if deed == "refresh":
            refresh_metrics(database)
        elif deed == "compress":
            compress(database)
        elif deed == "again" and paths:
            load(database, "trades", random.choice(paths))
        if not part:
            continue
        path = written(folder, f"{number}-{turn}.csv", [*part, random.choice(part)])
        if deed == "stream":
            list(load_stream(database, "trades", [path.read_bytes()]))
        else:
            load(database, "trades", path)
            paths.append(path)
    if truth:
        load(database, "trades", written(folder, f"{number}-truth.csv", truth))
    refresh_metrics(database)
    expected, found = metrics(database, clean), metrics(database, mixed)
    assert [day for day in found if day[3]] == [day for day in expected if day[3]]
    # A day may have a row although nothing is left on it: then all of it is carried over.
    common = {day[:2] for day in expected} & {day[:2] for day in found}
    assert [day for day in found if day[:2] in common] == [day for day in expected if day[:2] in common]
