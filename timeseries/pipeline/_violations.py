"""Broken rules of the trade as findings: looked for and kept apart from what detection finds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from timeseries.config import Settings
from timeseries.database import Database, run
from timeseries.errors import InputError
from timeseries.metrics import refresh_aggregates
from timeseries.pipeline._days import chosen_day, first_day, weekdays
from timeseries.pipeline._findings import Finding, store, violation
from timeseries.pipeline._rescoring import Complete, read_marks, settle
from timeseries.surveillance import adopt_rules, find_violations

__all__ = ["RulesReport", "apply_rules", "rule_findings"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class RulesReport:
    """What a look for broken rules found.

    Attributes:
        day: the last day looked at.
        findings: by day, account and rule.
        rescored: accounts of which days looked at before were looked at again, for their metrics had changed.
    """

    day: date
    findings: list[Finding]
    rescored: int


def apply_rules(
    database: Database,
    settings: Settings,
    *,
    day: date | None = None,
    days: int = 1,
    complete: Complete | None = None,
    progress: Progress | None = None,
) -> RulesReport:
    """Put the rules of the settings in force, and store what broke them in place of earlier violations.

    Anomalies and moves of cohorts stay as they are. Days whose metrics changed after they were looked at are
    looked at again, as :func:`detect` does. Twice for a day is as good as once.

    Args:
        day: the last day to look at, of a weekend the Friday before; by default the last complete one.
            Nothing after it is read.
        days: how many weekdays up to it, at least.
        complete: called with the connection and the number of findings at the end of the transaction that
            stores them.

    Raises:
        InputError: there is no complete day, the day is not complete yet, or lies before all data.
        ConfigurationError: the settings of a rule cannot be used.
    """
    if days < 1:
        raise InputError(f"At least one day must be looked at, not {days}.")
    adopt_rules(database, settings)
    refresh_aggregates(database, progress=progress)
    until = chosen_day(database, day)
    marks = read_marks(database, "rule", until)
    days = max(days, marks.days)
    since = first_day(until, days)
    findings = rule_findings(database, settings, since=since, until=until, progress=progress)
    with database.transaction() as connection:
        settle(connection, marks, weekdays(until, days))
        store(connection, findings, ["rule"], since, until)
        if complete is not None:
            complete(connection, len(findings))
    return RulesReport(until, findings, len(marks.account_ids))


def rule_findings(
    database: Database, settings: Settings, *, since: date, until: date, progress: Progress | None = None
) -> list[Finding]:
    """What broke the rules on the trading days ``since`` to ``until``; nothing is stored.

    Raises:
        ConfigurationError: the settings of a rule cannot be used.
    """
    broken = find_violations(database, settings, since=since, until=until, progress=progress)
    with database.transaction() as connection:
        values = {"account_ids": sorted({one.account_id for one in broken})}
        rows = run(connection, "findings.currency_digits", values)
        digits = {row.account_id: row.currency_digits for row in rows}
    return [violation(one, digits[one.account_id]) for one in broken]
