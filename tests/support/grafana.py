"""Grafana's macros, expanded as its PostgreSQL data source does for TimescaleDB, and what statements read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

READ_RELATIONS = """
    SELECT DISTINCT n.nspname || '.' || c.relname
    FROM pg_rewrite r
    JOIN pg_depend d ON d.objid = r.oid
                    AND d.classid = 'pg_rewrite'::regclass
                    AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class c ON c.oid = d.refobjid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE r.ev_class = 'probe'::regclass AND d.refobjid <> r.ev_class
"""


@dataclass(frozen=True)
class Screen:
    """What somebody has chosen: a stretch of time and values of variables; several make a list."""

    since: datetime
    until: datetime
    chosen: dict[str, str | list[str]] = field(default_factory=dict)
    interval: timedelta = timedelta(hours=1)

    def expand(self, statement: str) -> str:
        """The statement that Grafana would send to a TimescaleDB."""
        for name, values in self.chosen.items():
            statement = statement.replace(f"${{{name}:sqlstring}}", sql_strings(values))
            statement = re.sub(rf"\${name}\b", plain_value(values).replace("\\", r"\\"), statement)
        since, until = (f"'{moment:%Y-%m-%dT%H:%M:%SZ}'" for moment in (self.since, self.until))
        statement = statement.replace("$__searchFilter", "%").replace("$__timeFrom()", since)
        statement = statement.replace("$__timeTo()", until)
        statement = re.sub(r"\$__timeFilter\(([^()]+)\)", rf"\1 BETWEEN {since} AND {until}", statement)
        statement = statement.replace("$__interval", f"{self.interval.total_seconds():.0f}s")
        statement = re.sub(
            r"\$__timeGroup\(([^(),]+), *'?(\w+)'?\)",
            lambda found: f"time_bucket('{in_seconds(found[2]):.3f}s', {found[1]})",
            statement,
        )
        assert "$" not in statement, "a macro or variable that this test does not know"
        return statement


def sql_strings(values: str | Sequence[str]) -> str:
    listed = [values] if isinstance(values, str) else values
    return ",".join("'" + value.replace("'", "''") + "'" for value in listed)


def plain_value(values: str | Sequence[str]) -> str:
    return values.replace("'", "''") if isinstance(values, str) else sql_strings(values)


def in_seconds(length: str) -> float:
    return int(length[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[length[-1]]


def relations_of(connection: Connection, statement: str) -> set[str]:
    """What a statement reads, by PostgreSQL's own record of it."""
    connection.connection.cursor().execute(f"CREATE TEMPORARY VIEW probe AS {statement}")
    found = set(connection.exec_driver_sql(READ_RELATIONS).scalars())
    connection.exec_driver_sql("DROP VIEW probe")
    return found


def sources_in(part: object) -> Iterator[dict[str, Any]]:
    """Every reference to a data source, however deep."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "datasource":
                yield value
            yield from sources_in(value)
    elif isinstance(part, list):
        for value in part:
            yield from sources_in(value)
