"""What the tables are said to weigh."""

from sqlalchemy import text

from timeseries.database import Database, compress, table_sizes

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
