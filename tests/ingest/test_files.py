"""Files in every dress: what is read, what is refused, and which line is blamed."""

import csv
import gzip
import io
import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeseries.errors import InputError
from timeseries.ingest import Kind
from timeseries.ingest import _csv as csv_reader
from timeseries.ingest._kind import COLUMNS
from timeseries.ingest._records import blocks
from timeseries.ingest._source import inspect

HEADER = "account,time,balance,equity,margin"
FIRST = "A1,2025-03-03T10:00:00Z,50000,50010.5,"
SECOND = "A1,2025-03-03T10:05:00Z,50000,49990,12.25"
KEPT = "SELECT balance, equity, margin FROM equity ORDER BY time"
KEPT_OF = (
    "SELECT balance, equity, margin FROM equity JOIN accounts USING (account_id)"
    " WHERE account = :account ORDER BY time"
)
EVERYTHING = "SELECT (SELECT count(*) FROM equity), (SELECT count(*) FROM ingested_files)"
BOTH = [(5000000, 5001050, None), (5000000, 4999000, 1225)]


# ---- what is read


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\n{FIRST}\n{SECOND}\n",
        f"{HEADER}\n{FIRST}\n{SECOND}",
        f"{HEADER}\r\n{FIRST}\r\n{SECOND}\r\n",
        f"\ufeff{HEADER}\n{FIRST}\n{SECOND}\n",
        f"\n\n{HEADER}\n\n{FIRST}\r\n\r\n\n{SECOND}\n\n",
        f"{HEADER}\n{FIRST}\n{SECOND}\n".replace(",", ";"),
        f"{HEADER}\n{FIRST}\n{SECOND}\n".replace(",", "\t"),
        f"{HEADER.upper()}\n{FIRST}\n{SECOND}\n".replace(",", " , "),
        f'{HEADER},note\n{FIRST},"two\nlines, and a ""quote"""\n{SECOND},x\n',
        "note,margin,equity,balance,time,account\n"
        "n,,50010.5,50000,2025-03-03T10:00:00Z,A1\nn,12.25,49990,50000,2025-03-03T10:05:00Z,A1\n",
    ],
    ids=[
        "plain",
        "no last newline",
        "CRLF",
        "BOM",
        "blank lines",
        "semicolon",
        "tab",
        "spaces",
        "quotes",
        "order",
    ],
)
def test_dresses_of_csv(shared_desk, content):
    for name, pack in (("plain", bytes), ("packed", gzip.compress)):
        account = f"{name}-{hash(content)}"
        shared_desk.load("accounts", [{"account": account}])
        path = shared_desk.write(f"{name}.csv", pack(content.replace("A1", account).encode()))
        report = shared_desk.load("equity", path)
        assert (report.rows_read, report.rows_new, report.rows_rejected) == (2, 2, 0), shared_desk.rejected()
        assert shared_desk.rows(KEPT_OF, account=account) == BOTH


def test_an_empty_body_is_an_empty_load(desk):
    assert desk.load("equity", desk.write("equity.csv", HEADER + "\n")).rows_read == 0
    assert desk.load("equity", desk.write("bare.csv", HEADER)).rows_read == 0


def test_parquet_of_typed_columns(desk):
    table = pa.table(
        {
            "Account": pa.array(["A1", "A1"]).dictionary_encode(),
            "time": pa.array(
                [datetime(2025, 3, 3, 10, tzinfo=UTC), datetime(2025, 3, 3, 10, 5, tzinfo=UTC)],
                pa.timestamp("us", "UTC"),
            ),
            "balance": pa.array([50000, 50000]),
            "equity": pa.array([50010.5, 49990.0]),
            "margin": pa.array([None, Decimal("12.25")], pa.decimal128(12, 2)),
        }
    )
    path = desk.folder / "equity.parquet"
    pq.write_table(table, path)
    assert desk.load("equity", path).rows_new == 2
    assert desk.rows(KEPT) == BOTH


def test_parquet_text_kept_as_bytes_is_text(desk):
    columns = dict(zip(HEADER.split(","), zip(FIRST.split(","), SECOND.split(","), strict=True), strict=True))
    table = pa.table(
        {
            name: pa.array([v.encode() or None for v in values], pa.binary())
            for name, values in columns.items()
        }
    )
    path = desk.folder / "equity.parquet"
    pq.write_table(table, path)
    assert desk.load("equity", path).rows_new == 2, desk.rejected()
    assert desk.rows(KEPT) == BOTH


