"""What was done to alerts, kept in the order in which it took effect."""

from collections.abc import Sequence

from sqlalchemy import Connection

from timeseries.database import run

__all__ = ["remember"]


def remember(
    connection: Connection,
    alert_ids: Sequence[int],
    event: str,
    *,
    by: str | None = None,
    note: str | None = None,
) -> None:
    """Note what was done to alerts; ``by`` None is the engine.

    One transaction at a time does, until its end: so positions in the history are taken in the order of
    commits, and who has read up to one has missed nothing before it.
    """
    if not alert_ids:
        return
    run(connection, "alerts.lock_history", {})
    values = {"alert_ids": list(alert_ids), "event": event, "done_by": by, "note": note}
    run(connection, "alerts.remember", values)
