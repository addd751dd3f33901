"""The fixtures every room stands on."""

import os
from pathlib import Path

import platformdirs
from sqlalchemy import func, select, text
from sqlalchemy import table as table_clause

from timeseries.database import Database

TRADE = text(
    "INSERT INTO trades SELECT timestamptz '2024-01-01' + g * interval '1 hour', g,"
    " 1, 1, 100, 0, 0, 1, 1, 1, 1, 1, 2, 2 FROM generate_series(1, 100) g"
)


def _fill(database: Database) -> int:
    with database.transaction() as connection:
        connection.execute(TRADE)
        connection.execute(text("INSERT INTO symbols (symbol) VALUES ('EURUSD')"))
    with database.autocommit() as connection:
        for name in ("trades_5m", "trades_1d"):
            connection.execute(text(f"CALL refresh_continuous_aggregate('{name}', NULL, NULL)"))
    with database.transaction() as connection:
        return int(connection.scalar(text("SELECT sum(trades) FROM trades_1d")) or 0)


def test_a_clean_database_is_empty_and_its_aggregates_follow_new_rows(clean_database: Database) -> None:
    with clean_database.transaction() as connection:
        for table in ("trades", "trades_5m", "trades_1d", "symbols"):
            assert connection.scalar(select(func.count()).select_from(table_clause(table))) == 0
        assert connection.scalar(text("SELECT count(*) FROM currencies")) > 30
    assert _fill(clean_database) == 100


def test_a_second_clean_database_has_nothing_of_the_first(clean_database: Database) -> None:
    test_a_clean_database_is_empty_and_its_aggregates_follow_new_rows(clean_database)
    with clean_database.transaction() as connection:
        assert connection.scalar(text("SELECT symbol_id FROM symbols")) == 1


def test_the_home_is_not_the_users(tmp_path: Path) -> None:
    assert Path(platformdirs.user_data_dir("timeseries")).is_relative_to(Path.home())
    assert "timeseries-home-" in str(Path.home())
    assert not [name for name in os.environ if name.startswith("TIMESERIES_")]