# ---- which line is blamed


def test_every_bad_record_is_blamed_on_its_line(desk):
    lines = [
        HEADER + ",note",  # 1
        FIRST + ",fine",
        "",
        "A1,yesterday,1,1,,",  # 4
        'A1,2025-03-03T11:00:00Z,1,1,,"a note',
        'of two lines"',
        "A1,2025-03-03T11:05:00Z,1",  # 7
        "A1,2025-03-03T11:10:00Z,1,1,,x,y",  # 8
        "A9,2025-03-03T11:15:00Z,1,1,,",  # 9
        'A1,2025-03-03T11:20:00Z,1,1,,a "half quote',  # 10
        "A1,2025-03-03T11:25:00Z,1,1.005,,",  # 11
        SECOND + ",",  # 12
        "A1,2025-03-03T11:30:00Z,one,1,,",  # 13
    ]
    path = desk.write("equity.csv", "\n".join(lines))
    report = desk.load("equity", path)
    assert (report.rows_read, report.rows_new, report.rows_rejected) == (10, 3, 7)
    blamed = {row.line: (row.column_name, row.reason, row.content) for row in desk.rejected(path)}
    assert {number: found[0] for number, found in blamed.items()} == {
        4: "time", 7: "", 8: "", 9: "account", 10: "", 11: "equity", 13: "balance",
    }  # fmt: skip
    assert blamed[7][1] == "The line has 3 fields; the header has 6."
    assert blamed[8][1] == "The line has 7 fields; the header has 6."
    assert "quotation mark" in blamed[10][1]
    assert all(content == lines[number - 1] for number, (_, _, content) in blamed.items())


CELL = st.text(st.sampled_from('ab,;"\n\r é'), max_size=6)
RECORDS = st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=12)


@given(RECORDS, st.sampled_from(["\n", "\r\n"]), st.integers(5, 40))
def test_records_are_cut_where_the_csv_module_cuts_them(records, ending, size):
    # A return alone would end a record for some readers; a file never needs one.
    records = [tuple("x" + cell.replace("\r", "") for cell in record) for record in records]
    text = io.StringIO()
    csv.writer(text, lineterminator=ending).writerows(records)
    lines, at = [], 1
    for record in records:
        lines.append(at)
        at += 1 + sum(cell.count("\n") for cell in record)
    layout = csv_reader.Layout(",", 3, {"one": 0, "two": 1, "three": 2})
    found, where, end = [], [], 0
    for block in blocks(io.BytesIO(text.getvalue().encode()), 1, size):
        rows = csv_reader.parse_block(block, layout, end)
        assert not len(rows.malformed.lines)
        end = rows.end
        where += rows.lines.tolist()
        found += zip(*(column.to_pylist() for column in rows.columns.values()), strict=True)
    assert found == records
    assert where == lines


@given(st.binary(max_size=200).map(lambda noise: noise.decode("latin-1").encode()), st.integers(1, 30))
def test_noise_is_cut_into_records_that_each_have_a_line(noise, size):
    layout = csv_reader.Layout(",", 2, {"one": 0, "two": 1})
    end = 0
    for block in blocks(io.BytesIO(noise), 2, size):
        rows = csv_reader.parse_block(block, layout, end)
        assert len(rows.lines) == len(rows.positions) == len(rows.columns["one"])
        assert rows.end - rows.start == len(rows.lines) + len(rows.malformed.lines)
        end = rows.end
    assert end <= noise.count(b"\n") + 1


def test_a_return_inside_a_line_does_not_shift_the_lines_after_it(monkeypatch, desk):
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", len(FIRST) + 1)
    # The return is the last byte of the first block.
    path = desk.write("equity.csv", f"{HEADER}\n{FIRST}\rA\nA1,never,1,1,\n{SECOND}\n")
    report = desk.load("equity", path)
    assert [row.line for row in desk.rejected(path)] == [2, 3]
    assert report.rows_new == 1


# ---- what is refused


