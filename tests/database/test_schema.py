"""The schema's ladder."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from timeseries.config import Settings
from timeseries.database import HEAD, Database, downgrade, history, open_database, upgrade
from timeseries.errors import InputError, SchemaError

REVISIONS = [f"{number:04}" for number in range(1, int(HEAD) + 1)]

# Everything in the database that is not PostgreSQL's or the extension's, with its definition.
OURS = r"""
    SELECT 'relation', n.nspname || '.' || c.relname,
           c.relkind::text || c.relrowsecurity || coalesce(c.reloptions::text, '')
               || coalesce(c.relacl::text, '')
               || regexp_replace(coalesce(pg_get_viewdef(c.oid), ''), '_hypertable_\d+', '', 'g')
               || coalesce(obj_description(c.oid, 'pg_class'), '')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'S', 'm') AND n.nspname IN ('public', 'plain', 'visible', 'dashboard')
    UNION ALL
    SELECT 'column', format('%s.%s', a.attrelid::regclass, a.attname),
           format_type(a.atttypid, a.atttypmod) || a.attnotnull::text
               || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v')
      AND n.nspname IN ('public', 'plain', 'visible', 'dashboard')
    UNION ALL
    SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname IN ('public', 'plain')
    UNION ALL
    SELECT 'constraint', conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid)
    FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname IN ('public', 'visible')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT 'schema', nspname, '' FROM pg_namespace
    WHERE nspname !~ '^(pg_|_?timescaledb|information_schema|public|toolkit)'
    UNION ALL
    SELECT 'row policy', format('%s on %s', polname, polrelid::regclass),
           format('%s %s %s', polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid))
    FROM pg_policy WHERE polrelid::regclass::text !~ '^_?timescaledb'
    UNION ALL
    SELECT 'default grant', d.defaclnamespace::regnamespace::text, d.defaclacl::text
    FROM pg_default_acl d WHERE d.defaclacl::text ~ 'timeseries_'
    UNION ALL
    SELECT 'grant', n.nspname, n.nspacl::text
    FROM pg_namespace n WHERE n.nspacl::text ~ 'timeseries_'
    UNION ALL
    SELECT 'hypertable', hypertable_name, num_dimensions || ' ' || compression_enabled::text
    FROM timescaledb_information.hypertables WHERE hypertable_schema = 'public'
    UNION ALL
    SELECT 'policy', coalesce(c.view_name, j.hypertable_name), proc_name || ' ' || schedule_interval
    FROM timescaledb_information.jobs j
    LEFT JOIN timescaledb_information.continuous_aggregates c
        ON c.materialization_hypertable_name = j.hypertable_name
    WHERE job_id >= 1000
    ORDER BY 1, 2, 3
"""
FILLED = """
    INSERT INTO trades
    SELECT timestamptz '2024-01-01' + g * interval '1 hour', g, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 2, 2
    FROM generate_series(1, 2000) g
"""


def climb(database: Database, revision: str = "head") -> None:
    with database.connection() as connection:
        upgrade(connection, revision)


def descend(database: Database, revision: str = "base") -> None:
    with database.connection() as connection:
        downgrade(connection, revision)


def ours(database: Database) -> list[tuple[str, ...]]:
    with database.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(OURS))]


def applied(database: Database) -> list[str]:
    with database.connection() as connection:
        return [rung.revision for rung in history(connection) if rung.applied]


@pytest.fixture
def ladder(database: Database) -> Iterator[Database]:
    """The module's database; it stands on the highest rung again afterwards."""
    yield database
    climb(database)


def test_down_to_base_leaves_nothing_of_ours_whatever_was_stored(ladder: Database) -> None:
    before = ours(ladder)
    assert len(before) > 200
    with ladder.transaction() as connection:
        connection.execute(text(FILLED))
    with ladder.autocommit() as connection:
        connection.execute(text("CALL refresh_continuous_aggregate('trades_5m', NULL, NULL)"))
        connection.execute(text("SELECT compress_chunk(c) FROM show_chunks('trades') c"))
    descend(ladder)
    assert ours(ladder) == []
    assert applied(ladder) == []
    with ladder.transaction() as connection:
        assert connection.scalar(text("SELECT count(*) FROM _timescaledb_catalog.hypertable")) == 0
    climb(ladder)
    assert ours(ladder) == before


