"""A small firm whose aggregates and metrics are right, and the tools to spoil them."""

from pathlib import Path

import pytest
from sqlalchemy import text

from timeseries.database import Database
from timeseries.demo import generate
from timeseries.ingest import Kind, load
from timeseries.metrics import refresh_aggregates, refresh_metrics

MATERIALIZATION = (
    "SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)"
    " FROM timescaledb_information.continuous_aggregates WHERE view_name = :name"
)


class Vandal:
    """Changes what is kept behind the engine's back."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def run(self, query: str, **values: object) -> int:
        with self.database.transaction() as connection:
            return connection.execute(text(query), values).rowcount

    def rows(self, query: str, **values: object):
        with self.database.transaction() as connection:
            return connection.execute(text(query), values).all()

    def spoil(self, aggregate: str, command: str, **values: object) -> None:
        """Run a command with the aggregate's own table in the place of ``{}``."""
        [(table,)] = self.rows(MATERIALIZATION, name=aggregate)
        assert self.run(command.format(table), **values) == 1
        # The change invalidated the coarser aggregate; that it is healed by itself is not the matter here.
        refresh_aggregates(self.database)


@pytest.fixture(scope="module")
def firm(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """Six accounts over some weeks in the database; metrics up to date."""
    made = generate(tmp_path_factory.mktemp("firm"), accounts=6, days=30, seed=5)
    for path in (*made.plans, *made.accounts, *made.trades, *made.equity):
        load_file(database, path)
    refresh_metrics(database)
    return database


@pytest.fixture
def vandal(firm: Database) -> Vandal:
    return Vandal(firm)


def load_file(database: Database, path: Path) -> None:
    load(database, next(kind for kind in Kind if path.name.startswith(kind)), path)
