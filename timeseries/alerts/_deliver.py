"""Working off the outbox.

A delivery is claimed in one transaction, sent outside of any, and settled in another. The claim is a
lease: when its holder dies, the delivery is due again at the lease's end. Each claim counts up
``attempts``, and a failure is only written down by the holder of the newest claim.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from timeseries.alerts._alert import Alert
from timeseries.alerts.sinks import DeliveryFailed, Sink, open_sinks
from timeseries.config import AlertSettings
from timeseries.database import Database, statement

__all__ = ["DeliveryReport", "attempt", "deliver"]

LEASE = timedelta(minutes=5)
MOST_ATTEMPTS = 8
LONGEST_WAIT = timedelta(hours=6)
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


@dataclass(frozen=True)
class _Claim:
    alert: Alert
    attempts: int


@dataclass(frozen=True)
class _Outbox:
    """One sink's part of the outbox."""

    database: Database
    sink: str
    now: datetime | None

    def claim(self, limit: int) -> list[_Claim]:
        parameters = {"sink": self.sink, "now": self.now, "limit": limit, "lease": LEASE}
        with self.database.transaction() as connection:
            rows = connection.execute(statement("alerts.claim"), parameters).all()
        return [_Claim(Alert(*alert), attempts) for attempts, *alert in rows]

    def settle(self, claims: list[_Claim], errors: list[str | None]) -> list[str]:
        """Write down the outcomes; returns the new states."""
        parameters = {
            "sink": self.sink,
            "now": self.now,
            "most_attempts": MOST_ATTEMPTS,
            "longest_wait": LONGEST_WAIT,
            "alert_ids": [claim.alert.alert_id for claim in claims],
            "attempts": [claim.attempts for claim in claims],
            "errors": errors,
        }
        with self.database.transaction() as connection:
            return list(connection.execute(statement("alerts.settle"), parameters).scalars())


def deliver(
    database: Database, settings: AlertSettings, *, now: datetime | None = None, limit: int = 500
) -> DeliveryReport:
    """Send what is due in the outbox to the sinks.

    A failure is retried after 1, 2, 4 … minutes (at most 6 hours); after 8 attempts the delivery is
    dead and keeps the reason. Deliveries to sinks that the settings no longer have stay pending. Any
    number of processes may call this at once.

    Args:
        database: where the outbox is; no connection to it may be open in a transaction meanwhile.
        settings: their ``sinks`` say where each name leads.
        now: the time, with a zone, that decides what is due; by default the database's clock.
        limit: at most so many attempts for each sink.

    Raises:
        ConfigurationError: a sink's URL cannot be used; nothing was sent.
        DatabaseError: the database was lost; what was under way is sent again after five minutes.
    """
    states: list[str] = []
    for sink in open_sinks(settings):
        states += _work_off(_Outbox(database, sink.name, now), sink, limit)
    with database.transaction() as connection:
        waiting = int(connection.execute(statement("alerts.waiting")).scalar_one())
    return DeliveryReport(states.count("delivered"), states.count("pending"), states.count("dead"), waiting)


def _work_off(outbox: _Outbox, sink: Sink, limit: int) -> list[str]:
    states: list[str] = []
    end = time.monotonic() + SECONDS_PER_SINK
    attempts = fruitless = 0
    while attempts < limit and fruitless < FRUITLESS_ATTEMPTS and time.monotonic() < end:
        claims = outbox.claim(min(sink.at_once, limit - attempts))
        if not claims:
            break
        errors = _attempt_all(sink, [claim.alert for claim in claims])
        states += outbox.settle(claims, errors)
        attempts += len(claims)
        fruitless = 0 if None in errors else fruitless + len(claims)
    return states


def _attempt_all(sink: Sink, alerts: list[Alert]) -> list[str | None]:
    with ThreadPoolExecutor(min(len(alerts), THREADS)) as pool:
        return list(pool.map(lambda alert: attempt(sink, alert), alerts))


def attempt(sink: Sink, alert: Alert) -> str | None:
    """Send one alert; returns why it failed, or None."""
    try:
        sink.send(alert)
    except DeliveryFailed as failure:
        return str(failure)
    except Exception as error:
        # Services fail in ways of their own, and their messages may hold the address: only the kind is kept.
        return f"The sink failed with {type(error).__name__}."
    return None
