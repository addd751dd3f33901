"""Move old chunks to the columnstore."""

from datetime import timedelta

from jobs.engine import Context, Job
from timeseries.database import compress

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Compress what is due, chunk by chunk, where no policy does; returns how many chunks were."""
    return compress(context.database, progress=context.progress)


JOB = Job("compress", "old chunks to the columnstore", "40 2 * * *", run, limit=timedelta(hours=6))
