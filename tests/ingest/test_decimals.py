"""Texts, doubles and Parquet decimals become the whole numbers they mean."""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeseries.ingest._decimals import LIMIT, decimals, smallest_digits

EXACT = st.decimals(min_value=Decimal(-(10**9)), max_value=Decimal(10**9), places=6)
SIXTEEN_DIGITS = st.integers(-(10**17) + 1, 10**17 - 1)


def value(number, row):
    return Decimal(int(number.mantissa[row])).scaleb(-int(number.digits[row]))


@given(st.lists(st.tuples(SIXTEEN_DIGITS, st.integers(0, 16)), min_size=1, max_size=20))
def test_texts_of_up_to_seventeen_digits_are_read_exactly(parts):
    numbers = [Decimal(whole).scaleb(-places) for whole, places in parts]
    found = decimals(pa.array([format(number, "f") for number in numbers]))
    assert found.valid.all()
    assert [value(found, row) for row in range(len(numbers))] == numbers


@given(st.lists(st.tuples(SIXTEEN_DIGITS, st.integers(-1, 16)), min_size=1, max_size=20))
def test_scientific_spelling_is_read_exactly(parts):
    numbers = [Decimal(whole).scaleb(-places) for whole, places in parts]
    found = decimals(pa.array([f"{number:E}" for number in numbers]))
    assert [value(found, row) for row in range(len(numbers))] == numbers


@given(st.lists(EXACT, min_size=1, max_size=20))
def test_doubles_are_read_as_the_decimals_they_were_written_from(numbers):
    found = decimals(pa.array([float(number) for number in numbers], pa.float64()))
    assert [value(found, row) for row in range(len(numbers))] == numbers


@given(st.lists(EXACT, min_size=1, max_size=20))
def test_parquet_decimals_and_integers_are_read_exactly(numbers):
    found = decimals(pa.array(numbers, pa.decimal128(20, 6)))
    assert [value(found, row) for row in range(len(numbers))] == numbers
    whole = decimals(pa.array([int(number) for number in numbers], pa.int64()))
    assert [value(whole, row) for row in range(len(numbers))] == [int(number) for number in numbers]


@given(st.lists(EXACT, min_size=1, max_size=20), st.integers(0, 8))
def test_scaling_keeps_what_fits_and_says_where_decimals_were_lost(numbers, digits):
    scaled = decimals(pa.array([str(number) for number in numbers])).at_scale(digits)
    step = Decimal(1).scaleb(-digits)
    for row, number in enumerate(numbers):
        rounded = number.quantize(step, ROUND_HALF_UP)
        assert scaled.values[row] == int(rounded.scaleb(digits))
        lost = abs(number - rounded)
        assert scaled.exact[row] == (lost <= step * Decimal("1e-6"))


@given(st.lists(st.tuples(EXACT, EXACT), min_size=1, max_size=10))
def test_sums_of_doubles_with_noise_still_are_cents(pairs):
    cents = [(round(a, 2), round(b, 2)) for a, b in pairs]
    found = decimals(pa.array([float(a) + float(b) for a, b in cents])).at_scale(2)
    assert found.exact.all()
    assert found.values.tolist() == [int((a + b).scaleb(2)) for a, b in cents]


@pytest.mark.parametrize(
    ("spelling", "number"),
    [
        ("+1.5", "1.5"),
        (" 1.50 ", "1.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-.25", "-0.25"),
        ("-0", "0"),
        ("000012", "12"),
        ("1e-05", "0.00001"),
        ("1E3", "1000"),
        ("0.30000000000000004", "0.30000000000000004"),
    ],
)
def test_odd_spellings(spelling, number):
    found = decimals(pa.array([spelling]))
    assert found.valid.all()
    assert value(found, 0) == Decimal(number)


@pytest.mark.parametrize(
    "spelling",
    [
        "abc",
        "1,5",
        "1.2.3",
        "--1",
        "+-1",
        "1-",
        ".",
        "-",
        "+",
        "1e",
        "e5",
        "1 000",
        "0x10",
        "NaN",
        "inf",
        "1e999",
        "1" * 19,
        "9" * 60,
        "१२",
        "1_000",
        "$5",
        "1.2.3e4",
        "true",
    ],
)
def test_what_is_no_number_is_neither_valid_nor_missing(spelling):
    found = decimals(pa.array([spelling, "7"]))
    assert not found.valid[0]
    assert not found.missing[0]
    assert found.valid[1]


def test_nothing_is_missing():
    for array in (pa.array(["", None, "  "]), pa.array([None] * 3, pa.float64()), pa.nulls(3)):
        assert decimals(array).missing.all()
        assert not decimals(array).valid.any()


def test_doubles_that_are_no_amounts_are_not_valid():
    found = decimals(pa.array([np.nan, np.inf, -np.inf, 1e18, 5e-324, 0.0]))
    assert found.valid.tolist() == [False, False, False, False, True, True]


def test_what_does_not_fit_is_said_to():
    scaled = decimals(pa.array([str(LIMIT - 1), "1"])).at_scale(2)
    assert scaled.fits.tolist() == [False, True]


def test_columns_of_no_rows_and_slices_are_read():
    assert len(decimals(pa.array([], pa.string())).valid) == 0
    assert decimals(pa.array(["9", "1.5", "2", "9"]).slice(1, 2)).mantissa.tolist() == [15, 2]


@given(st.lists(st.tuples(st.integers(1, 10**12), st.integers(1, 10**12)), min_size=1, max_size=10))
def test_fewest_decimals_that_both_columns_need(pairs):
    first, second = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    (one, two), digits = smallest_digits([first, second], 9, 2)
    assert (one * 10 ** (9 - digits) == first).all()
    assert (two * 10 ** (9 - digits) == second).all()
    assert ((digits == 2) | (one % 10 != 0) | (two % 10 != 0)).all()
