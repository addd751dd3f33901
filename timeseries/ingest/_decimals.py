"""Exact decimal numbers in columns: a whole number and how many of its digits are decimals."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from timeseries.ingest._text import as_text, character_columns, mask

__all__ = ["LIMIT", "Decimals", "Scaled", "decimals", "smallest_digits"]

LIMIT = 10**18  # of every whole number here; leaves room for a sum in 64 bits
POWERS = 10 ** np.arange(19, dtype=np.int64)
WIDEST = 48
# A file written from doubles carries noise such as 0.30000000000000004: a millionth of the last
# kept digit, or anything past the 15 digits that a double keeps of every decimal.
NOISE = 1e-6
DOUBLE_DIGITS = 15


@dataclass(frozen=True)
class Scaled:
    """Whole numbers at a wanted scale.

    Attributes:
        exact: nothing but noise was lost.
        fits: the number is below ``LIMIT``.
    """

    values: NDArray[np.int64]
    exact: NDArray[np.bool_]
    fits: NDArray[np.bool_]


@dataclass(frozen=True)
class Decimals:
    """A column of decimal numbers, each ``mantissa / 10**digits``.

    Attributes:
        valid: a finite number is there; elsewhere mantissa and digits are 0.
        missing: nothing is there.
    """

    mantissa: NDArray[np.int64]
    digits: NDArray[np.int64]
    valid: NDArray[np.bool_]
    missing: NDArray[np.bool_]

    def take(self, rows: NDArray[Any]) -> "Decimals":
        """The same for a choice of rows."""
        return Decimals(self.mantissa[rows], self.digits[rows], self.valid[rows], self.missing[rows])

    @staticmethod
    def join(parts: Sequence["Decimals"]) -> "Decimals":
        """The columns one after the other."""
        columns = zip(*((p.mantissa, p.digits, p.valid, p.missing) for p in parts), strict=True)
        return Decimals(*(np.concatenate(column) for column in columns))

    def at_scale(self, wanted: NDArray[np.int64] | int) -> Scaled:
        """As whole numbers with ``wanted`` decimals, rounding half away from zero."""
        shift = np.asarray(wanted) - self.digits
        up = POWERS[np.clip(shift, 0, 18)]
        down = POWERS[np.clip(-shift, 0, 18)]
        size = np.abs(self.mantissa)
        whole, rest = np.divmod(size, down)
        rounded = whole + (rest > down // 2) + ((rest == down // 2) & (down > 1))
        noise = np.minimum(rest, down - rest) <= down * NOISE
        fits = rounded <= LIMIT // up
        values = np.where(fits, rounded, 0) * np.where(fits, up, 1) * np.sign(self.mantissa)
        scaled = Scaled(values, (shift >= 0) | (rest == 0) | noise, fits)
        return self._without_double_noise(scaled, wanted)

    def _without_double_noise(self, scaled: Scaled, wanted: NDArray[np.int64] | int) -> Scaled:
        rows = np.flatnonzero(~scaled.exact & (np.abs(self.mantissa) >= 10**DOUBLE_DIGITS))
        if not rows.size:
            return scaled
        size = np.abs(self.mantissa[rows])
        drop = np.searchsorted(POWERS, size, side="right") - DOUBLE_DIGITS
        kept = (size + POWERS[drop] // 2) // POWERS[drop] * np.sign(self.mantissa[rows])
        wanted_rows = np.broadcast_to(wanted, self.digits.shape)[rows]
        again = _shortest(kept, self.digits[rows] - drop, np.zeros(len(rows), bool)).at_scale(wanted_rows)
        for old, new in zip(
            (scaled.values, scaled.exact, scaled.fits), (again.values, again.exact, again.fits), strict=True
        ):
            old[rows[again.exact]] = new[again.exact]
        return scaled


def decimals(array: pa.Array) -> Decimals:
    """Read a column of numbers, whatever its type.

    Text and Parquet decimals are exact to 18 digits. A double is read as the shortest decimal that
    gives the same double, and as its 15 leading digits when that decimal is longer.
    """
    if pa.types.is_float64(array.type):
        return _from_doubles(array)
    if pa.types.is_integer(array.type):
        return _from_text(array.cast(pa.string()))
    return _from_text(as_text(array))


def smallest_digits(
    columns: list[NDArray[np.int64]], digits: int, least: int
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Take off decimals that are zero in all columns of a row, down to ``least``; gives what is left."""
    left = np.full(len(columns[0]), digits, np.int64)
    columns = [column.copy() for column in columns]
    rows = np.arange(len(left))
    for _ in range(digits - least):
        divisible = np.logical_and.reduce([column[rows] % 10 == 0 for column in columns])
        rows = rows[divisible]
        left[rows] -= 1
        for column in columns:
            column[rows] //= 10
    return columns, left


