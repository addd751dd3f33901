"""Settings of the job layer: ``[jobs]``."""

from dataclasses import dataclass, field

__all__ = ["JobSettings"]


@dataclass(frozen=True)
class JobSettings:
    """How the jobs are run.

    Attributes:
        time_zone: of cron expressions that name none.
        grace_minutes: a trading day is final so long after its end on every calendar; later rows still count,
            and what was said of the day is corrected.
        patience_minutes: the same where the data fell silent before the day's end.
        catch_up_days: trading days missed longer ago than the last so many are left out.
        workers: runs at a time in one scheduler.
        lease_seconds: a run without a sign of life for so long is taken over.
        poll_seconds: how often a scheduler looks for what is due.
        retry_seconds: pause before a failed window is tried again; doubled each time.
        late_minutes: work due for longer than this is reported as late.
        limits: job name → minutes after which a run is stopped, in place of the job's own.
        listen: address and port for ``/metrics`` and ``/health`` of a scheduler, such as ``127.0.0.1:9464``.
    """

    time_zone: str = "UTC"
    grace_minutes: int = 30
    patience_minutes: int = 120
    catch_up_days: int = 60
    workers: int = 2
    lease_seconds: float = 120.0
    poll_seconds: float = 5.0
    retry_seconds: float = 60.0
    late_minutes: int = 60
    limits: dict[str, float] = field(default_factory=dict)
    listen: str | None = None

    def broken_rules(self) -> list[str]:
        """What no scheduler could use, a sentence each."""
        rules = {
            "grace_minutes in [jobs] must be 0 to 10080": 0 <= self.grace_minutes <= 10080,
            "patience_minutes in [jobs] must be 0 to 10080": 0 <= self.patience_minutes <= 10080,
            "catch_up_days in [jobs] must be 1 to 400": 1 <= self.catch_up_days <= 400,
            "workers in [jobs] must be 1 to 64": 1 <= self.workers <= 64,
            "lease_seconds in [jobs] must be 1 to 86400": 1 <= self.lease_seconds <= 86400,
            "poll_seconds in [jobs] must be 0.05 to 3600": 0.05 <= self.poll_seconds <= 3600,
            "retry_seconds in [jobs] must be 0 to 86400": 0 <= self.retry_seconds <= 86400,
            "late_minutes in [jobs] must be 1 to 100000": 1 <= self.late_minutes <= 100_000,
            "limits in [jobs] must be minutes above 0": all(
                isinstance(minutes, int | float) and not isinstance(minutes, bool) and minutes > 0
                for minutes in self.limits.values()
            ),
        }
        return [sentence for sentence, holds in rules.items() if not holds]
