"""A reader sees what it may, whatever it asks, and leaves the session as it was."""

import inspect
import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection, text
from two_desks import Desk

from timeseries import alerts, reads
from timeseries.access import reader
from timeseries.database import Database, driver
from timeseries.errors import DatabaseError, NotFound

OURS = Desk("ours", date(2024, 3, 4), 1000)
THEIRS = Desk("theirs", date(2024, 3, 11), 7000)  # later: what is newest is always theirs
ONE = "ours-2"
Read = Callable[[Database], Any]
READS: dict[str, Read] = {
    "reads.account_days": lambda firm: reads.account_days(firm, ONE),
    "reads.account_standing": lambda firm: reads.account_standing(firm, ONE),
    "reads.account_forecast": lambda firm: reads.account_forecast(firm, ONE),
    "reads.account_trades": lambda firm: reads.account_trades(firm, ONE),
    "reads.cohort_returns": reads.cohort_returns,
    "reads.equity_series": lambda firm: reads.equity_series(firm, ONE),
    "reads.expected_days": lambda firm: reads.expected_days(firm, ONE),
    "reads.feature_page": lambda firm: reads.feature_page(firm, limit=100),
    "reads.feature_rows": lambda firm: reads.feature_rows(firm).to_dict(),
    "reads.find_findings": reads.find_findings,
    "reads.firm_days": reads.firm_days,
    "reads.forecast_outcomes_of": lambda firm: reads.forecast_outcomes_of(firm, ONE),
    "reads.freshness": reads.freshness,
    "reads.group_comparison": reads.group_comparison,
    "reads.latest_equity": lambda firm: reads.latest_equity(firm, ONE),
    "reads.open_positions": lambda firm: reads.open_positions(firm, ONE),
    "reads.overview": reads.overview,
    "reads.payout_forecasts": reads.payout_forecasts,
    "reads.symbol_performance": reads.symbol_performance,
    "reads.trade_summary": reads.trade_summary,
    "reads.trading_hours": reads.trading_hours,
    "reads.trading_span": lambda firm: reads.trading_span(firm, ONE, OURS.day, OURS.day),
    "alerts.find_alerts": alerts.find_alerts,
    "alerts.list_alerts": alerts.list_alerts,
    "alerts.list_mutes": alerts.list_mutes,
    "alerts.show_alert": lambda firm: alerts.show_alert(firm, 2),
}
WRITERS = {
    "acknowledge",
    "deliver",
    "label",
    "make_digest",
    "mute",
    "raise_alerts",
    "requeue",
    "send_test",
    "settle_troubles",
    "unmute",
}
# Whatever a scoped reader may select from and that names accounts, by number or by name.
OF_ACCOUNTS = """
SELECT c.oid::regclass AS relation, min(a.attname) AS column
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('account', 'account_id') AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'v')
  AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema|_?timescaledb_i)'
  AND has_table_privilege('timeseries_scoped_reader', c.oid, 'SELECT')
GROUP BY c.oid ORDER BY 1
"""


