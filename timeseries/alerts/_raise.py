"""From findings to alerts."""

from sqlalchemy import Connection

from timeseries.config import AlertSettings
from timeseries.database import statement

__all__ = ["raise_alerts"]


def raise_alerts(connection: Connection, settings: AlertSettings) -> int:
    """Make an alert of every finding that is worth one and has none yet.

    - An anomaly of severity warning or critical: one alert for each account and trading day.
    - An active account whose newest forecast (of ``settings.horizon`` days) has a breach probability of
      at least ``settings.breach_probability``: one alert for each run of consecutive forecast origins at
      or above it. The condition has to end before the account can raise the next. Critical from 0.9 on.

    Alerts of ``settings.minimum_severity`` or graver about the last ``settings.deliver_days`` days get, in
    the same statement, one pending delivery for each sink. Any number of processes may call this at once:
    each alert is raised by one of them.

    Returns:
        How many alerts were raised.
    """
    parameters = {
        "breach_probability": settings.breach_probability,
        "horizon": settings.horizon,
        "sinks": sorted(settings.sinks),
        "minimum_severity": settings.minimum_severity,
        "deliver_days": settings.deliver_days,
    }
    return int(connection.execute(statement("alerts.raise"), parameters).scalar_one())
