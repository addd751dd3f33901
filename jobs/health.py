"""Look after the engine itself: its jobs, the database and the machine."""

from jobs.engine import Context, Job, look, schedules_of, troubles_of_jobs
from timeseries.alerts import settle_troubles
from timeseries.database import policies
from timeseries.health import observe, troubles

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Observe, and raise or end the engine's own alerts; returns how many troubles there are."""
    observe(context.database, context.settings)
    seen = look(
        context.database, context.settings, context.jobs, schedules_of(context.jobs, context.settings)
    )
    found = troubles_of_jobs(seen, context.settings, policies(context.database))
    found += troubles(context.database, context.settings)
    with context.database.transaction() as connection:
        settle_troubles(connection, context.settings.alerts, found)
        context.complete(connection, len(found))
    return len(found)


JOB = Job("health", "the engine's own alerts: late jobs, slow queries, growth, load", "every 5 minutes", run)
