"""Which findings stay when others take their place, which days are looked at, and the marks' rung."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from timeseries.database import Database, downgrade, upgrade
from timeseries.pipeline import Finding
from timeseries.pipeline._days import first_day, weekday, weekdays
from timeseries.pipeline._findings import store

DAY = date(2024, 3, 8)


def do(database: Database, sql: str, **values: Any) -> None:
    with database.transaction() as connection:
        connection.execute(text(sql), values)


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


KINDS = ("anomaly", "cohort", "rule")
FINDING = Finding(
    kind="rule",
    account=None,
    account_id=1,
    cohort=None,
    trading_day=DAY,
    since=DAY,
    subject="profit",
    detector="rule",
    rule_version_id=None,
    pvalue=None,
    direction=0,
    seen=None,
    expected=None,
    at_stake=None,
    severity="info",
    reason="odd",
)
PLACES = st.tuples(st.sampled_from(KINDS), st.integers(0, 9))


@settings(max_examples=25, deadline=None)
@given(
    before=st.sets(PLACES, max_size=15),
    now=st.sets(PLACES, max_size=15),
    kinds=st.sets(st.sampled_from(KINDS)),
    span=st.tuples(st.integers(0, 9), st.integers(0, 9)).map(sorted),
)
def test_findings_of_other_kinds_and_days_stay(
    database: Database,
    before: set[tuple[str, int]],
    now: set[tuple[str, int]],
    kinds: set[str],
    span: list[int],
) -> None:
    start = date(2024, 3, 1)
    since, until = (start + timedelta(days=place) for place in span)
    now = {one for one in now if one[0] in kinds and span[0] <= one[1] <= span[1]}
    do(database, "TRUNCATE findings RESTART IDENTITY CASCADE")
    with database.transaction() as connection:
        store(connection, [_finding(*one) for one in before], list(KINDS), start, start + timedelta(days=9))
        store(connection, [_finding(*one) for one in now], sorted(kinds), since, until)
    left = {one for one in before if one[0] not in kinds or not span[0] <= one[1] <= span[1]}
    stored = rows(database, "SELECT kind, trading_day FROM findings")
    assert sorted((kind, (day - start).days) for kind, day in stored) == sorted(left | now)


def _finding(kind: str, place: int) -> Finding:
    day = date(2024, 3, 1) + timedelta(days=place)
    whose = {"account_id": None, "cohort": "firm"} if kind == "cohort" else {}
    return Finding(**{**vars(FINDING), **whose, "kind": kind, "trading_day": day, "since": day})


@given(until=st.dates(date(2001, 1, 1), date(2100, 1, 1)), days=st.integers(1, 80))
def test_weekdays_and_their_weekends(until: date, days: int) -> None:
    until = weekday(until)
    found = weekdays(until, days)
    start = first_day(until, days)
    every = [start + timedelta(days=n) for n in range((until - start).days + 1)]
    assert found == [day for day in every if day.weekday() < 5]
    assert len(found) == days
    assert (start - timedelta(days=1)).weekday() < 5


def test_the_rung_copies_what_was_scored(clean_database: Database) -> None:
    scored = "INSERT INTO scored_days (kind, trading_day) VALUES ('anomaly', :day), ('forecast', :day)"
    marked = "INSERT INTO rescoring (kind, account_id, since) VALUES ('anomaly', 1, :day), ('rule', 2, :day)"
    for sql in (scored, marked):
        do(clean_database, sql, day=DAY)
    with clean_database.connection() as connection:
        downgrade(connection, "0019")
    try:
        marks = rows(clean_database, "SELECT kind, account_id FROM rescoring ORDER BY 2")
        assert marks == [("anomaly", 1), ("anomaly", 2)]
    finally:
        with clean_database.connection() as connection:
            upgrade(connection)
    kinds = rows(clean_database, "SELECT kind FROM scored_days ORDER BY 1")
    assert kinds == [("anomaly",), ("forecast",), ("rule",)]
    marks = rows(clean_database, "SELECT kind, account_id FROM rescoring ORDER BY 1, 2")
    assert marks == [("anomaly", 1), ("anomaly", 2), ("rule", 1), ("rule", 2)]
