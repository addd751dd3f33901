"""However often, in whatever order and in whatever pieces rows come, each lands once."""

import hashlib
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from timeseries.database import compress
from timeseries.ingest import _csv as csv_reader
from timeseries.ingest import _workers as workers
from timeseries.ingest import ingested_files, load

NUMBERS = count(1)
COUNTED = "SELECT count(*), sum(profit) FROM trades"


def trade(number: int, **change: str) -> dict[str, str]:
    hour = f"2025-03-{1 + number // 4:02}T{number % 4 * 6:02}"
    times = {"open_time": f"{hour}:00:00Z", "close_time": f"{hour}:30:00Z"}
    return {"ticket": str(number), "profit": f"{number}.25", **times} | change


# ---- by hand


def test_the_same_file_twice_changes_nothing(desk):
    path = desk.file("trades", [trade(1), trade(2)])
    first, second = desk.load("trades", path), desk.load("trades", path)
    assert (first.rows_new, first.already_loaded) == (2, False)
    assert (second.rows_new, second.rows_duplicate, second.already_loaded) == (0, 2, True)
    assert desk.rows(COUNTED) == [(2, 350)]
    (entry,) = [file for file in ingested_files(desk.database) if file.kind == "trades"]
    assert (entry.state, entry.rows_read, entry.rows_new, entry.rows_rejected) == ("loaded", 2, 2, 0)


def test_overlapping_files_and_rows_sent_again_in_one_file(desk):
    first = desk.load("trades", [trade(n) for n in (1, 2, 3, 2)])
    assert (first.rows_new, first.rows_duplicate) == (3, 1)
    second = desk.load("trades", [trade(n) for n in (5, 3, 4, 2, 5)])
    assert (second.rows_new, second.rows_duplicate) == (2, 3)
    assert desk.rows(COUNTED) == [(5, 1500 + 125)]


def test_another_spelling_of_the_same_values_is_the_same_row(desk):
    desk.load("trades", [trade(1)])
    spelled = trade(1, lots="0.1000", profit="+1.250", side="BUY", close_time="2025-03-01T07:30:00+01:00")
    assert desk.load("trades", [spelled]).rows_duplicate == 1


CHANGES = [
    {"profit": "99"},
    {"close_time": "2025-03-01T07:00:00Z"},
    {"close_time": "2025-05-01T00:00:00Z"},
    {"open_time": "2025-03-01T05:59:59Z"},
    {"symbol": "GBPUSD"},
    {"side": "sell"},
    {"lots": "0.2"},
    {"open_price": "1.08002"},
    {"close_price": "1.08102"},
    {"commission": "0"},
    {"swap": "-0.01"},
]


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change.items())))
def test_a_ticket_with_other_values_is_a_correction(desk, change, compressed):
    desk.load("trades", [trade(1), trade(2)])
    if compressed:
        assert compress(desk.database) > 0
    report = desk.load("trades", [trade(1, **change)])
    assert (report.rows_new, report.rows_corrected, report.rows_rejected) == (0, 1, 0)
    clean = desk.rows("SELECT * FROM plain.trades ORDER BY ticket")
    desk.execute("TRUNCATE trades, ticket_ranges, trade_versions, ingested_files CASCADE")
    desk.execute("UPDATE accounts SET highest_ticket = NULL")
    desk.load("trades", [trade(1, **change), trade(2)])
    assert clean == desk.rows("SELECT * FROM plain.trades ORDER BY ticket")


def test_of_undated_rows_in_one_file_the_last_is_in_force(desk):
    names = [f"C{number}" for number in range(len(CHANGES))]
    desk.load("accounts", [{"account": name} for name in names])
    rows = [
        trade(1, account=name) | (change if second else {})
        for name, change in zip(names, CHANGES, strict=True)
        for second in (False, True, False)
    ]
    report = desk.load("trades", rows)
    assert (report.rows_new, report.rows_duplicate) == (len(names), 2 * len(names))
    assert desk.rows(COUNTED) == [(len(names), 125 * len(names))]
    report = desk.load("trades", rows[:-1])
    assert (report.rows_corrected, report.rows_duplicate) == (1, len(rows) - 2)
    assert desk.rows("SELECT swap FROM trades WHERE swap <> 0") == [(-1,)]


def test_the_same_ticket_in_another_account_is_another_trade(desk):
    assert desk.load("trades", [trade(1), trade(1, account="A2", profit="3")]).rows_new == 2


def test_a_file_with_rejections_is_read_again_when_its_accounts_came(desk):
    path = desk.file("trades", [trade(1), trade(1, account="B1"), trade(2, profit="x")])
    assert (desk.load("trades", path).rows_new, len(desk.rejected())) == (1, 2)
    desk.load("accounts", [{"account": "B1"}])
    again = desk.load("trades", path)
    assert (again.rows_read, again.rows_new, again.rows_duplicate, again.rows_rejected) == (3, 1, 1, 1)
    assert [row.column_name for row in desk.rejected()] == ["profit"]
    assert desk.rows(COUNTED) == [(2, 250)]


