"""Times in columns: ISO 8601 text or Parquet timestamps to whole UTC seconds."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from timeseries.errors import InputError
from timeseries.ingest._faults import Faults
from timeseries.ingest._text import as_text, character_columns, mask, names

__all__ = ["Instants", "ToUtc", "instants", "to_utc"]

# From naive wall-clock seconds to UTC seconds.
ToUtc = Callable[[NDArray[np.int64]], NDArray[np.int64]]

EARLIEST = int(np.datetime64("1990-01-01", "s").astype(np.int64))
SECONDS_AHEAD = 2 * 86_400
# Beyond these years pandas knows no zones; what lies there is refused by its date anyway.
ZONED_FROM, ZONED_UNTIL = (int(np.datetime64(f"{year}-01-01", "s").astype(np.int64)) for year in (1900, 2200))
TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?")
TAIL = (
    r"^(?::(?P<second>[0-5][0-9])(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"[ ]?(?P<zone>Z|z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)?$"
)


@dataclass(frozen=True)
class Instants:
    """A column of times, in whole UTC seconds since 1970.

    Attributes:
        milliseconds: past the second; what is finer is cut off.
        valid: a time with a known zone is there.
        missing: nothing is there.
        naive: a time is there, but no zone.
    """

    seconds: NDArray[np.int64]
    valid: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    naive: NDArray[np.bool_]
    milliseconds: NDArray[np.int64]

    def check(self, faults: Faults, column: str, *, required: bool) -> None:
        """Report what is missing, unreadable, without a zone, or out of this world."""
        if required:
            faults.add(self.missing, column, "The time is missing.")
        faults.add(
            ~self.valid & ~self.missing & ~self.naive,
            column,
            "This is not a time; write it like 2025-03-07T13:45:00Z.",
        )
        faults.add(
            self.naive, column, "The time has no zone; add Z or an offset, or give one for the whole file."
        )
        odd = (self.seconds < EARLIEST) | (self.seconds > time.time() + SECONDS_AHEAD)
        faults.add(self.valid & odd, column, "The time lies before 1990 or more than two days ahead.")


def to_utc(zone: str) -> ToUtc:
    """The conversion from a zone's wall clock; ``zone`` is an IANA name or ``+HH:MM``.

    In the hour that a clock repeats the earlier moment is meant; in the hour it skips, the first after it.

    Raises:
        InputError: there is no such zone.
    """
    if (offset := _offset_seconds(zone)) is not None:
        return lambda wall: wall - offset
    try:
        place = ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise InputError(
            f"There is no time zone {zone!r}; write it like Europe/Prague, America/New_York or +02:00."
        ) from error

    def convert(wall: NDArray[np.int64]) -> NDArray[np.int64]:
        clock = pd.DatetimeIndex(np.clip(wall, ZONED_FROM, ZONED_UNTIL).astype("datetime64[s]"))
        earlier = np.ones(len(wall), bool)
        moments = clock.tz_localize(place, ambiguous=earlier, nonexistent="shift_forward")
        return moments.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)

    return convert


def instants(array: pa.Array, naive: ToUtc | None = None) -> Instants:
    """Read a column of times.

    Args:
        array: ISO 8601 text (``2025-03-07T13:45:00Z``; MT4's ``2025.03.07 13:45`` too), or timestamps.
        naive: how to read times without a zone; None leaves them unread.
    """
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        found = _from_timestamps(array)
    else:
        found = _from_text(as_text(array))
    if naive is None or not found.naive.any():
        return found
    seconds = found.seconds.copy()
    seconds[found.naive] = naive(seconds[found.naive])
    none = np.zeros(len(seconds), bool)
    return Instants(seconds, found.valid | found.naive, found.missing, none, found.milliseconds)


def _from_timestamps(array: pa.Array) -> Instants:
    missing = mask(array.is_null())
    zoned = pa.types.is_timestamp(array.type) and array.type.tz is not None
    unit = array.type.unit if pa.types.is_timestamp(array.type) else "s"
    whole = array.cast(pa.timestamp(unit)) if not zoned else array
    ticks = pc.fill_null(whole.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    seconds, rest = np.divmod(ticks, TICKS[unit])
    here = ~missing
    none = np.zeros(len(seconds), bool)
    milliseconds = rest * 1000 // TICKS[unit]
    return Instants(seconds, here if zoned else none, missing, none if zoned else here, milliseconds)


def _from_text(text: pa.Array) -> Instants:
    missing = mask(pc.equal(text, ""))
    minutes, well_formed = _minutes(text)
    tails = pc.utf8_slice_codeunits(text, 16).dictionary_encode()
    # There are few distinct tails: each is read once.
    tail, of_row = pc.extract_regex(tails.dictionary, TAIL), tails.indices.to_numpy()
    well_formed &= mask(tail.is_valid())[of_row]
    zone = names(tail.field("zone"))
    offset = np.array([_offset_seconds(text) or 0 for text in zone.distinct], np.int64)[zone.codes]
    naive = well_formed & zone.where(lambda text: text == "")[of_row]
    seconds = minutes * 60 + (_whole(tail.field("second")) - offset)[of_row]
    milliseconds = np.where(well_formed, _whole(pc.utf8_rpad(tail.field("fraction"), 3, "0"))[of_row], 0)
    return Instants(np.where(well_formed, seconds, 0), well_formed & ~naive, missing, naive, milliseconds)


def _whole(text: pa.Array) -> NDArray[np.int64]:
    """Up to three digits as a number; nothing is 0."""
    digits = pc.utf8_lpad(pc.fill_null(pc.utf8_slice_codeunits(text, 0, 3), ""), 1, "0")
    whole: NDArray[np.int64] = digits.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return whole


def _minutes(text: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    columns, lengths = character_columns(text, 16)
    if len(columns) < 16:
        return np.zeros(len(lengths), np.int64), np.zeros(len(lengths), bool)
    digit = {place: columns[place] - np.uint8(48) for place in (0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15)}
    good = np.logical_and.reduce([column <= 9 for column in digit.values()])
    good &= (columns[4] == columns[7]) & np.isin(columns[4], list(b"-./"))
    good &= np.isin(columns[10], list(b"Tt ")) & (columns[13] == ord(":"))

    def number(*places: int) -> NDArray[np.int64]:
        scaled = [digit[place].astype(np.int64) * 10**n for n, place in enumerate(reversed(places))]
        return np.asarray(np.sum(scaled, axis=0), np.int64)

    month, day, hour, minute = number(5, 6), number(8, 9), number(11, 12), number(14, 15)
    good &= (month >= 1) & (month <= 12) & (day >= 1) & (hour <= 23) & (minute <= 59)
    first = np.where(good, (number(0, 1, 2, 3) - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    first_day = first.astype("datetime64[D]").astype(np.int64)
    next_first = (first + 1).astype("datetime64[D]").astype(np.int64)
    good &= first_day + day - 1 < next_first
    return (first_day + day - 1) * 1440 + hour * 60 + minute, good


def _offset_seconds(zone: str) -> int | None:
    found = OFFSET.fullmatch(zone)
    if found is None:
        return None
    sign, hours, minutes = found.groups()
    return (-1 if sign == "-" else 1) * (int(hours) * 3600 + int(minutes or 0) * 60)
