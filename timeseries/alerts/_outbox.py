"""One sink's part of the outbox: claimed in one transaction, settled in another."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping

from timeseries.alerts._alert import Message
from timeseries.database import Database, run

__all__ = ["Claim", "Outbox", "read_messages"]

MOST_ATTEMPTS = 8
LONGEST_WAIT = timedelta(hours=6)


@dataclass(frozen=True)
class Claim:
    """A message that this process, for the time of a lease, is the one to send.

    Attributes:
        message: what is to be sent.
        attempts: the number of this attempt, from 1.
        over: the alert has ended, or the message tells that it was withdrawn.
    """

    message: Message
    attempts: int
    over: bool


@dataclass(frozen=True)
class Outbox:
    """What waits for one sink; ``now`` None stands for the database's clock."""

    database: Database
    sink: str
    now: datetime | None
    lease: timedelta

    def claim(self, limit: int) -> list[Claim]:
        """Take the longest-due deliveries, of each alert only its earliest, and hide them from others."""
        values = {"sink": self.sink, "now": self.now, "limit": limit, "lease": self.lease}
        with self.database.transaction() as connection:
            rows = run(connection, "deliveries.claim", values).mappings().all()
        return [Claim(_message(row), row["attempts"], row["over"]) for row in rows]

    def settle(self, claims: list[Claim], errors: list[str | None]) -> list[str]:
        """Write down the outcomes; returns the new states."""
        values = {
            "sink": self.sink,
            "now": self.now,
            "most_attempts": MOST_ATTEMPTS,
            "longest_wait": LONGEST_WAIT,
            "message_ids": [claim.message.message_id for claim in claims],
            "attempts": [claim.attempts for claim in claims],
            "errors": errors,
        }
        with self.database.transaction() as connection:
            return list(run(connection, "deliveries.settle", values).scalars())


def read_messages(connection: Connection, message_ids: Sequence[int]) -> list[Message]:
    """Stored messages, in the order they were written."""
    rows = run(connection, "deliveries.messages", {"message_ids": list(message_ids)})
    return [_message(row) for row in rows.mappings()]


def _message(row: RowMapping) -> Message:
    return Message(**{item.name: row[item.name] for item in fields(Message)})
