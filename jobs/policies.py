"""Run the database's own policies where no background workers do."""

from jobs.engine import Context, Job
from timeseries.database import run_due_policies

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Run what is due on the embedded database; a server does it by itself. Returns how many ran."""
    return len(run_due_policies(context.database, now=context.window.end, progress=context.progress))


JOB = Job("policies", "TimescaleDB's own policies, where it does not run them itself", "every 5 minutes", run)
