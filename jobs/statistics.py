"""Keep the planner's statistics fresh and the engine's own tables short."""

from jobs.engine import Context, Job
from timeseries.health import statistics

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Renew statistics and purge what nobody reads any more; returns how many rows were purged."""
    return statistics(context.database)


JOB = Job(
    "statistics",
    "planner statistics renewed, old entries of the engine's own tables purged",
    "10 4 * * *",
    run,
)
