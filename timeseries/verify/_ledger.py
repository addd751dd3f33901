"""What verifications have shown, written down."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from timeseries.database import Database, statement
from timeseries.verify._types import Verification

__all__ = ["PastVerification", "past_verifications", "record"]


@dataclass(frozen=True)
class PastVerification:
    """One run as the ledger has it; moments in UTC.

    Attributes:
        whole: everything was compared, not a sample.
        compared: buckets and account-days.
        differing: how many of them differed.
        differing_subjects: in which aggregates or metrics.
        pending: ranges and account-days known to be out of date, which were not compared.
        healed: what differed was made true.
    """

    started_at: datetime
    finished_at: datetime
    whole: bool
    compared: int
    differing: int
    differing_subjects: list[str]
    pending: int
    healed: bool


def past_verifications(database: Database, *, limit: int = 20) -> list[PastVerification]:
    """The last runs, newest first."""
    with database.transaction() as connection:
        rows = connection.execute(statement("verify.history"), {"limit": limit}).mappings()
        return [PastVerification(**row) for row in rows]


def record(database: Database, verification: Verification) -> None:
    """Write a run down, with the differences it lists."""
    with database.transaction() as connection:
        for check in verification.checks:
            values = {
                "subject": check.subject,
                "whole": verification.whole,
                "started_at": verification.started_at,
                "compared": check.compared,
                "differing": check.differing,
                "behind": check.state.behind,
                "pending": check.state.pending,
                "healed": check.healed,
            }
            verification_id = connection.scalar(statement("verify.record"), values)
            listed = list(_differences_of(verification, check.subject, verification_id))
            if listed:
                connection.execute(statement("verify.record_difference"), listed)


def _differences_of(
    verification: Verification, subject: str, verification_id: int
) -> Iterable[dict[str, object]]:
    for difference in verification.differences:
        if difference.subject == subject:
            yield {"verification_id": verification_id, **asdict(difference)}
