"""Corrections and cancellations: the right version is in force wherever the trade lies, and all are kept."""

from decimal import Decimal
from itertools import permutations

import pytest

from timeseries.database import compress
from timeseries.errors import InputError
from timeseries.ingest import _load as loading
from timeseries.ingest import load

VERSIONS = {
    1: {"profit": "10.00", "updated_at": "2025-03-03T11:00:00.250Z"},
    2: {
        "profit": "-4.00",
        "updated_at": "2025-03-03T11:00:00.750Z",
        "open_time": "2025-01-15T07:00:00Z",
        "close_time": "2025-01-15T08:00:00Z",
    },
    3: {"profit": "7.50", "updated_at": "2025-03-09T00:00:00Z", "symbol": "XAUUSD"},
}
TRADES = "SELECT profit, close_time::text, symbol FROM plain.trades"
HISTORY = (
    "SELECT profit, cancelled, in_force FROM plain.trade_versions ORDER BY updated_at NULLS FIRST, profit"
)
MOVED = {"open_time": "2025-01-15T11:00:00Z", "close_time": "2025-01-15T12:00:00Z"}
CANCELLED = {"cancelled": "true", "profit": ""}


def counts(report) -> tuple[int, ...]:
    assert report.rows_read == sum(
        (
            report.rows_new,
            report.rows_duplicate,
            report.rows_corrected,
            report.rows_cancelled,
            report.rows_rejected,
        )
    )
    return report.rows_new, report.rows_duplicate, report.rows_corrected, report.rows_cancelled


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("order", list(permutations(VERSIONS)))
def test_the_version_dated_last_is_in_force_in_whatever_order_they_come(desk, order, together):
    rows = [VERSIONS[number] for number in order]
    for part in [rows] if together else [[row] for row in rows]:
        desk.load("trades", part)
    assert desk.rows(TRADES) == [(Decimal("7.50"), "2025-03-03 11:00:00+00", "XAUUSD")]
    late = "SELECT profit, in_force FROM plain.trade_versions ORDER BY updated_at"
    assert desk.rows(late) == [(Decimal("10"), False), (Decimal("-4"), False), (Decimal("7.5"), True)]


@pytest.mark.parametrize("squeezed", [False, True])
def test_a_correction_marks_the_day_it_takes_a_trade_from_and_the_one_it_brings_it_to(desk, squeezed):
    desk.load("trades", [{}, {"ticket": "2", "close_time": "2025-03-20T12:00:00Z"}])
    if squeezed:
        assert compress(desk.database) > 0
    desk.execute("TRUNCATE stale_days")
    assert counts(desk.load("trades", [MOVED])) == (0, 0, 1, 0)
    assert desk.stale() == ["2025-01-15", "2025-03-03"]
    flags = desk.rows("SELECT of_trades, of_equity, of_operations FROM stale_days")
    assert flags == [(True, False, False)] * 2
    assert desk.one("SELECT count(*) FROM trades") == 2


def test_a_correction_brings_exactly_one_trade_back_after_the_next_compression(desk):
    desk.load("trades", [{"ticket": str(n)} for n in range(1, 30)])
    assert compress(desk.database) > 0
    desk.load("trades", [{"ticket": str(n), "profit": "1"} for n in range(1, 30, 2)])
    assert compress(desk.database) > 0
    assert desk.rows("SELECT count(*), sum(profit) FROM plain.trades") == [(29, 15 * 1 + 14 * 10)]


def test_a_ticket_that_came_after_higher_ones_is_found_when_it_is_corrected(desk):
    for ticket in ("5", "1", "9"):
        desk.load("trades", [{"ticket": ticket}])
    moved = {"open_time": "2025-03-03T10:00:00Z", "close_time": "2025-03-04T12:00:00Z"}
    for ticket in ("1", "9"):
        assert counts(desk.load("trades", [{"ticket": ticket} | moved])) == (0, 0, 1, 0)
    assert desk.rows("SELECT ticket FROM trades ORDER BY 1") == [(1,), (5,), (9,)]


def test_an_undated_row_never_undoes_a_dated_one(desk):
    desk.load("trades", [VERSIONS[1]])
    assert counts(desk.load("trades", [{"profit": "99"}])) == (0, 1, 0, 0)
    assert desk.rows(TRADES)[0][0] == 10
    assert desk.rows(HISTORY) == [(99, False, False), (10, False, True)]


def test_of_undated_rows_the_one_that_came_last_is_in_force(desk):
    for number, profit in enumerate(("1", "2", "1")):
        desk.load("trades", [{"profit": profit}, {"ticket": "2", "note": f"another file {number}"}])
        assert desk.one("SELECT profit FROM plain.trades WHERE ticket = 1") == Decimal(profit)


def test_an_earlier_file_that_is_read_again_does_not_undo_a_later_correction(desk):
    first = desk.file("trades", [{"profit": "1"}, {"ticket": "2", "lots": "0"}])
    desk.load("trades", first)
    desk.load("trades", [{"profit": "2"}])
    for _ in range(2):
        again = desk.load("trades", first)
        assert (again.rows_duplicate, again.rows_corrected, again.rows_rejected) == (1, 0, 1)
        assert desk.rows(TRADES)[0][0] == 2


def test_a_row_that_repeats_what_is_in_force_adds_nothing_to_the_history(desk):
    for profit in ("1", "2", "2", "2"):
        desk.load("trades", [{"profit": profit}, {"ticket": "8", "swap": f"-{len(desk.rows(HISTORY))}"}])
    assert desk.rows(
        "SELECT profit, in_force FROM plain.trade_versions WHERE ticket = 1 ORDER BY profit"
    ) == [
        (1, False),
        (2, True),
    ]