def test_equity_snapshots_land_once_too(desk):
    rows = [{"equity": "1", "margin": ""}, {"equity": "1", "margin": "0"}, {"equity": "1", "margin": ""}]
    first = desk.load("equity", rows)
    assert (first.rows_new, first.rows_duplicate, first.rows_rejected) == (1, 1, 1)
    late = [
        {"time": "2025-03-02T10:00:00Z"},
        {"equity": "1"},
        {"equity": "2"},
        {"time": "2025-03-04T10:00:00Z"},
    ]
    second = desk.load("equity", late)
    assert (second.rows_new, second.rows_duplicate, second.rows_rejected) == (2, 1, 1)
    assert desk.rejected()[0].column_name == "time"
    assert desk.one("SELECT count(*) FROM equity") == 3


def test_a_load_goes_on_inside_a_batch_that_was_cut_elsewhere(desk, monkeypatch):
    rows = [trade(n, **({"lots": "0"} if n > 20 and n % 3 == 0 else {})) for n in range(30)]
    path = desk.file("trades", rows)
    with path.open("a") as file:
        file.write("A1,too,short\n")

    def break_off(done: int, total: int | None) -> None:
        if done > 10:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(csv_reader, "BLOCK_BYTES", 600)
        patch.setattr(workers, "ROWS_AT_ONCE", 6)
        with pytest.raises(KeyboardInterrupt):
            load(desk.database, "trades", path, progress=break_off)
    (entry,) = [file for file in ingested_files(desk.database) if file.kind == "trades"]
    assert entry.state == "loading"
    assert 10 < entry.rows_read <= 20
    report = desk.load("trades", path)
    counts = (report.rows_read, report.rows_new, report.rows_duplicate, report.rows_rejected)
    assert counts == (31, 27, 0, 4)
    assert [row.line for row in desk.rejected()] == [23, 26, 29, 32]
    assert desk.one("SELECT count(*) FROM trades") == 27


# ---- compressed chunks


def test_late_and_repeated_rows_into_compressed_chunks_land_once(desk):
    desk.load("trades", [trade(n) for n in range(1, 40, 2)])
    desk.load("equity", [{"time": f"2025-03-{n:02}T00:00:00Z"} for n in range(1, 20, 2)])
    assert compress(desk.database) > 0
    late = [trade(n) for n in range(40)]
    assert desk.load("trades", late).rows_new == 20
    assert desk.load("trades", late[::-1]).rows_duplicate == 40
    snapshots = [{"time": f"2025-03-{n:02}T00:00:00Z"} for n in range(1, 20)]
    assert desk.load("equity", snapshots).rows_new == 9
    assert desk.load("equity", [*snapshots, snapshots[3] | {"equity": "7"}]).rows_rejected == 1
    assert compress(desk.database) > 0
    assert desk.load("trades", [*late, trade(3, profit="7")]).rows_corrected == 1
    assert desk.rows(COUNTED) == [(40, sum(100 * n + 25 for n in range(40)) - 325 + 700)]
    assert desk.one("SELECT count(*) FROM equity") == 19


# ---- any way of sending


PIECES = st.lists(
    st.tuples(
        st.lists(st.integers(0, 11), min_size=1, max_size=14),
        st.sampled_from(["csv", "csv.gz", "parquet"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


def send(desk, prefix: str, numbers: list[int], suffix: str) -> None:
    rows = [trade(n, account=f"{prefix}{n % 2}") for n in numbers]
    tag = hashlib.sha256(repr((prefix, numbers)).encode()).hexdigest()[:12]
    desk.load("trades", desk.file("trades", rows, f"{tag}.{suffix}"))


def state(desk, prefix: str):
    trades = (
        "SELECT right(account, 1), close_time, ticket, open_price, price_move, profit, commission, swap,"
        " seconds_held, lots, side, price_digits, lot_digits FROM trades JOIN accounts USING (account_id)"
        " WHERE account LIKE :p ORDER BY account, ticket, close_time"
    )
    marks = "SELECT right(account, 1), highest_ticket FROM accounts WHERE account LIKE :p ORDER BY account"
    days = (
        "SELECT right(account, 1), trading_day FROM stale_days JOIN accounts USING (account_id)"
        " WHERE account LIKE :p ORDER BY account, trading_day"
    )
    return [desk.rows(query, p=f"{prefix}%") for query in (trades, marks, days)]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PIECES, st.randoms(use_true_random=False))
def test_any_split_order_overlap_and_repetition_gives_the_table_of_one_clean_load(
    shared_desk, pieces, random
):
    number = next(NUMBERS)
    clean, split = f"clean{number}-", f"split{number}-"
    shared_desk.load("accounts", [{"account": f"{prefix}{n}"} for prefix in (clean, split) for n in (0, 1)])
    send(shared_desk, clean, list(range(12)), "csv")
    seen = {n for numbers, _, _ in pieces for n in numbers}
    left = [n for n in range(12) if n not in seen]
    pieces = [*pieces, (left, "csv", False)] if left else pieces
    random.shuffle(pieces)
    for numbers, suffix, squeezed in pieces:
        send(shared_desk, split, numbers, suffix)
        if squeezed:
            compress(shared_desk.database)
    assert state(shared_desk, split) == state(shared_desk, clean)
