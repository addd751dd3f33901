"""Making true again what differed, and marking what was built upon it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from timeseries.database import Database, statement
from timeseries.metrics import refresh_aggregates, refresh_metrics
from timeseries.verify._compare import Findings

__all__ = ["heal"]

# What an aggregate is made of goes before it.
PARENTS = {"trades_5m": (), "equity_5m": (), "trades_1d": ("trades_5m",), "equity_1d": ("equity_5m",)}
DAY = timedelta(days=1)


def heal(database: Database, findings: Findings) -> None:
    """Compute again what differs: aggregates by force, then the daily metrics made of them.

    The metrics are marked only when the aggregates are right: a refresh under way on a server would
    otherwise make them of the wrong buckets once more, and take the marks off.
    """
    with database.autocommit() as connection:
        for name, parents in PARENTS.items():
            days = findings.days[name].union(*(findings.days[parent] for parent in parents))
            for since, until in _stretches(days):
                values = {"aggregate": name, "since": since, "until": until}
                connection.execute(statement("verify.force_aggregate"), values)
    refresh_aggregates(database)
    with database.transaction() as connection:
        marks = {"accounts": findings.accounts, "days": findings.trading_days}
        connection.execute(statement("verify.mark_days"), marks)
        connection.execute(statement("verify.mark_histories"), {"accounts": list(findings.histories)})
    refresh_metrics(database)


def _stretches(days: Iterable[datetime]) -> list[tuple[datetime, datetime]]:
    """Days as stretches of consecutive ones, ends exclusive."""
    stretches: list[tuple[datetime, datetime]] = []
    for day in sorted(days):
        if stretches and stretches[-1][1] == day:
            stretches[-1] = (stretches[-1][0], day + DAY)
        else:
            stretches.append((day, day + DAY))
    return stretches
