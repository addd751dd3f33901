"""Who is told what."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import Connection

from timeseries.alerts._alert import SEVERITIES, Message
from timeseries.alerts.sinks import hears_the_end
from timeseries.config import AlertSettings, Route
from timeseries.database import run

__all__ = ["queue", "route"]

# News only to those who were told of the alert.
AFTERWARDS = ("corrected", "resolved")


def queue(
    connection: Connection, messages: Sequence[Message], settings: AlertSettings, newest: date | None
) -> int:
    """Put messages into the outbox, one pending delivery for each sink that gets it.

    To be called in the transaction that wrote the messages. Messages about trading days ``deliver_days`` or
    more before the newest only go to sinks that were told of the alert before.

    Args:
        connection: in that transaction.
        messages: as stored; what is in the outbox already stays as it is.
        settings: their sinks, routes and digest.
        newest: the last trading day there is; None where there is none, and nothing is old.

    Returns:
        How many deliveries are new.
    """
    told: dict[str, set[str]] = defaultdict(set)
    numbers = [message.message_id for message in messages]
    for row in run(connection, "deliveries.told", {"message_ids": numbers}).mappings():
        told[row["alert"]].add(row["sink"])
    after = newest - timedelta(days=settings.deliver_days) if newest else date.min
    pairs = route(messages, settings, told=told, after=after)
    values = {"message_ids": [number for number, _ in pairs], "sinks": [sink for _, sink in pairs]}
    return int(run(connection, "deliveries.add", values).rowcount)


def route(
    messages: Sequence[Message],
    settings: AlertSettings,
    *,
    told: Mapping[str, Collection[str]] | None = None,
    after: date = date.min,
) -> list[tuple[int, str]]:
    """Which message goes to which sinks.

    A message goes to the sinks of every route that fits it; without routes, from ``minimum_severity`` on,
    to all. Whoever was told of an alert is also told what follows, however grave that is, as long as the sink
    takes messages of that kind; only who was told of it is told that it was corrected or is over.

    Args:
        messages: in any order; those of one alert are looked at in the order of their numbers.
        settings: their sinks, routes and digest.
        told: alert → the sinks that have, or will have, earlier messages about it.
        after: to sinks not told before, only messages about later trading days go.

    Returns:
        Pairs of message_id and sink, sorted.
    """
    knowing = defaultdict(set, {alert: set(sinks) for alert, sinks in (told or {}).items()})
    pairs: list[tuple[int, str]] = []
    for message in sorted(messages, key=lambda message: message.message_id):
        aware = knowing[message.alert] if message.alert else set()
        sinks = _takers(message, settings, aware, recent=message.trading_day > after)
        pairs += [(message.message_id, sink) for sink in sorted(sinks)]
        aware |= sinks
    return pairs


def _takers(message: Message, settings: AlertSettings, aware: set[str], *, recent: bool) -> set[str]:
    if message.kind == "digest":
        return set(settings.digest.sinks if settings.digest else ()) & settings.sinks.keys()
    routes = settings.routes or (Route(tuple(settings.sinks)),)
    takers = set()
    for way in routes:
        known = [sink for sink in way.sinks if sink in settings.sinks]
        sinks = {sink for sink in known if _takes(way, sink, message, settings)}
        fits = recent and message.kind not in AFTERWARDS and _fits(way, message, settings)
        takers |= sinks if fits else sinks & aware
    return takers


def _takes(way: Route, sink: str, message: Message, settings: AlertSettings) -> bool:
    if way.kinds:
        return message.kind in way.kinds
    return message.kind != "resolved" or hears_the_end(settings.sinks[sink])


def _fits(way: Route, message: Message, settings: AlertSettings) -> bool:
    least = SEVERITIES.index(way.severity or settings.minimum_severity)
    return (
        SEVERITIES.index(message.severity) >= least
        and (not way.groups or message.group in way.groups)
        and (not way.subjects or message.subject in way.subjects)
    )
