"""The trust meter: aggregates and daily metrics compared with raw data, and healed where they differ."""

from timeseries.verify._ledger import PastVerification, past_verifications
from timeseries.verify._types import SUBJECTS, Difference, SubjectCheck, SubjectState, Verification
from timeseries.verify._verify import DEFAULT_SAMPLE, subject_states, verify

__all__ = [
    "DEFAULT_SAMPLE",
    "SUBJECTS",
    "Difference",
    "PastVerification",
    "SubjectCheck",
    "SubjectState",
    "Verification",
    "past_verifications",
    "subject_states",
    "verify",
]