def _from_text(text: pa.Array) -> Decimals:
    columns, lengths = character_columns(text, WIDEST)
    rows = len(lengths)
    mantissa, digits = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    bad, seen_dot, seen_digit = lengths > WIDEST, np.zeros(rows, bool), np.zeros(rows, bool)
    for place, byte in enumerate(columns):
        inside = lengths > place
        digit = byte - np.uint8(48)
        is_digit, is_dot = inside & (digit <= 9), byte == ord(".")
        is_sign = ((byte == ord("-")) | (byte == ord("+"))) & (place == 0)
        bad |= inside & ~is_digit & ~(is_dot & ~seen_dot) & ~is_sign
        room = is_digit & (mantissa < LIMIT // 10)
        bad |= is_digit & ~room & ~seen_dot
        mantissa = np.where(room, mantissa * 10 + digit, mantissa)
        digits += room & seen_dot
        seen_dot |= is_dot
        seen_digit |= is_digit
    if columns:
        mantissa = np.where(columns[0] == ord("-"), -mantissa, mantissa)
    missing = lengths == 0
    bad |= ~seen_digit & ~missing
    return _with_odd_spellings(_shortest(mantissa, digits, missing | bad), text, missing)


def _with_odd_spellings(plain: Decimals, text: pa.Array, missing: NDArray[np.bool_]) -> Decimals:
    """Numbers such as 1e-05 are rare enough to be read one by one."""
    mantissa, digits, valid = plain.mantissa, plain.digits, plain.valid
    odd = ~valid & ~missing & mask(pc.match_substring_regex(text, r"^[+-]?[0-9.]+[eE][+-]?[0-9]{1,3}$"))
    for row in np.flatnonzero(odd):
        number = _odd_number(text[row].as_py())
        if number is not None:
            mantissa[row], digits[row], valid[row] = *number, True
    return Decimals(mantissa, digits, valid, missing)


def _odd_number(text: str) -> tuple[int, int] | None:
    try:
        number = Decimal(text).normalize()
    except InvalidOperation:
        return None
    exponent = int(number.as_tuple().exponent)
    digits = max(-exponent, 0)
    if exponent > 18 or digits > 40:
        return None
    whole = int(number.scaleb(digits))
    return (whole, digits) if abs(whole) < LIMIT else None


def _from_doubles(array: pa.Array) -> Decimals:
    missing = mask(array.is_null())
    values: NDArray[np.float64] = pc.fill_null(array, 0.0).to_numpy(zero_copy_only=False)
    invalid = missing | ~np.isfinite(values) | (np.abs(values) >= LIMIT)
    values = np.where(invalid, 0.0, values)
    mantissa, digits = np.zeros(len(values), np.int64), np.zeros(len(values), np.int64)
    rows = np.arange(len(values))
    for places in range(10):
        rounded = np.rint(values[rows] * 10.0**places)
        # Both sides of the division are exact doubles, so equality means: this decimal reads as that double.
        same = (rounded / 10.0**places == values[rows]) & (np.abs(rounded) < 2**53)
        mantissa[rows[same]] = rounded[same].astype(np.int64)
        digits[rows[same]] = places
        rows = rows[~same]
    mantissa[rows], digits[rows] = _leading_digits(values[rows])
    read = _shortest(mantissa, digits, invalid)
    return Decimals(read.mantissa, read.digits, read.valid, missing)


def _leading_digits(values: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
    magnitude = np.floor(np.log10(np.abs(values))).astype(np.int64)
    digits = np.clip(DOUBLE_DIGITS - 1 - magnitude, 0, 40)
    return np.rint(values * 10.0**digits).astype(np.int64), digits


def _shortest(mantissa: NDArray[np.int64], digits: NDArray[np.int64], invalid: NDArray[np.bool_]) -> Decimals:
    mantissa, digits = np.where(invalid, 0, mantissa), np.where(invalid | (mantissa == 0), 0, digits)
    rows = np.flatnonzero(digits > 0)
    while (rows := rows[(mantissa[rows] % 10 == 0) & (digits[rows] > 0)]).size:
        mantissa[rows] //= 10
        digits[rows] -= 1
    return Decimals(mantissa, digits, ~invalid, np.zeros(len(mantissa), bool))
