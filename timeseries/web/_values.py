"""How values are written in answers and read from requests."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema

__all__ = ["Day", "Instant", "Model", "Moment", "Money", "Text", "TradingDay", "storable"]

ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
ISO_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII | re.I
)
SURROGATE = re.compile("[\ud800-\udfff]")
# Terminals take some of them for commands; a note may have lines.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# What PostgreSQL and Python both can hold in every time zone.
FIRST_YEAR, LAST_YEAR = 1900, 2200


class Model(BaseModel):
    """What a request or an answer looks like."""

    model_config = ConfigDict(from_attributes=True)


def _written(value: Any, shape: re.Pattern[str], example: str) -> Any:
    if isinstance(value, str) and not shape.fullmatch(value):
        raise ValueError(f"give it as {example}")
    if isinstance(value, int | float):
        raise ValueError(f"give it as {example}")
    return value


def _in_range(value: date) -> date:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(f"the year must lie between {FIRST_YEAR} and {LAST_YEAR}")
    return value


def _in_utc(value: datetime) -> datetime:
    _in_range(value)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def storable(value: str) -> bool:
    """Whether a database can hold a text: it has neither NUL nor half a character."""
    return "\0" not in value and not SURROGATE.search(value)


def _printable(value: str) -> str:
    if not storable(value) or CONTROL.search(value):
        raise ValueError("must hold no control characters")
    return value


Money = Annotated[
    Decimal,
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["1234.50"]}),
]
Instant = datetime
Day = date
TradingDay = Annotated[
    date, BeforeValidator(lambda value: _written(value, ISO_DAY, "2026-11-24")), AfterValidator(_in_range)
]
Moment = Annotated[
    datetime,
    BeforeValidator(lambda value: _written(value, ISO_MOMENT, "2026-11-24T08:30:00Z or 2026-11-24")),
    AfterValidator(_in_utc),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}
    ),
]
Text = Annotated[str, AfterValidator(_printable)]
