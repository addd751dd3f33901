"""When things happen: the jobs, their schedule, and the ledger of their runs.

A job is a name, a cron expression and one call into the library. What it does stands in
``timeseries``; this package only says when, makes sure that one run of a job is under way at a
time whatever the number of schedulers, and writes down what came of it.
"""

from jobs.aggregate import JOB as AGGREGATE
from jobs.alert import JOB as ALERT
from jobs.compress import JOB as COMPRESS
from jobs.contract import Context, Job
from jobs.demo import DemoResult, run_demo
from jobs.detect import JOB as DETECT
from jobs.digest import JOB as DIGEST
from jobs.forecast import JOB as FORECAST
from jobs.ledger import Run, history, last_runs
from jobs.realise import JOB as REALISE
from jobs.refresh import JOB as REFRESH
from jobs.runner import run_job
from jobs.scheduler import check_schedules, schedule_of, serve
from jobs.verify import JOB as VERIFY

__all__ = [
    "JOBS",
    "Context",
    "DemoResult",
    "Job",
    "Run",
    "check_schedules",
    "history",
    "last_runs",
    "run_demo",
    "run_job",
    "schedule_of",
    "serve",
]

# In the order data passes through them; running all of them in this order is a full cycle.
JOBS: dict[str, Job] = {
    job.name: job for job in (REFRESH, AGGREGATE, DETECT, FORECAST, REALISE, ALERT, DIGEST, COMPRESS, VERIFY)
}
