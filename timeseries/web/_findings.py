"""``/anomalies``: what was found of accounts and cohorts."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from timeseries.reads import find_findings
from timeseries.web._dependencies import ReadingDatabase
from timeseries.web._memory import remembered
from timeseries.web._paging import place_of, written
from timeseries.web._parameters import AccountFilter, Cursor, Limit, Severity, SinceDay, UntilDay
from timeseries.web._values import Day, Model, Money

__all__ = ["router"]

router = APIRouter(prefix="/anomalies", tags=["anomalies"])


class Finding(Model):
    """What stood out on a trading day."""

    finding_id: int
    kind: str = Field(
        description="`anomaly`, `rule` (of the trade, broken) or `cohort` (accounts that moved as one)."
    )
    account: str | None = Field(description="Null where it is about a cohort.")
    cohort: str | None = Field(description="An account group, or `firm`.")
    currency: str | None
    trading_day: Day = Field(description="The last day it looked at.")
    since: Day = Field(description="The first.")
    subject: str = Field(description="The metric that says most, or the rule.")
    detector: str
    severity: str = Field(description="`info`, `warning` or `critical`.")
    pvalue: float | None = Field(description="Null for a rule's.")
    seen: float | None = Field(description="Of the metric, in its own unit; so is `expected`.")
    expected: float | None
    at_stake: Money | None = Field(description="In `currency`; null where unknown.")
    reason: str
    evidence: dict[str, Any] = Field(description="Tickets, times, counterparts.")


class Findings(Model):
    """A page of findings, newest trading day first."""

    items: list[Finding]
    next: str | None


Kind = Annotated[
    Literal["anomaly", "rule", "cohort"] | None, Query(description="Only findings of this kind.")
]


@router.get("", response_model=Findings, summary="Findings")
@remembered(3)
def findings(
    database: ReadingDatabase,
    account: AccountFilter = None,
    kind: Kind = None,
    severity: Severity = None,
    since: SinceDay = None,
    until: UntilDay = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Anomalies, broken rules of the trade, and moves of cohorts."""
    found = find_findings(
        database,
        account=account,
        kind=kind,
        severity=severity,
        since=since,
        until=until,
        before=place_of(cursor, Day, int),
        limit=limit,
    )
    return {"items": found.findings, "next": written(found.older)}
