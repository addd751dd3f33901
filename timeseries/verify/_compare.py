"""One cell compared with its raw data, in one snapshot."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from timeseries.database import Database, run
from timeseries.metrics import pending_ranges_on
from timeseries.verify._cells import Cell
from timeseries.verify._types import AGGREGATES, SUBJECTS, Difference, SubjectState

__all__ = ["Findings", "compare", "read_states"]

PREPARATION = (
    "verify.create_raw_kept",
    "verify.create_found",
    "verify_aggregates.create_raw_trades",
    "verify_aggregates.create_raw_equity",
    "verify_aggregates.analyze_raw",
)
DAYS = (
    "verify_days.create_checked_buckets",
    "verify_days.create_members",
    "verify_days.analyze_calendar",
    "verify_days.create_day_facts",
    "verify_days.create_chain",
    "verify_days.analyze_days",
)


@dataclass
class Findings:
    """What cells showed, to be added up.

    Attributes:
        compared, differing: by subject.
        days: UTC days with differing buckets, by subject.
        differences: the first so many of each subject.
        accounts, trading_days: account-days that differ or were made of differing buckets, side by side.
        histories: accounts whose daily metrics differ.
    """

    compared: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SUBJECTS, 0))
    differing: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SUBJECTS, 0))
    days: dict[str, set[datetime]] = field(default_factory=lambda: {name: set() for name in SUBJECTS})
    differences: dict[str, list[Difference]] = field(default_factory=lambda: {name: [] for name in SUBJECTS})
    accounts: list[int] = field(default_factory=list)
    trading_days: list[date] = field(default_factory=list)
    histories: set[int] = field(default_factory=set)


def compare(database: Database, cell: Cell, findings: Findings, *, keep: int) -> bool:
    """Compare one cell and add to the findings; says whether anything differs.

    Raw rows, aggregates, metrics and the marks of what is out of date are read in one snapshot, so a load
    or refresh at the same time makes no difference where there is none.

    Args:
        keep: how many differences of each subject are listed.
    """
    with _snapshot(database) as connection:
        # The snapshot is taken by the first statement after this one.
        run(connection, "verify.lock_raw", {})
        values = _prepare(connection, cell)
        for name in AGGREGATES:
            findings.compared[name] += run(
                connection, f"verify_aggregates.compare_{name}", values
            ).scalar_one()
        for step in DAYS:
            run(connection, step, values)
        findings.compared["daily_metrics"] += run(
            connection, "verify_days.compare_day_facts", values
        ).scalar_one()
        run(connection, "verify_days.compare_missing_days", values)
        run(connection, "verify_days.compare_carried", values)
        return _gather(connection, findings, keep)


def read_states(database: Database) -> dict[str, SubjectState]:
    """How far each subject is behind and out of date, by name."""
    with _snapshot(database) as connection:
        _create_pending(connection)
        run(connection, "verify.create_raw_kept", {})
        rows = run(connection, "verify.subjects", {}).mappings()
        return {row["subject"]: SubjectState(**row) for row in rows}


@contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    with database.connection() as connection:
        connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


def _prepare(connection: Connection, cell: Cell) -> dict[str, Any]:
    values: dict[str, Any] = {
        **vars(cell),
        "first_day": cell.since.date(),
        "last_day": cell.until.date() - timedelta(days=1),
    }
    _create_pending(connection)
    run(connection, "verify.create_checked_days", values)
    values.update(run(connection, "verify.raw_span", values).mappings().one())
    for step in PREPARATION:
        run(connection, step, values)
    return values


def _create_pending(connection: Connection) -> None:
    pending = pending_ranges_on(connection)
    values = {
        "aggregates": [one.aggregate for one in pending],
        "sinces": [one.since for one in pending],
        "untils": [one.until for one in pending],
    }
    run(connection, "verify.create_pending", values)


def _gather(connection: Connection, findings: Findings, keep: int) -> bool:
    found = run(connection, "verify.differing", {}).all()
    for row in found:
        findings.differing[row.subject] += row.differing
        findings.days[row.subject].update(row.days)
        listed = findings.differences[row.subject]
        values = {"subject": row.subject, "limit": keep - len(listed)}
        listed.extend(
            Difference(**one) for one in run(connection, "verify.list_differences", values).mappings()
        )
    if found:
        touched = run(connection, "verify.touched_days", {}).all()
        findings.accounts += [row.account_id for row in touched]
        findings.trading_days += [row.trading_day for row in touched]
        findings.histories.update(run(connection, "verify.differing_histories", {}).scalars())
    return bool(found)
