"""Streams: whatever the pieces, each record lands once, and what is acknowledged is kept."""

import json
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from timeseries.errors import InputError
from timeseries.ingest import ingested_files, load_stream

PROGRAM = Path(sys.executable).parent / "timeseries"
TRADE = {
    "account": "A1",
    "symbol": "EURUSD",
    "side": "buy",
    "lots": 0.1,
    "open_time": "2025-03-03T10:00:00Z",
    "close_time": "2025-03-03T11:00:00Z",
    "open_price": 1.08001,
    "close_price": 1.08101,
    "profit": 10.25,
}


def line(ticket: int, **change) -> bytes:
    return json.dumps(TRADE | {"ticket": ticket} | change).encode() + b"\n"


def send(desk, pieces, kind="trades", **bounds):
    return list(load_stream(desk.database, kind, pieces, **{"most_seconds": 3600, **bounds}))


def test_every_batch_is_acknowledged_with_its_last_ticket(desk):
    done = send(desk, [line(n) for n in range(1, 8)], most_rows=3)
    assert [(ack.position, ack.ticket, ack.counts.rows_new) for ack in done] == [
        (3, 3, 3),
        (6, 6, 3),
        (7, 7, 1),
    ]
    assert done[0].account == "A1"
    assert desk.rows("SELECT count(*), sum(profit) FROM plain.trades") == [(7, 71.75)]
    (entry,) = [file for file in ingested_files(desk.database) if file.name == "standard input"]
    assert (entry.state, entry.rows_read) == ("loaded", 7)


def test_a_batch_does_not_wait_longer_than_it_may(desk):
    assert [ack.position for ack in send(desk, [line(1), b"", line(2)], most_seconds=0)] == [1, 2]


def test_sending_everything_again_after_a_crash_doubles_nothing(desk):
    lines = [line(n) for n in range(1, 8)]
    stream = load_stream(desk.database, "trades", lines, most_rows=3, most_seconds=3600)
    assert next(stream).ticket == 3
    stream.close()
    again = send(desk, lines[3:], most_rows=3)
    assert sum(ack.counts.rows_new for ack in again) == 4
    assert sum(ack.counts.rows_duplicate for ack in send(desk, lines)) == 7
    assert desk.one("SELECT count(*) FROM trades") == 7


def test_corrections_and_cancellations_in_one_stream_take_effect_in_their_order(desk):
    pieces = [line(1), line(2), line(1, profit=3), line(2, cancelled=True), line(1, profit=4)]
    for most_rows in (1, 100):
        send(desk, pieces, most_rows=most_rows)
        assert desk.rows("SELECT ticket, profit FROM plain.trades") == [(1, 4)]


def test_bad_lines_go_to_the_quarantine_and_the_others_in(desk):
    bad = [b"{oops\n", b"[1]\n", line(3, profit="much"), line(4, account="nobody"), b"\xff\n"]
    done = send(desk, [line(1), b"\n", *bad, line(2), line(9, lots={"a": 1})])
    assert [(ack.position, ack.ticket) for ack in done] == [(8, 2)]
    assert (done[0].counts.rows_new, done[0].counts.rows_rejected) == (2, 6)
    found = {row.line: (row.column_name, row.content[:12]) for row in desk.rejected()}
    assert found[3] == ("", "{oops")
    assert found[4] == ("", "[1]")
    assert found[5][0] == "profit"
    assert found[6][0] == "account"
    assert found[9][0] == "lots"


def test_numbers_are_exact_however_they_are_spelled(desk):
    odd = line(2).replace(b"10.25", b'"10.25"')  # a text among numbers
    send(desk, [line(1), odd, line(3, account="A1", lots="0.10", profit=-0.07)])
    assert desk.rows("SELECT ticket, lots, profit::text FROM plain.trades ORDER BY 1") == [
        (1, Decimal("0.10"), "10.25"),
        (2, Decimal("0.10"), "10.25"),
        (3, Decimal("0.10"), "-0.07"),
    ]


def test_csv_comes_with_its_header(desk):
    text = desk.file("trades", [{"ticket": str(n)} for n in range(1, 6)]).read_bytes()
    pieces = [text[start : start + 37] for start in range(0, len(text), 37)]
    done = send(desk, pieces, most_rows=2)
    assert len(done) > 1
    assert (sum(ack.counts.rows_new for ack in done), done[-1].ticket) == (5, 5)


def test_equity_is_acknowledged_with_its_moment(desk):
    row = {"account": "A2", "time": "2025-03-03T10:00:00Z", "balance": 50000, "equity": 50010.5}
    (done,) = send(desk, [json.dumps(row).encode()], kind="equity")
    assert (done.account, done.time.isoformat(), done.counts.rows_new) == (
        "A2",
        "2025-03-03T10:00:00+00:00",
        1,
    )


@pytest.mark.parametrize("text", [b"<html>\n", b"[{}]\n", b"a,b\n1,2\n", b"PAR1\n"])
def test_what_is_no_stream_is_refused_in_a_sentence(desk, text):
    with pytest.raises(InputError, match="standard input"):
        send(desk, [text])
    assert "standard input" not in {file.name for file in ingested_files(desk.database)}


def test_nothing_at_all_is_nothing_to_do(desk):
    assert send(desk, []) == []
    assert send(desk, [b"", b"\n", b"  "]) == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 3)), min_size=1, max_size=15),
    st.lists(st.integers(1, 400), max_size=12),
    st.integers(1, 5),
    st.booleans(),
)
def test_wherever_the_bytes_are_cut_the_outcome_is_the_same(shared_desk, rows, cuts, most_rows, as_csv):
    account = f"cut{abs(hash((tuple(rows), tuple(cuts), most_rows, as_csv)))}"
    shared_desk.load("accounts", [{"account": account}])
    data = b"".join(line(ticket, account=account, profit=profit) for ticket, profit in rows)
    if as_csv:
        values = [{"account": account, "ticket": str(t), "profit": str(p)} for t, p in rows]
        data = shared_desk.file("trades", values).read_bytes()
    pieces, at = [], 0
    for size in [*cuts, len(data)]:
        pieces.append(data[at : at + size])
        at += size
    send(shared_desk, pieces, most_rows=most_rows)
    found = shared_desk.rows(
        "SELECT ticket, profit FROM plain.trades WHERE account = :a ORDER BY 1", a=account
    )
    assert found == sorted(dict(rows).items())


# ---- through a pipe


def test_a_pipe_that_is_broken_off_loses_nothing_acknowledged(desk):
    command = [str(PROGRAM), "--database-url", desk.database.url, "ingest", "trades", "-"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        process.stdin.write(line(1) + line(2))
        process.stdin.flush()
        first = json.loads(process.stdout.readline())
        assert (first["position"], first["ticket"], first["rows_new"]) == (2, 2, 2)
        process.stdin.write(line(3)[:40])
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert b"Traceback" not in process.stderr.read()
    again = subprocess.run(command, input=line(2) + line(3), capture_output=True, timeout=60, check=True)
    assert json.loads(again.stdout)["rows_duplicate"] == 1
    assert desk.one("SELECT count(*) FROM trades") == 3
