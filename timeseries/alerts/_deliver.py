"""Working off the outbox.

A delivery is claimed in one transaction, sent outside of any, and settled in another. The claim is a
lease: when its holder dies, the delivery is due again at the lease's end. Each claim counts up
``attempts``, and a failure is only written down by the holder of the newest claim.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from timeseries.alerts._alert import Message
from timeseries.alerts._outbox import Claim, Outbox
from timeseries.alerts.sinks import DeliveryFailed, Sink, usable_sinks
from timeseries.config import AlertSettings
from timeseries.database import Database, run

__all__ = ["DeliveryReport", "attempt", "deliver", "requeue"]

LEASE = timedelta(minutes=5)
# A sink that fails so often in a row is left alone until the next call: it is down, others are waiting.
FRUITLESS_ATTEMPTS = 8
# Chat and mail services take seconds for each message; a call should not become a long one.
SECONDS_PER_SINK = 120.0
THREADS = 8


@dataclass(frozen=True)
class DeliveryReport:
    """What one call of ``deliver`` did.

    Attributes:
        delivered: messages sent.
        failed: attempts that failed and will be repeated.
        dead: deliveries given up in this call, the last attempt having failed.
        waiting: deliveries still to be made, by whomever and whenever, also to sinks no longer configured.
    """

    delivered: int = 0
    failed: int = 0
    dead: int = 0
    waiting: int = 0


def deliver(
    database: Database,
    settings: AlertSettings,
    *,
    now: datetime | None = None,
    limit: int = 500,
    lease: timedelta = LEASE,
) -> DeliveryReport:
    """Send what is due in the outbox to the sinks.

    A sink gets the messages of one alert in the order they were written: while an earlier one waits, the
    later ones do. A failure is retried after 1, 2, 4 … minutes (at most 6 hours); after 8 attempts the
    delivery is dead and keeps the reason. Deliveries to sinks that the settings no longer have stay pending.
    Any number of processes may call this at once.

    Args:
        database: where the outbox is; no connection to it may be open in a transaction meanwhile.
        settings: their ``sinks`` say where each name leads.
        now: the time, with a zone, that decides what is due; by default the database's clock.
        limit: at most so many attempts for each sink.
        lease: how long a delivery is this process's own; longer than any sink takes to answer.

    Raises:
        ConfigurationError: a sink's URL cannot be used; the other sinks got what was due.
        DatabaseError: the database was lost; what was under way is sent again after the lease.
    """
    states: list[str] = []
    sinks, errors = usable_sinks(settings)
    for sink in sinks:
        states += _work_off(Outbox(database, sink.name, now, lease), sink, limit)
    with database.transaction() as connection:
        waiting = int(run(connection, "deliveries.waiting", {}).scalar_one())
    if errors:
        raise errors[0]
    return DeliveryReport(states.count("delivered"), states.count("pending"), states.count("dead"), waiting)


def requeue(database: Database, sink: str | None = None) -> int:
    """Give dead deliveries their eight attempts once more, due at once.

    Those that a later message of the same alert has overtaken at the sink are cancelled instead.

    Args:
        database: where the outbox is.
        sink: only this one's, in the settings or not.

    Returns:
        How many are pending again.
    """
    with database.transaction() as connection:
        states = run(connection, "deliveries.requeue", {"sink": sink}).scalars().all()
    return states.count("pending")


def attempt(sink: Sink, message: Message, *, over: bool = False) -> str | None:
    """Send one message; returns why it failed, or None."""
    try:
        sink.send(message, over=over)
    except DeliveryFailed as failure:
        return str(failure)
    except Exception as error:
        # Services fail in ways of their own, and their messages may hold the address: only the kind is kept.
        return f"The sink failed with {type(error).__name__}."
    return None


def _work_off(outbox: Outbox, sink: Sink, limit: int) -> list[str]:
    states: list[str] = []
    end = time.monotonic() + SECONDS_PER_SINK
    attempts = fruitless = 0
    while attempts < limit and fruitless < FRUITLESS_ATTEMPTS and time.monotonic() < end:
        claims = outbox.claim(min(sink.at_once, limit - attempts))
        if not claims:
            break
        errors = _attempt_all(sink, claims)
        states += outbox.settle(claims, errors)
        attempts += len(claims)
        fruitless = 0 if None in errors else fruitless + len(claims)
    return states


def _attempt_all(sink: Sink, claims: list[Claim]) -> list[str | None]:
    with ThreadPoolExecutor(min(len(claims), THREADS)) as pool:
        return list(pool.map(lambda claim: attempt(sink, claim.message, over=claim.over), claims))
