"""Deliver the messages that wait."""

from jobs.engine import Context, Job
from timeseries.alerts import deliver

__all__ = ["JOB"]


def run(context: Context) -> int:
    """Work off the outbox; returns how many messages arrived."""
    return deliver(context.unleased, context.settings.alerts).delivered


JOB = Job(
    "deliver",
    "messages of alerts to their sinks",
    "every minute",
    run,
    follows=("detect", "rules", "forecast", "digest"),
)
