"""A message for machines."""

from dataclasses import asdict
from datetime import UTC, date, datetime

from timeseries.alerts._alert import Message

__all__ = ["document"]


def document(message: Message) -> dict[str, str | None]:
    """Every field of the message but its number in the database; dates and times (UTC) in ISO 8601."""
    return {name: _plain(value) for name, value in asdict(message).items() if name != "message_id"}


def _plain(value: str | date | datetime | None) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value