def test_every_rung_goes_up_down_and_up_again(ladder: Database) -> None:
    whole = ours(ladder)
    descend(ladder)
    for position, revision in enumerate(REVISIONS):
        climb(ladder, revision)
        above = ours(ladder)
        descend(ladder, REVISIONS[position - 1] if position else "base")
        assert applied(ladder) == REVISIONS[:position]
        climb(ladder, revision)
        assert ours(ladder) == above
        assert applied(ladder) == REVISIONS[: position + 1]
    assert ours(ladder) == whole


def test_climbing_twice_changes_nothing(ladder: Database) -> None:
    before = ours(ladder)
    climb(ladder)
    assert ours(ladder) == before


def test_the_history_names_every_rung(ladder: Database) -> None:
    with ladder.connection() as connection:
        rungs = history(connection)
    assert [rung.revision for rung in rungs] == REVISIONS
    assert all(rung.title.endswith(".") and rung.applied for rung in rungs)


def test_an_unknown_revision_is_refused(ladder: Database) -> None:
    with ladder.connection() as connection, pytest.raises(InputError) as caught:
        upgrade(connection, "9999")
    assert str(caught.value).startswith("There is no schema revision '9999'; known: base, 0001, 0002,")


def opened(database: Database) -> str:
    with pytest.raises(SchemaError) as caught:
        open_database(Settings(database_url=database.url))
    assert caught.value.exit_code == 6
    return str(caught.value)


def test_a_server_is_only_checked_and_says_what_to_do(ladder: Database) -> None:
    open_database(Settings(database_url=ladder.url)).close()
    descend(ladder, "0003")
    assert opened(ladder) == (
        f"The database's schema (0003) is older than this program ({HEAD}): run `timeseries db upgrade`."
    )
    descend(ladder)
    assert opened(ladder) == "The database has no schema yet: run `timeseries db upgrade`."
    assert ours(ladder) == []


def test_a_newer_schema_is_left_alone(ladder: Database) -> None:
    with ladder.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    sentence = f"The database's schema (0999) is newer than this program ({HEAD}): install the newer program."
    assert opened(ladder) == sentence
    for move in (climb, descend):
        with pytest.raises(SchemaError) as caught:
            move(ladder)
        assert str(caught.value) == sentence
    with ladder.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": HEAD})


def test_a_rung_that_fails_leaves_the_schema_where_it_was(ladder: Database) -> None:
    descend(ladder, "0004")
    before = ours(ladder)
    with ladder.transaction() as connection:
        connection.execute(text("CREATE TABLE alerts (in_the_way integer)"))
    with pytest.raises(Exception, match="already exists"):
        climb(ladder)
    with ladder.transaction() as connection:
        connection.execute(text("DROP TABLE alerts"))
    assert ours(ladder) == before
    climb(ladder)


def test_a_new_order_of_trades_takes_hold_over_chunks_compressed_in_the_old_one(ladder: Database) -> None:
    descend(ladder, "0009")
    with ladder.transaction() as connection:
        connection.execute(text(FILLED))
    with ladder.autocommit() as connection:
        connection.execute(text("SELECT compress_chunk(c) FROM show_chunks('trades') c"))
    climb(ladder)
    with ladder.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO trades SELECT close_time + interval '1 s', ticket + 5000, 1, 1, 1,"
                " 0, 0, 1, 1, 1, 1, 1, 2, 2 FROM trades WHERE ticket < 100"
            )
        )
    with ladder.autocommit() as connection:
        connection.execute(text("SELECT compress_chunk(c) FROM show_chunks('trades') c"))
    with ladder.transaction() as connection:
        assert connection.execute(
            text("SELECT count(*), sum(ticket) FROM trades WHERE account_id = 1")
        ).one() == (
            2099,
            2000 * 2001 // 2 + 99 * 5000 + 99 * 50,
        )
    descend(ladder)
