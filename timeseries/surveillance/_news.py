"""Announcements from a file."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from timeseries.database import Database, run, statement
from timeseries.errors import InputError
from timeseries.surveillance.rules._news import IMPACTS

__all__ = ["NewsReport", "load_news"]

COLUMNS = ("time", "currency", "title")
MOST_LETTERS = 5
LEAST_LETTERS = 3


@dataclass(frozen=True)
class NewsReport:
    """What a file of announcements held: how many, and how many of them were not known before."""

    read: int
    added: int


def load_news(database: Database, path: Path) -> NewsReport:
    """Read announcements from a CSV file with the columns time, currency, title and, if it has one, impact.

    Times are ISO 8601 with their offset from UTC (``2026-06-05T08:30:00-04:00``, or ``Z``). The impact is
    low, medium or high, by default high. A file read again changes nothing; the impact of a known one
    is brought up to date.

    Raises:
        InputError: the file cannot be read, or a line of it cannot be used; nothing of it is kept then.
    """
    rows = _rows(path)
    with database.transaction() as connection:
        before = run(connection, "surveillance.count_news", {}).scalar_one()
        if rows:
            connection.execute(statement("surveillance.add_news"), rows)
        after = run(connection, "surveillance.count_news", {}).scalar_one()
    return NewsReport(read=len(rows), added=after - before)


def _rows(path: Path) -> list[dict[str, object]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(
                    f"{path}: the first line must name the columns; missing: {', '.join(missing)}."
                )
            return [_event(f"{path}, line {reader.line_num}", row) for row in reader]
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"Cannot read {path}: it must be a CSV file in UTF-8 ({error}).") from error


def _event(where: str, row: Mapping[str | None, Any]) -> dict[str, object]:
    if None in row:
        raise InputError(f"{where}: there are more fields than columns; quote a title that has commas in it.")
    text = {name: (row.get(name) or "").strip() for name in (*COLUMNS, "impact")}
    currency, impact = text["currency"].upper(), text["impact"].lower() or "high"
    letters = currency.isascii() and currency.isalpha()
    if not (letters and LEAST_LETTERS <= len(currency) <= MOST_LETTERS):
        raise InputError(f"{where}: the currency must be 3 to 5 letters such as USD, not {currency!r}.")
    if not text["title"] or "\0" in text["title"]:
        raise InputError(f"{where}: the title must be a text and not empty.")
    if impact not in IMPACTS:
        raise InputError(f"{where}: the impact must be {', '.join(IMPACTS)}, not {impact!r}.")
    return {
        "time": _time(where, text["time"]),
        "currency": currency,
        "title": text["title"],
        "impact": impact,
    }


def _time(where: str, text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else _no_offset(where, text)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{where}: the time must look like 2026-06-05T12:30:00Z, not {text!r}.") from error


def _no_offset(where: str, text: str) -> datetime:
    raise InputError(f"{where}: the time {text!r} lacks its offset from UTC, such as Z or -04:00.")
