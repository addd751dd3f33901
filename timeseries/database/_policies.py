"""TimescaleDB's own policies: how they fare, and running them where no background workers do."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from timeseries.database._columnstore import Progress, convert_due_chunks
from timeseries.database._database import Database
from timeseries.database._statements import run
from timeseries.errors import DatabaseError

__all__ = ["Policy", "policies", "run_due_policies"]

# So long a policy may keep everybody waiting before another process takes it for dead.
LEASE = timedelta(minutes=10)
# A server that is busy may begin a policy later than it is due.
SLACK = timedelta(minutes=15)

logger = logging.getLogger("timeseries.database")


@dataclass(frozen=True)
class Policy:
    """A policy and its last run; times are UTC.

    Attributes:
        policy_id: TimescaleDB's ``job_id``.
        kind: ``refresh`` of a continuous aggregate, ``columnstore``, ``retention``, ``reorder`` …, or
            ``action`` for a procedure that somebody scheduled.
        what: the hypertable or aggregate, such as ``trades_5m``; of actions the procedure.
        every: how often it is to run.
        last_started: None when it never ran.
        last_finished: None while it runs, and when it never ran.
        last_state: ``running``, ``done`` or ``failed``; None when it never ran.
        failures: how often it failed since it last succeeded.
        next_due: when it is to run next; the moment of asking when it never ran.
        scheduled: False when somebody switched it off.
        error: why it failed last; None when it did not, or when the user may not read it.
    """

    policy_id: int
    kind: str
    what: str
    every: timedelta
    last_started: datetime | None
    last_finished: datetime | None
    last_state: str | None
    failures: int
    next_due: datetime
    scheduled: bool
    error: str | None

    def is_due(self, now: datetime) -> bool:
        """Whether it is to run now. A clock that was set back does not keep it waiting."""
        if not self.scheduled or self.last_state == "running":
            return False
        return self.next_due <= now or self.next_due > now + 2 * self.every

    def trouble(self, now: datetime) -> str | None:
        """Why nobody can rely on it now, as the end of a sentence; None while all is well."""
        if not self.scheduled:
            return "is switched off"
        if self.last_state is None:
            return "has never run"
        if self.last_state == "failed":
            often = f" {self.failures} times in a row" if self.failures > 1 else ""
            return f"failed{often}: {self.error or 'the server does not say why'}"
        if self.last_state == "done" and self.next_due + max(self.every, SLACK) < now:
            return f"has been overdue since {self.next_due:%Y-%m-%d %H:%M} UTC"
        return None


def policies(database: Database, *, now: datetime | None = None) -> list[Policy]:
    """TimescaleDB's policies by their number, told the same way of both databases.

    On a server this is what its background workers noted, on the embedded database what
    ``run_due_policies`` did. TimescaleDB's own housekeeping is left out.

    Args:
        now: the moment of asking, with a time zone; by default the clock's.
    """
    values = {"embedded": database.embedded, "now": now or datetime.now(UTC)}
    with database.transaction() as connection:
        return [Policy(**row) for row in run(connection, "policies.known", values).mappings()]


def run_due_policies(
    database: Database, *, now: datetime | None = None, progress: Progress | None = None
) -> list[Policy]:
    """Run what is due of the policies where no background workers do; on a server nothing.

    A policy that fails is noted so and does not stop the others; it is tried again after its retry period.
    Of several processes at once one runs a policy. What a process that died had begun is run again after
    ten minutes.

    Args:
        now: the moment the policies are run for, with a time zone, by default the clock's. Their intervals
            count from it, so a job that comes every five minutes gives its window's end.
        progress: called with what is done, how many of how many.

    Returns:
        The policies that were run, with what came of it.

    Raises:
        DatabaseError: the database is gone; what fails of a policy is in its ``error``.
    """
    if not database.embedded:
        return []
    now = now or datetime.now(UTC)
    due = [policy for policy in policies(database, now=now) if policy.is_due(now)]
    ran = set()
    for done, policy in enumerate(due):
        if progress is not None:
            progress("running policies", done, len(due))
        if _run(database, policy, now, progress):
            ran.add(policy.policy_id)
    if progress is not None and due:
        progress("running policies", len(due), len(due))
    return [policy for policy in policies(database, now=now) if policy.policy_id in ran]


def _run(database: Database, policy: Policy, now: datetime, progress: Progress | None) -> bool:
    values = {"policy_id": policy.policy_id, "last_started": policy.last_started, "now": now, "lease": LEASE}
    with database.transaction() as connection:
        started = run(connection, "policies.claim", values).scalar()
    if started is None:
        return False
    error = _attempt(database, policy, progress)
    with database.transaction() as connection:
        run(connection, "policies.note_outcome", values | {"started_at": started, "error": error})
    return True


def _attempt(database: Database, policy: Policy, progress: Progress | None) -> str | None:
    try:
        if policy.kind == "columnstore":
            # The policy itself would hold the only session until all chunks are done, heartbeats included.
            convert_due_chunks(database, [policy.what], progress=progress)
        with database.autocommit() as connection:
            run(connection, "policies.run", {"policy_id": policy.policy_id})
    except DatabaseError as error:
        logger.warning("The %s policy of %s failed: %s", policy.kind, policy.what, error)
        return str(error)
    return None
