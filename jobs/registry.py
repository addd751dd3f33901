"""All jobs, in the order data pass through them; running them in this order is a full cycle."""

from jobs.aggregate import JOB as AGGREGATE
from jobs.alert import JOB as ALERT
from jobs.compress import JOB as COMPRESS
from jobs.deliver import JOB as DELIVER
from jobs.detect import JOB as DETECT
from jobs.digest import JOB as DIGEST
from jobs.engine import Job
from jobs.forecast import JOB as FORECAST
from jobs.health import JOB as HEALTH
from jobs.policies import JOB as POLICIES
from jobs.realise import JOB as REALISE
from jobs.refresh import JOB as REFRESH
from jobs.retain import JOB as RETAIN
from jobs.rules import JOB as RULES
from jobs.statistics import JOB as STATISTICS
from jobs.verify import JOB as VERIFY

__all__ = ["JOBS"]

JOBS: dict[str, Job] = {
    job.name: job
    for job in (
        REFRESH,
        AGGREGATE,
        DETECT,
        RULES,
        FORECAST,
        REALISE,
        ALERT,
        DIGEST,
        DELIVER,
        POLICIES,
        COMPRESS,
        RETAIN,
        VERIFY,
        STATISTICS,
        HEALTH,
    )
}
