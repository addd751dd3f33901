"""What was found of accounts and cohorts, page by page."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from timeseries.alerts import SEVERITIES
from timeseries.database import Database, run
from timeseries.errors import InputError
from timeseries.reads._scope import check_positive, find_account

__all__ = ["Finding", "FindingPage", "find_findings"]

KINDS = ("anomaly", "rule", "cohort")
Place = tuple[date, int]
AFTER_ALL_FINDINGS = 2**63 - 1


@dataclass(frozen=True)
class Finding:
    """What stood out on a trading day.

    Attributes:
        kind: ``anomaly``, ``rule`` (of the trade, broken) or ``cohort`` (accounts that moved as one).
        account: None where it is about a cohort, and so are ``currency`` and ``at_stake``.
        cohort: an account group, or ``firm``.
        since: the first day it looked at; ``trading_day`` is the last.
        subject: the metric that says most, or the rule.
        pvalue: None for a rule's.
        seen, expected: of the metric, in its own unit.
        at_stake: money in the account's currency; None where unknown.
        evidence: what it rests on: tickets, times, counterparts.
    """

    finding_id: int
    kind: str
    account: str | None
    cohort: str | None
    currency: str | None
    trading_day: date
    since: date
    subject: str
    detector: str
    severity: str
    pvalue: float | None
    seen: float | None
    expected: float | None
    at_stake: Decimal | None
    reason: str
    evidence: dict[str, Any]


@dataclass(frozen=True)
class FindingPage:
    """Some findings, newest first.

    Attributes:
        older: give it as ``before`` to read on; None: there are no more.
    """

    findings: tuple[Finding, ...]
    older: Place | None


def find_findings(
    database: Database,
    *,
    account: str | None = None,
    kind: str | None = None,
    severity: str | None = None,
    since: date | None = None,
    until: date | None = None,
    before: Place | None = None,
    limit: int = 100,
) -> FindingPage:
    """A page of findings, the newest trading day first.

    Args:
        account: only this account's.
        kind: only ``anomaly``, ``rule`` or ``cohort`` ones.
        severity: only these and graver ones: ``info``, ``warning`` or ``critical``.
        since, until: only of trading days between these, both included.
        before: where the page before ended, its ``older``.
        limit: at most so many.

    Raises:
        NotFound: there is no such account.
        InputError: there is no such kind or severity, or the limit is below one.
    """
    check_positive(findings=limit)
    _check_word("kind", kind, KINDS)
    _check_word("severity", severity, SEVERITIES)
    day, number = before or (None, AFTER_ALL_FINDINGS)
    graver = None if severity is None else list(SEVERITIES[SEVERITIES.index(severity) :])
    wanted = {"kind": kind, "severities": graver, "since": since, "until": until, "limit": limit + 1}
    with database.transaction() as connection:
        found = None if account is None else find_account(connection, account).account_id
        place = {"account_id": found, "before_day": day, "before_id": number}
        rows = run(connection, "reads.findings", wanted | place).mappings().all()
    findings = tuple(Finding(**row) for row in rows[:limit])
    more = len(rows) > limit
    return FindingPage(findings, (findings[-1].trading_day, findings[-1].finding_id) if more else None)


def _check_word(what: str, word: str | None, known: tuple[str, ...]) -> None:
    if word not in (None, *known):
        raise InputError(f"There is no {what} {word!r}; known: {', '.join(known)}.")