class Within(Database):
    """A database inside a transaction that somebody else began and will roll back."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self.url, self.embedded, self.engine = database.url, database.embedded, database.engine
        self._connection = connection

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        yield self._connection


@pytest.fixture(scope="module")
def both(database: Database) -> Database:
    """A firm of two desks, of which theirs has the newest of everything."""
    OURS.settle_in(database)
    THEIRS.settle_in(database)
    return database


@pytest.fixture(scope="module")
def alone(both: Database) -> dict[str, Any]:
    """What the owner reads where the other desk has left."""
    with both.connection() as connection:
        THEIRS.leave(connection)
        answers = {name: read(Within(both, connection)) for name, read in READS.items()}
        connection.rollback()
    return answers


@pytest.fixture(scope="module")
def scoped(both: Database) -> Database:
    return reader(both, ["ours"])


def told(answer: Any) -> str:
    """An answer as text; what is summed in another order differs in the last digits."""
    return re.sub(r"\d+\.\d{10,}", lambda number: f"{float(number[0]):.9g}", repr(answer))


def who(database: Database) -> tuple[Any, ...]:
    with database.transaction() as connection:
        return tuple(
            connection.execute(
                text(
                    "SELECT current_user, current_setting('search_path'),"
                    " current_setting('transaction_read_only'),"
                    " coalesce(current_setting('timeseries.groups', true), '')"
                )
            ).one()
        )


@pytest.mark.parametrize("name", READS)
def test_a_scoped_reader_is_answered_as_if_there_were_no_other_group(
    scoped: Database, alone: dict[str, Any], name: str
) -> None:
    read = READS[name]
    assert told(read(scoped)) == told(alone[name])


@pytest.mark.parametrize("name", [name for name, read in READS.items() if read.__name__ != "<lambda>"])
def test_what_is_asked_of_the_whole_firm_depends_on_who_asks(
    both: Database, scoped: Database, name: str
) -> None:
    read = READS[name]
    assert told(read(scoped)) != told(read(both))


def test_every_read_is_tried() -> None:
    rooms = {"reads": reads, "alerts": alerts}
    public = {
        f"{room}.{name}"
        for room, module in rooms.items()
        for name in module.__all__
        if inspect.isfunction(found := getattr(module, name))
        and "database" in inspect.signature(found).parameters
    }
    assert public - {f"alerts.{name}" for name in WRITERS} == set(READS)


def test_a_reader_of_the_firm_is_answered_as_the_owner_is(database: Database, scoped: Database) -> None:
    whole = reader(database)
    for read in READS.values():
        assert told(read(whole)) == told(read(database))


def test_nothing_that_may_be_selected_names_other_accounts(database: Database, scoped: Database) -> None:
    with database.transaction() as connection:
        ours = set(connection.scalars(text("SELECT account_id FROM accounts WHERE account_group = 'ours'")))
        ours |= set(connection.scalars(text("SELECT account FROM accounts WHERE account_group = 'ours'")))
        places = connection.execute(text(OF_ACCOUNTS)).all()
    assert len(places) > 30
    full = 0
    with scoped.transaction() as connection:
        for relation, column in places:
            found = set(connection.scalars(text(f'SELECT "{column}" FROM {relation}')))  # noqa: S608
            assert found - {None} <= ours, relation
            full += bool(found)
    assert full > 25


def test_nothing_tells_of_the_other_group_by_name(database: Database, scoped: Database) -> None:
    with database.transaction() as connection:
        tables = connection.scalars(
            text(
                "SELECT c.oid::regclass FROM pg_class c WHERE relkind IN ('r', 'v')"
                " AND relnamespace::regnamespace::text IN ('public', 'visible', 'dashboard', 'plain')"
                " AND has_table_privilege('timeseries_scoped_reader', c.oid, 'SELECT') AND relname <>"
                " 'storage'"
            )
        ).all()
    with scoped.transaction() as connection:
        for table in tables:
            told = connection.scalars(text(f"SELECT CAST(t AS text) FROM {table} t"))  # noqa: S608
            assert not [row for row in told if "theirs" in row], table


def test_another_groups_account_does_not_exist(scoped: Database) -> None:
    with pytest.raises(NotFound):
        reads.account_trades(scoped, "theirs-1")
    with pytest.raises(NotFound):
        reads.overview(scoped, group="theirs")
    with pytest.raises(NotFound):
        alerts.show_alert(scoped, 6)


def test_no_group_sees_nothing_and_two_see_both(database: Database, scoped: Database) -> None:
    assert reads.overview(reader(database, [])).total == 0
    assert reads.overview(reader(database, ["ours", "theirs"])).total == 6
    assert reads.overview(reader(database, ['o{"u,rs\\', "theirs"])).total == 3


@pytest.mark.parametrize("groups", [None, ["ours"]], ids=["firm", "scoped"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alerts SET note = 'x'",
        "INSERT INTO symbols (symbol) VALUES ('X')",
        "TRUNCATE deliveries",
        "CREATE TEMPORARY TABLE mine (x integer)",
        "SELECT secret_hash FROM api_tokens",
        "SELECT count(*) FROM api_tokens",
    ],
)
def test_a_reader_neither_writes_nor_reads_tokens(
    database: Database, scoped: Database, groups: list[str] | None, statement: str
) -> None:
    with pytest.raises(DatabaseError), reader(database, groups).transaction() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize(
    "relation", ["trades", "equity", "trades_5m", "equity_1d", "daily_metrics", "forecasts"]
)
def test_what_has_no_policy_is_closed_to_a_scoped_reader(scoped: Database, relation: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), scoped.transaction() as connection:
        connection.execute(text(f"SELECT FROM public.{relation}"))


def test_chunks_are_closed_to_a_scoped_reader(database: Database, scoped: Database) -> None:
    with database.transaction() as connection:
        chunks = connection.scalars(
            text(
                "SELECT count(*) FROM timescaledb_information.chunks WHERE has_table_privilege("
                "'timeseries_scoped_reader', format('%I.%I', chunk_schema, chunk_name), 'SELECT')"
            )
        ).one()
    assert chunks == 0


def test_afterwards_the_session_is_the_owners_again(database: Database, scoped: Database) -> None:
    before = who(database)
    assert who(scoped) == ("timeseries_scoped_reader", "visible, public", "on", "{ours}")
    assert who(database) == before
    with pytest.raises(DatabaseError), scoped.transaction() as connection:
        connection.execute(text("SELECT 1 / 0"))
    assert who(database) == before
    with pytest.raises(KeyError), reader(database).transaction():
        raise KeyError
    assert who(database) == before
    assert before[0] not in ("timeseries_reader", "timeseries_scoped_reader")


def test_a_pooled_connection_comes_back_without_the_role(database: Database, scoped: Database) -> None:
    pooled = Database(database.url, embedded=database.embedded, pool=1)
    try:
        assert who(reader(pooled, ["ours"]))[0] == "timeseries_scoped_reader"
        assert who(pooled) == who(database)
        assert who(reader(pooled))[0] == "timeseries_reader"
        assert who(pooled) == who(database)
    finally:
        pooled.close()


def test_a_pool_keeps_its_connections_and_says_when_they_are_busy(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timeseries.database._database.POOL_PATIENCE", 0.1)
    pooled = Database(database.url, embedded=database.embedded, pool=1)
    try:
        with pooled.transaction() as connection:
            first = driver(connection)
            with pytest.raises(DatabaseError, match="are busy"), pooled.transaction():
                pass
        with pooled.transaction() as connection:
            assert driver(connection) is first
    finally:
        pooled.close()


def test_a_pool_replaces_a_connection_that_was_lost(database: Database) -> None:
    pooled = Database(database.url, embedded=database.embedded, pool=1)
    try:
        with pooled.transaction() as connection:
            descriptor = driver(connection).fileno()
        with socket.socket(fileno=os.dup(descriptor)) as broken:
            broken.shutdown(socket.SHUT_RDWR)
        assert who(pooled) == who(database)
    finally:
        pooled.close()


def test_a_reader_has_transactions_only(database: Database) -> None:
    with pytest.raises(TypeError):
        reader(database).autocommit()
    with pytest.raises(TypeError):
        reader(database, ["ours"]).connection()


def test_closing_a_reader_leaves_its_database_open(database: Database, scoped: Database) -> None:
    reader(database).close()
    assert reads.overview(scoped).total == 3


@pytest.mark.parametrize(
    ("role", "accounts"), [("timeseries_reader", 6), ("timeseries_scoped_reader", 0), ("pg_read_all_data", 6)]
)
def test_a_login_of_its_own_is_held_by_its_roles(
    database: Database, scoped: Database, role: str, accounts: int
) -> None:
    with database.connection() as connection:
        connection.execute(text("CREATE ROLE timeseries_test_login NOLOGIN"))
        connection.execute(text(f"GRANT {role} TO timeseries_test_login"))
        connection.execute(text("SET LOCAL ROLE timeseries_test_login"))
        assert connection.scalar(text("SELECT count(*) FROM accounts")) == accounts
        if role != "pg_read_all_data":
            assert (
                connection.scalar(text("SELECT count(DISTINCT account) FROM dashboard.equity_5m")) == accounts
            )
        connection.rollback()
