"""Numbers as people read them."""

from datetime import datetime
from decimal import Decimal
from math import isnan

__all__ = ["amount", "megabytes", "percent", "when"]


def amount(value: float | Decimal | None, digits: int | None = None) -> str:
    """Money with thousands separators; a dash for what is not there.

    Without ``digits`` exact numbers keep their own decimals, others have two.
    """
    if value is None or isnan(value):
        return "–"
    if digits is None and isinstance(value, Decimal):
        return f"{value:,f}"
    return f"{value:,.{2 if digits is None else digits}f}"


def percent(share: float | Decimal | None, digits: int = 0) -> str:
    """A share of one as a percentage; a dash for what is not there."""
    if share is None or isnan(share):
        return "–"
    return f"{share:.{digits}%}"


def megabytes(size: int | None) -> str:
    """Bytes as megabytes."""
    return "–" if size is None else f"{size / 1e6:,.1f} MB"


def when(moment: datetime | None) -> str:
    """A moment to the minute, UTC."""
    return "–" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"
