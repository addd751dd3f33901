"""Compare what is served with the raw data, and mend what differs."""

import logging
from datetime import timedelta

from jobs.engine import Context, Job
from timeseries.verify import verify

__all__ = ["JOB"]

LIMIT = timedelta(hours=3)
logger = logging.getLogger("timeseries.jobs")


def run(context: Context) -> int:
    """Compare a sample and heal what differs; returns how many buckets and account-days were compared."""
    found = verify(context.database, heal=True, progress=context.progress)
    if found.differing:
        logger.warning(
            "verify: %d of %d buckets and account-days differed from the raw data and were %s; "
            "`timeseries db verify --full` compares everything",
            found.differing,
            found.compared,
            "healed" if found.healed else "not all healed",
        )
    return found.compared


JOB = Job("verify", "a sample compared with raw data, and healed", "30 3 * * *", run, limit=LIMIT)
