"""Cursors: where a page of a list ended, in a text that clients hand back as it is."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from timeseries.web._problems import Refusal
from timeseries.web._values import storable

__all__ = ["Place", "numbers_of", "place_of", "stranger", "written"]

Place = tuple[Any, ...]
KINDS: dict[str, Callable[[str], Any]] = {"t": datetime.fromisoformat, "d": date.fromisoformat, "m": Decimal}


def written(place: Place | None) -> str | None:
    """A place as a cursor; None, the end, stays None."""
    if place is None:
        return None
    text = json.dumps([_plain(value) for value in place], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str | None, *kinds: type) -> Any:
    """The place that a cursor stands for; None, the beginning, stays None.

    Args:
        kinds: the types of the values of such a place; a None is allowed at each.

    Raises:
        Refusal: it is no cursor of this list.
    """
    if cursor is None:
        return None
    values = _values(cursor)
    if len(values) != len(kinds) or not all(map(_fits, values, kinds)):
        raise stranger()
    return values


def numbers_of(cursor: str | None, order: str) -> tuple[float, ...] | None:
    """The place that a cursor stands for in a list of this order, where it is numbers, however many.

    Raises:
        Refusal: it is no cursor of this list in this order.
    """
    if cursor is None:
        return None
    said, *values = _values(cursor)
    if said != order or not values or not all(isinstance(value, float) for value in values):
        raise stranger()
    return tuple(values)


def _values(cursor: str) -> Place:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        return tuple(_value(one) for one in json.loads(text)) or (None,)
    except (ValueError, TypeError, ArithmeticError, KeyError, RecursionError):
        raise stranger() from None


def stranger() -> Refusal:
    """What to say to a cursor of another list, or of another order."""
    return Refusal(422, "This cursor is none of this list: begin again without one.", field="cursor")


def _fits(value: Any, kind: type) -> bool:
    if isinstance(value, str) and not storable(value):
        return False
    if isinstance(value, int) and abs(value) >= 2**63:
        return False
    return value is None or type(value) is kind


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"t": value.astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    return {"m": str(value)} if isinstance(value, Decimal) else value


def _value(found: Any) -> Any:
    if not isinstance(found, dict):
        return found
    ((kind, text),) = found.items()
    value = KINDS[kind](text)
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError(text)
    return value
