"""What the tables are said to weigh."""

import time

import pytest
from sqlalchemy import text

from timeseries.database import Database, Policy, compress, policies, table_sizes

ROWS = text("""
    INSERT INTO trades
    SELECT now() - make_interval(days => :days) + g * interval '1 second', g + :days * 10000,
           1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 2, 2
    FROM generate_series(1, :rows) g
""")


def test_rows_are_counted_once_whether_compressed_or_not(clean_database: Database) -> None:
    with clean_database.transaction() as connection:
        connection.execute(ROWS, {"days": 200, "rows": 4000})
        connection.execute(ROWS, {"days": 1, "rows": 1000})
        connection.execute(text("ANALYZE trades"))
    assert compress(clean_database) > 0
    with clean_database.transaction() as connection:
        connection.execute(text("ANALYZE trades"))
    trades = next(size for size in table_sizes(clean_database) if size.table == "trades")
    assert (trades.rows, trades.compressed_chunks) == (5000, 1)
    assert trades.before is not None
    assert trades.after is not None
    assert trades.before > trades.after


def execute(database: Database, command: str, **values: object) -> None:
    with database.autocommit() as connection:
        connection.execute(text(command), values)


def columnstore_policy(database: Database, table: str) -> Policy:
    return next(
        policy for policy in policies(database) if policy.kind == "columnstore" and policy.what == table
    )


def test_chunks_with_late_rows_are_compressed_again_and_only_those(clean_database: Database) -> None:
    for days in (100, 200):
        execute(clean_database, str(ROWS), days=days, rows=500)
    assert compress(clean_database) == 2
    execute(clean_database, str(ROWS), days=200, rows=10)
    assert compress(clean_database) == 1
    assert compress(clean_database) == 0


def test_a_table_without_a_policy_is_compressed_nevertheless(clean_database: Database) -> None:
    execute(clean_database, str(ROWS), days=200, rows=500)
    execute(clean_database, str(ROWS), days=1, rows=500)
    execute(clean_database, "CALL remove_columnstore_policy('trades')")
    try:
        assert compress(clean_database) == 1
    finally:
        execute(clean_database, "CALL add_columnstore_policy('trades', after => interval '14 days')")
        if not clean_database.embedded:
            number = columnstore_policy(clean_database, "trades").policy_id
            execute(clean_database, "SELECT alter_job(:number, scheduled => false)", number=number)


def test_a_server_is_left_to_compress_while_its_policy_works(
    clean_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    if clean_database.embedded:
        pytest.skip("the embedded database has no background workers")
    number = columnstore_policy(clean_database, "trades").policy_id
    try:
        policy = run_by_a_worker(clean_database, "trades")
        execute(clean_database, str(ROWS), days=200, rows=500)
        compressed = compress(clean_database)
    finally:
        execute(clean_database, "SELECT alter_job(:number, scheduled => false)", number=number)
    assert compressed == (1 if policy.last_state == "failed" else 0)
    assert ("trades here: the server's columnstore policy failed" in caplog.text) == bool(compressed)
    assert compress(clean_database) == 1 - compressed, "switched off, the policy does not do it"


def run_by_a_worker(database: Database, table: str) -> Policy:
    """Have a background worker run a policy, which fails where the server has none to spare."""
    before = columnstore_policy(database, table)
    execute(database, "SELECT _timescaledb_functions.start_background_workers()")
    switch_on = "SELECT alter_job(:number, scheduled => true, next_start => now())"
    execute(database, switch_on, number=before.policy_id)
    for _ in range(50):
        policy = columnstore_policy(database, table)
        if policy.last_started != before.last_started and policy.last_state in ("done", "failed"):
            return policy
        time.sleep(0.2)
    pytest.skip("this server runs no background workers")