def test_the_same_values_of_a_later_date_hold_against_a_date_between(desk):
    desk.load("trades", [VERSIONS[1]])
    desk.load("trades", [VERSIONS[1] | {"updated_at": "2025-03-08T00:00:00Z"}])
    assert counts(desk.load("trades", [VERSIONS[2]])) == (0, 1, 0, 0)
    assert desk.rows(TRADES)[0][0] == 10


def test_two_contradicting_rows_of_one_moment_are_not_guessed_about(desk):
    desk.load("trades", [VERSIONS[1]])
    report = desk.load("trades", [VERSIONS[1] | {"profit": "11"}, VERSIONS[1], {"ticket": "2"}])
    assert (report.rows_new, report.rows_duplicate, report.rows_rejected) == (1, 1, 1)
    (row,) = desk.rejected()
    assert (row.line, row.column_name) == (2, "updated_at")
    assert row.reason.startswith("The ticket has other values of the very same moment")
    inside = desk.load(
        "trades", [{"ticket": "3"} | VERSIONS[2], {"ticket": "3"} | VERSIONS[2] | {"swap": "1"}]
    )
    assert (inside.rows_new, inside.rows_rejected) == (1, 1)


# ---- cancellations


@pytest.mark.parametrize("squeezed", [False, True])
def test_a_cancelled_trade_is_gone_and_its_day_is_stale(desk, squeezed):
    desk.load("trades", [{}, {"ticket": "2"}])
    if squeezed:
        compress(desk.database)
    desk.execute("TRUNCATE stale_days")
    assert counts(desk.load("trades", [CANCELLED])) == (0, 0, 0, 1)
    assert desk.rows("SELECT ticket FROM trades") == [(2,)]
    assert desk.stale() == ["2025-03-03"]
    assert desk.rows(HISTORY) == [(10, False, False), (None, True, True)]
    assert counts(desk.load("trades", [CANCELLED, {"ticket": "2"}])) == (0, 2, 0, 0)


def test_a_cancellation_that_comes_before_its_trade_is_remembered(desk):
    assert counts(desk.load("trades", [CANCELLED | {"updated_at": "2025-03-04T00:00:00Z"}])) == (0, 0, 0, 1)
    assert counts(desk.load("trades", [VERSIONS[1]])) == (0, 1, 0, 0)
    assert desk.rows(TRADES) == []
    assert desk.stale() == []


def test_a_later_version_takes_a_cancellation_back(desk):
    desk.load("trades", [VERSIONS[1]])
    desk.load("trades", [CANCELLED | {"updated_at": "2025-03-04T00:00:00Z"}])
    assert counts(desk.load("trades", [VERSIONS[3]])) == (0, 0, 1, 0)
    assert desk.rows(TRADES)[0][0] == Decimal("7.5")


def test_a_file_of_cancellations_needs_no_other_columns(desk):
    desk.load("trades", [{}, {"ticket": "2"}])
    path = desk.write("gone.csv", "account,ticket,cancelled\nA1,1,yes\nA1,2,no\nA1,3,perhaps\n")
    report = load(desk.database, "trades", path)
    assert (report.rows_cancelled, report.rows_rejected) == (1, 2)
    reasons = {row.line: (row.column_name, row.reason) for row in desk.rejected()}
    assert reasons[4] == ("cancelled", "It must be false, true, 0, 1, no or yes.")
    assert reasons[3][0] == "symbol"
    assert desk.rows("SELECT ticket FROM trades") == [(2,)]


def test_a_file_without_values_and_without_cancellations_is_no_file_of_trades(desk):
    with pytest.raises(InputError, match="is no file of trades"):
        load(desk.database, "trades", desk.write("x.csv", "account,ticket\nA1,1\n"))


# ---- several workers


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_any_number_of_workers_loads_the_same(desk, monkeypatch, parts):
    names = [f"W{number}" for number in range(20)]
    desk.load("accounts", [{"account": name} for name in names])
    monkeypatch.setattr(loading, "_parts", lambda *_: parts)
    rows = [{"account": name, "ticket": str(ticket)} for ticket in range(1, 6) for name in [*names, "nobody"]]
    path = desk.file("trades", [*rows, rows[0], rows[0] | {"profit": "3"}])
    with path.open("a") as file:
        file.write("too,short\n")
    report = desk.load("trades", path)
    assert (report.rows_read, report.rows_new, report.rows_rejected) == (108, 99 + 1, 6)
    assert desk.one("SELECT sum(profit) FROM plain.trades") == 99 * 10 + 3
    assert desk.one("SELECT count(*) FROM ingested_file_parts WHERE rows_read > 0") >= parts
    assert sorted(row.line for row in desk.rejected()) == [22, 43, 64, 85, 106, 109]
    again = desk.load("trades", path)
    assert (again.rows_new, again.rows_corrected, again.rows_rejected) == (0, 0, 6)


def test_when_one_worker_fails_the_error_is_told_and_the_next_load_goes_on(desk, monkeypatch):
    desk.load("accounts", [{"account": f"W{number}"} for number in range(20)])
    monkeypatch.setattr(loading, "_parts", lambda *_: 3)
    rows = [{"account": f"W{n % 20}", "ticket": str(n + 1)} for n in range(60)]
    path = desk.file("trades", rows)

    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(desk.database, "trades", path, progress=stop)
    monkeypatch.setattr(loading, "_parts", lambda *_: 1)
    report = desk.load("trades", path)
    assert (report.rows_read, report.rows_new, report.rows_duplicate) == (60, 60, 0)
    assert desk.one("SELECT count(*) FROM trades") == 60
