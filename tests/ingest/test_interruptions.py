"""Loads that are broken off or run side by side end in the rows of one undisturbed load."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from timeseries.config import Settings
from timeseries.database import Database, embedded, open_database
from timeseries.errors import DatabaseError
from timeseries.ingest import ingested_files, load

ROWS = 300_000  # two transactions
FIRST_CLOSE = np.datetime64("2025-01-01T00:00:00", "s")
LOADER = """
import sys
from pathlib import Path
from timeseries.config import Settings
from timeseries.database import open_database
from timeseries.ingest import load

database = open_database(Settings(data_dir=Path(sys.argv[1])))
print("begin", flush=True)

def progress(done, total):
    print("done", done, flush=True)

report = load(database, "trades", Path(sys.argv[2]), progress=progress)
print("rows", report.rows_new, report.rows_duplicate, report.rows_rejected, flush=True)
"""
IN_THE_TABLE = (
    "SELECT count(*), count(DISTINCT ticket), sum(ticket), sum(profit), min(close_time), max(close_time)"
    " FROM trades JOIN accounts USING (account_id) WHERE account = :account"
)
MARKED = "SELECT count(*) FROM stale_days JOIN accounts USING (account_id) WHERE account = :account"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, database_template: Path) -> Iterator[Path]:
    """The data directory of an embedded database that may be killed, with a plan and an account a test."""
    directory = tmp_path_factory.mktemp("killed") / "data"
    shutil.copytree(database_template, directory)
    accounts = ["server", "process", "interrupt", "same", "overlap"]
    plans = tmp_path_factory.mktemp("files") / "plans.csv"
    plans.write_text("plan,currency,initial_balance,reset_time,time_zone\nP,USD,1,00:00,UTC\n")
    named = plans.with_name("accounts.csv")
    named.write_text("account,plan,opened_at\n" + "".join(f"{a},P,2025-01-01T00:00:00Z\n" for a in accounts))
    try:
        with_firm = open_database(Settings(data_dir=directory))
        load(with_firm, "plans", plans)
        load(with_firm, "accounts", named)
        yield directory
    finally:
        embedded.stop(directory)


def trades(path: Path, account: str, first: int, last: int) -> Path:
    """Trades with the tickets from first to last (excluded): each is told by its ticket."""
    ticket = np.arange(first, last)
    close = FIRST_CLOSE + ticket * 60
    same = {
        name: pa.array([value] * len(ticket)).dictionary_encode()
        for name, value in _constants(account).items()
    }
    table = {
        "ticket": ticket,
        "open_time": pa.array(close - 30, pa.timestamp("s", "UTC")),
        "close_time": pa.array(close, pa.timestamp("s", "UTC")),
        "profit": ticket % 1000 / 100,
    }
    pq.write_table(pa.table({**same, **table}), path)
    return path


def _constants(account: str) -> dict[str, object]:
    return {
        "account": account,
        "symbol": "EURUSD",
        "side": "buy",
        "lots": "0.1",
        "open_price": "1",
        "close_price": "2",
    }


def check(database: Database, account: str, rows: int) -> None:
    """The table holds each ticket once, and the days of all of them are marked."""
    ticket = np.arange(rows)
    close = FIRST_CLOSE + ticket * 60
    cents = int((ticket % 1000).sum())
    with database.transaction() as connection:
        count, distinct, tickets, profit, first, last = connection.execute(
            text(IN_THE_TABLE), {"account": account}
        ).one()
        marked = connection.scalar(text(MARKED), {"account": account})
    assert (count, distinct, tickets) == (rows, rows, int(ticket.sum()))
    assert profit == cents
    assert [np.datetime64(moment.replace(tzinfo=None), "s") for moment in (first, last)] == [
        close[0],
        close[-1],
    ]
    assert marked == len(np.unique(close.astype("datetime64[D]")))


def start(home: Path, path: Path) -> subprocess.Popen[str]:
    """A load in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", LOADER, str(home), str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def wait_for(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    assert any(line.startswith(word) for line in process.stdout), process.stderr and process.stderr.read()


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    try:
        return process.communicate(timeout=60)
    finally:
        process.kill()


def load_again(home: Path, path: Path, account: str) -> None:
    database = open_database(Settings(data_dir=home))
    before = next(file for file in ingested_files(database) if file.name == path.name)
    assert before.state == "loading"
    assert 0 < before.rows_new < ROWS
    report = load(database, "trades", path)
    assert (report.rows_read, report.rows_new, report.rows_duplicate, report.rows_rejected) == (
        ROWS,
        ROWS,
        0,
        0,
    )
    check(database, account, ROWS)
    assert load(database, "trades", path).already_loaded
    database.close()


def test_a_killed_database_ends_the_load_in_a_sentence_and_the_next_carries_on(home, tmp_path):
    path = trades(tmp_path / "server.parquet", "server", 0, ROWS)
    database = open_database(Settings(data_dir=home))
    batches = []

    def kill_in_the_second_batch(done: int, total: int | None) -> None:
        batches.append(done)
        server = embedded.status(home)
        assert server is not None
        os.kill(server.pid, signal.SIGKILL)

    with pytest.raises(DatabaseError) as caught:
        load(database, "trades", path, progress=kill_in_the_second_batch)
    assert len(batches) == 1
    said = str(caught.value)
    assert "embedded database" in said
    assert "\n" not in said
    load_again(home, path, "server")


@pytest.mark.parametrize(("account", "number"), [("process", signal.SIGKILL), ("interrupt", signal.SIGINT)])
def test_a_broken_off_load_is_carried_on(home, tmp_path, account, number):
    path = trades(tmp_path / f"{account}.parquet", account, 0, ROWS)
    process = start(home, path)
    try:
        wait_for(process, "done")
        time.sleep(0.1)
        process.send_signal(number)
    finally:
        output, errors = finish(process)
    assert process.returncode != 0
    assert "rows" not in output
    assert number != signal.SIGINT or "KeyboardInterrupt" in errors
    load_again(home, path, account)


def test_two_processes_load_the_same_file_at_once(home, tmp_path):
    path = trades(tmp_path / "same.parquet", "same", 0, 80_000)
    together = [start(home, path) for _ in range(2)]
    ends = [finish(process) for process in together]
    assert [process.returncode for process in together] == [0, 0], ends
    database = open_database(Settings(data_dir=home))
    check(database, "same", 80_000)
    (file,) = [file for file in ingested_files(database) if file.name == "same.parquet"]
    assert (file.state, file.rows_read, file.rows_new, file.rows_duplicate) == ("loaded", 80_000, 80_000, 0)
    database.close()


def test_two_processes_load_overlapping_files_at_once(home, tmp_path):
    paths = [
        trades(tmp_path / "first.parquet", "overlap", 0, 70_000),
        trades(tmp_path / "second.parquet", "overlap", 40_000, 100_000),
    ]
    together = [start(home, path) for path in paths]
    ends = [finish(process) for process in together]
    assert [process.returncode for process in together] == [0, 0], ends
    database = open_database(Settings(data_dir=home))
    check(database, "overlap", 100_000)
    files = [file for file in ingested_files(database) if file.name in ("first.parquet", "second.parquet")]
    assert sum(file.rows_new for file in files) == 100_000
    assert sum(file.rows_duplicate for file in files) == 30_000
    assert not sum(file.rows_rejected for file in files)
    database.close()