def test_missing_files_folders_and_empty_files(desk):
    with pytest.raises(InputError, match=r"^There is no file .*nothing\.csv\.$"):
        desk.load("trades", desk.folder / "nothing.csv")
    with pytest.raises(InputError, match="is a folder; name the files in it"):
        desk.load("trades", desk.folder)
    with pytest.raises(InputError, match="is empty"):
        desk.load("trades", desk.write("empty.csv", ""))
    with pytest.raises(InputError, match="has no header line"):
        desk.load("trades", desk.write("blank.csv", "\n\n\n"))
    with pytest.raises(InputError, match="has no header line"):
        desk.load("trades", desk.write("blank.csv.gz", gzip.compress(b"")))


def excel() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return buffer.getvalue()


def whole_parquet() -> bytes:
    buffer = io.BytesIO()
    columns = dict(zip(HEADER.split(","), SECOND.split(","), strict=True))
    pq.write_table(pa.table({name: [value] * 1000 for name, value in columns.items()}), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("cut.csv.gz", gzip.compress((HEADER + "\n" + FIRST).encode() * 99)[:-20], "cut off: its gzip data"),
        (
            "broken.csv.gz",
            gzip.compress((HEADER + FIRST).encode())[:-8] + b"\0" * 8,
            "cut off: its gzip data",
        ),
        ("fake.parquet", f"{HEADER}\n{FIRST}\n".encode(), "is not a Parquet file"),
        ("cut.parquet", whole_parquet()[:-30], "damaged or cut off: it cannot be read as Parquet"),
        ("magic.parquet", b"PAR1" + bytes(50), "damaged or cut off: it cannot be read as Parquet"),
        ("book.xlsx", excel(), "is an Excel or zip file"),
        ("latin.csv", f"{HEADER}\nM\u00fcller,{FIRST}\n".encode("latin-1"), "is not UTF-8 text"),
        ("wide.csv", f"{HEADER}\n{FIRST}\n".encode("utf-16"), "is not UTF-8 text"),
        ("page.htm", b"<html><body>Hello</body></html>", "is a web page, but not an MT4 statement"),
    ],
)
def test_files_that_cannot_be_read_leave_nothing(shared_desk, name, content, says):
    desk, path = shared_desk, shared_desk.write(name, content)
    before = desk.rows(EVERYTHING)
    with pytest.raises(InputError, match=says) as caught:
        desk.load("equity", path)
    assert type(caught.value) is InputError
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert desk.rows(EVERYTHING) == before


def test_parquet_whose_text_is_not_text_is_refused(desk):
    bad = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")]
    )
    columns = dict(zip(HEADER.split(","), SECOND.split(","), strict=True))
    table = pa.table(
        {name: [value] for name, value in columns.items() if name != "account"} | {"account": bad}
    )
    path = desk.folder / "equity.parquet"
    pq.write_table(table, path)
    with pytest.raises(InputError, match="damaged"):
        desk.load("equity", path)


@pytest.mark.parametrize("kind", list(Kind))
def test_wrong_columns_name_both_lists(shared_desk, kind):
    path = shared_desk.write("other.csv", "date,open,close\n2025-01-01,1,2\n")
    with pytest.raises(InputError) as caught:
        shared_desk.load(kind, path)
    said = str(caught.value)
    assert f"no file of {kind}" in said
    assert "it has the columns date, open, close" in said
    for needed in COLUMNS[kind].required:
        assert needed in said


def test_a_header_that_is_no_header_is_not_recited_whole(desk):
    path = desk.write("odd.csv", ",".join(f"column{n}" for n in range(5000)) + "\n")
    with pytest.raises(InputError) as caught:
        desk.load("trades", path)
    assert len(str(caught.value)) < 2000


def test_a_column_that_is_there_twice_is_refused(desk):
    with pytest.raises(InputError, match="has the column equity more than once"):
        desk.load("equity", desk.write("twice.csv", HEADER + ",Equity\n"))


def test_the_format_is_told_by_content(desk):
    assert inspect(desk.write("plain.txt", HEADER)).format.value == "CSV"
    assert inspect(desk.write("packed.csv", gzip.compress(HEADER.encode()))).format.value == "gzip CSV"
    assert inspect(desk.write("table.csv", whole_parquet())).format.value == "Parquet"
