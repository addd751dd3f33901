"""Rows of a request: a verdict each, and the same trades in the end as a file would bring."""

import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from timeseries.ingest import ingested_files, load, load_rows

TRADE = {
    "account": "A1",
    "symbol": "EURUSD",
    "side": "buy",
    "lots": 0.1,
    "open_time": "2025-03-03T10:00:00Z",
    "close_time": "2025-03-03T11:00:00Z",
    "open_price": "1.08001",
    "close_price": 1.08101,
    "profit": 10.25,
}
TRADES = "SELECT * FROM plain.trades WHERE account = :account ORDER BY ticket"
HISTORY = (
    "SELECT account, ticket, updated_at, cancelled, in_force, profit FROM plain.trade_versions "
    "WHERE account = :account "
    "ORDER BY ticket, updated_at"
)


def row(ticket: Any, **change: Any) -> dict[str, Any]:
    return TRADE | {"ticket": ticket} | change


def send(desk, rows, source="desk"):
    found = load_rows(desk.database, rows, source=source)
    assert [one.row for one in found.verdicts] == list(range(len(rows)))
    words = [one.verdict for one in found.verdicts]
    counted = (found.new, found.duplicate, found.changed, found.rejected)
    assert counted == tuple(words.count(word) for word in ("new", "duplicate", "changed", "rejected"))
    return words


def test_each_row_has_its_verdict(desk):
    assert send(desk, [row(1), row("2", profit="3.50")]) == ["new", "new"]
    mixed = [row(2, profit=3.5), row(3), row(1, profit=-4), row(4, lots="0"), row(2, cancelled=True)]
    assert send(desk, mixed) == ["duplicate", "new", "changed", "rejected", "changed"]
    assert desk.rows("SELECT ticket, profit FROM plain.trades ORDER BY 1") == [(1, -4), (3, Decimal("10.25"))]
    assert desk.stale() == ["2025-03-03"]


def test_a_rejected_row_says_which_field_and_why_and_stands_in_the_quarantine(desk):
    bad = [
        row(1, account="nobody"),
        row(2),
        row(3, profit="much"),
        [1],
        row(5, close_time="2025-03-03 11:00"),
    ]
    found = load_rows(desk.database, bad, source="the bridge")
    fields = [(one.verdict, one.field) for one in found.verdicts]
    assert fields == [
        ("rejected", "account"),
        ("new", None),
        ("rejected", "profit"),
        ("rejected", None),
        ("rejected", "close_time"),
    ]
    assert all(bool(one.reason) == (one.verdict == "rejected") for one in found.verdicts)
    load_rows(desk.database, [row(6, side="up")], source="the bridge")
    kept = {one.line: (one.file, one.column_name, one.reason) for one in desk.rejected()}
    assert {line: where[1] for line, where in kept.items()} == {
        1: "account",
        3: "profit",
        4: "",
        5: "close_time",
        6: "side",
    }
    assert kept[3] == ("the bridge", "profit", found.verdicts[2].reason)


@pytest.fixture
def two_groups(desk):
    """A1, 7 and True are ours; A?1 and true, as odd names of theirs might be read, are not."""
    ours, theirs = {"account_group": "ours"}, {"account_group": "theirs"}
    names = {"A1": ours, "7": ours, "True": ours, "B1": theirs, "A?1": theirs, "true": theirs}
    desk.load("accounts", [{"account": name, **group} for name, group in names.items()])
    load_rows(desk.database, [row(1)], source="the firm")
    return desk


def test_who_loads_for_a_group_reaches_its_accounts_alone_however_they_are_written(two_groups):
    def verdict(account):
        found = load_rows(two_groups.database, [row(50, account=account)], source="ours", groups=["ours"])
        return found.verdicts[0].verdict, found.verdicts[0].field

    for own in ("A1", 7, " A1 ", "True"):
        assert verdict(own)[0] in ("new", "duplicate"), own
    for foreign in ("B1", "A\0" + "1", True, "nobody", "", None, ["A1"], "\ud800"):
        assert verdict(foreign) == ("rejected", "account"), foreign
    owners = two_groups.rows("SELECT DISTINCT account FROM plain.trades ORDER BY 1")
    assert owners == [("7",), ("A1",), ("True",)]


def test_who_loads_for_a_group_brings_neither_symbols_nor_times_before_the_account(two_groups):
    rows = [
        row(60, symbol="NEW"),
        row(61, open_time="2024-01-01T10:00:00Z", close_time="2024-01-02T10:00:00Z"),
        row(62, open_time="2024-12-27T10:00:00Z", close_time="2024-12-28T10:00:00Z"),
    ]
    found = load_rows(two_groups.database, rows, source="ours", groups=["ours"])
    assert [(one.verdict, one.field) for one in found.verdicts] == [
        ("rejected", "symbol"),
        ("rejected", "close_time"),
        ("new", None),
    ]
    whole = load_rows(two_groups.database, rows, source="the firm")
    assert [one.verdict for one in whole.verdicts] == ["new", "new", "duplicate"]


