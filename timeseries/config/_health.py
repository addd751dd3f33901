"""Settings of the engine's watch over itself: ``[health]``."""

from dataclasses import dataclass

__all__ = ["HealthSettings"]


@dataclass(frozen=True)
class HealthSettings:
    """From where on the engine raises an alert about itself.

    Attributes:
        slow_query_seconds: a common read that takes longer, in the median of three looks.
        failed_transactions: share of transactions rolled back in the last hour.
        storage_growth: share by which the database grows in 30 days.
        cpu: share of the machine's processors in use, at every look for ``sustained_minutes``.
        memory: share of the machine's memory in use.
        sustained_minutes: how long the processors must have been in use.
        disk_free: share of the disk that must be left free, where the embedded database lies on it.
    """

    slow_query_seconds: float = 1.0
    failed_transactions: float = 0.001
    storage_growth: float = 0.2
    cpu: float = 0.8
    memory: float = 0.9
    sustained_minutes: float = 15.0
    disk_free: float = 0.1

    def broken_rules(self) -> list[str]:
        """What no look at the engine could be judged by, a sentence each."""
        rules = {
            "slow_query_seconds in [health] must lie above 0, at most 60": 0 < self.slow_query_seconds <= 60,
            "failed_transactions in [health] must lie above 0, at most 1": 0 < self.failed_transactions <= 1,
            "storage_growth in [health] must lie above 0, at most 100": 0 < self.storage_growth <= 100,
            "cpu in [health] must lie above 0, at most 1": 0 < self.cpu <= 1,
            "memory in [health] must lie above 0, at most 1": 0 < self.memory <= 1,
            "sustained_minutes in [health] must be 1 to 1440": 1 <= self.sustained_minutes <= 1440,
            "disk_free in [health] must be 0 or above, below 1": 0 <= self.disk_free < 1,
        }
        return [sentence for sentence, holds in rules.items() if not holds]
