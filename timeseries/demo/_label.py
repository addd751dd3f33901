"""One injected anomaly."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Label:
    """What was done to which account, on which trading dates (both included)."""

    account: str
    kind: str
    first_day: date
    last_day: date
    detail: str
