"""Parameters that several endpoints share."""

from typing import Annotated

from fastapi import Path, Query

from timeseries.web._values import Moment, Text, TradingDay

__all__ = [
    "AccountFilter",
    "AccountName",
    "Cursor",
    "Days",
    "GroupFilter",
    "Limit",
    "Severity",
    "Since",
    "SinceDay",
    "Until",
    "UntilDay",
]

LONGEST_NAME = 200
Severity = Annotated[
    str | None,
    Query(
        pattern="^(info|warning|critical)$",
        description="These and graver ones: `info`, `warning` or `critical`.",
    ),
]
AccountName = Annotated[
    Text, Path(max_length=LONGEST_NAME, description="The firm's name of the account.", examples=["A000001"])
]
AccountFilter = Annotated[
    Text | None, Query(max_length=LONGEST_NAME, description="Only this account.", examples=["A000001"])
]
GroupFilter = Annotated[
    Text | None, Query(max_length=LONGEST_NAME, description="Only accounts of this group.")
]
Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many items.")]
Cursor = Annotated[
    str | None,
    Query(
        max_length=1000,
        pattern="^[A-Za-z0-9_-]+$",
        description="Where to read on: `next` of the page before, handed back as it is.",
    ),
]
Days = Annotated[int, Query(ge=1, le=3660, description="How many of the newest days.")]
SinceDay = Annotated[TradingDay | None, Query(description="The first trading day.")]
UntilDay = Annotated[TradingDay | None, Query(description="The last trading day, inclusive.")]
Since = Annotated[
    Moment | None, Query(description="From this moment on; without a zone it is UTC, a day is its midnight.")
]
Until = Annotated[Moment | None, Query(description="Before this moment, exclusive.")]