def test_the_ledger_has_one_entry_for_a_source_and_day(desk):
    for rows in ([row(1)], [row(2), row(1)], [row(3, lots=-1)]):
        send(desk, rows, "one")
    send(desk, [row(9)], "two")
    entries = {file.name: file for file in ingested_files(desk.database) if file.kind == "trades"}
    one = entries["one"]
    assert (one.state, one.rows_read, one.rows_new, one.rows_duplicate, one.rows_rejected) == (
        "loaded",
        4,
        2,
        1,
        1,
    )
    assert entries["two"].rows_new == 1


def test_no_rows_are_no_matter(desk):
    assert send(desk, []) == []
    assert not [file for file in ingested_files(desk.database) if file.kind == "trades"]


def test_of_versions_in_one_batch_only_the_last_takes_effect(desk):
    versions = [row(1, profit=profit) for profit in (1, 2, 3)]
    assert sorted(send(desk, versions)) == ["duplicate", "duplicate", "new"]
    assert desk.one("SELECT profit FROM plain.trades") == 3
    assert send(desk, [row(1, profit=3)]) == ["duplicate"]


def test_a_batch_that_fails_half_way_leaves_nothing(desk):
    desk.execute("ALTER TABLE rejected_rows ADD CONSTRAINT refuse CHECK (column_name <> 'lots') NOT VALID")
    try:
        with pytest.raises(Exception, match="refuse"):
            send(desk, [row(1), row(2, lots=0)])
        assert desk.one("SELECT count(*) FROM trades") == 0
        assert desk.stale() == []
    finally:
        desk.execute("ALTER TABLE rejected_rows DROP CONSTRAINT refuse")
    assert send(desk, [row(1), row(2, lots=0)]) == ["new", "rejected"]


def test_identical_batches_at_once_count_once(desk):
    rows = [row(ticket, account=account) for ticket in range(1, 60) for account in ("A1", "A2")]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: send(desk, rows), range(4)))
    assert sorted(words.count("new") for words in found) == [0, 0, 0, len(rows)]
    assert desk.one("SELECT count(*) FROM trades") == len(rows)


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.just("x\ud800"),
    st.lists(st.integers(), max_size=2),
)
rubbish = st.dictionaries(st.sampled_from([*TRADE, "ticket", "cancelled", "updated_at", "else"]), values)
QUICK = settings(max_examples=14, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(rows=st.lists(rubbish, min_size=1, max_size=6))
def test_whatever_comes_is_judged(shared_desk, rows):
    shared_desk.load("accounts", [{}])
    words = send(shared_desk, [row(10**15), *(TRADE | one for one in rows)])
    assert words[0] != "rejected"


moments = st.integers(0, 4).map(lambda day: f"2025-03-0{day + 4}T00:00:00Z")
versions = st.tuples(st.integers(1, 6), moments, st.integers(-3, 3), st.booleans(), st.integers(1, 25))


@QUICK
@given(
    told=st.lists(versions, min_size=1, max_size=12, unique_by=lambda one: one[:2]),
    seed=st.integers(0, 2**32),
    repeats=st.integers(0, 6),
)
def test_any_split_in_any_order_with_repeats_ends_as_one_file(shared_desk, told, seed, repeats):
    """Versions are dated, so which is in force does not depend on which came last."""
    chance, names = random.Random(seed), [uuid4().hex, uuid4().hex]
    shared_desk.load("accounts", [{"account": name} for name in names])
    rows = [
        row(
            ticket,
            updated_at=moment,
            profit=str(profit),
            cancelled=str(cancelled).lower(),
            close_time=f"2025-02-{day:02}T12:00:00Z",
            open_time="2025-02-01T00:00:00Z",
        )
        for ticket, moment, profit, cancelled, day in told
    ]
    sent = [one | {"account": names[0]} for one in (*rows, *(chance.choice(rows) for _ in range(repeats)))]
    chance.shuffle(sent)
    while sent:
        part, sent = sent[: (size := chance.randint(1, len(sent)))], sent[size:]
        send(shared_desk, part)
    text = [{name: str(value) for name, value in one.items()} for one in rows]
    path = shared_desk.file("trades", [one | {"account": names[1], "commission": ""} for one in text])
    load(shared_desk.database, "trades", path)
    for query in (TRADES, HISTORY):
        sent_so, filed = (shared_desk.rows(query, account=name) for name in names)
        assert [one[1:] for one in sent_so] == [one[1:] for one in filed]
