"""Move old chunks to the columnstore, and drop raw data past its retention."""

from jobs.contract import Context, Job
from timeseries.database import compress, retain

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Compress what is due, chunk by chunk; drop what is past ``retain_days``."""
    retain(context.database, context.settings.retain_days)
    return compress(context.database, progress=context.progress)


JOB = Job("compress", "old chunks to the columnstore, data past its retention dropped", "40 2 * * *", run)
