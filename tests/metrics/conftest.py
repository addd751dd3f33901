"""A small synthetic firm, loaded the way production loads one."""

from pathlib import Path

import pytest

from timeseries.database import Database, compress
from timeseries.demo import DemoFirm, generate
from timeseries.ingest import Kind, load
from timeseries.metrics import refresh_aggregates, refresh_metrics


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> DemoFirm:
    return generate(tmp_path_factory.mktemp("firm"), accounts=80, days=130, seed=11)


@pytest.fixture(scope="module")
def loaded(database: Database, firm: DemoFirm) -> Database:
    """The firm in the database, its late file after its chunks were compressed; metrics up to date."""
    for path in (*firm.plans, *firm.accounts, *firm.trades[:-1], *firm.equity):
        load_file(database, path)
    refresh_metrics(database)
    assert compress(database) > 0
    load_file(database, firm.trades[-1])
    refresh_metrics(database)
    refresh_aggregates(database)
    return database


def load_file(database: Database, path: Path) -> None:
    load(database, next(kind for kind in Kind if path.name.startswith(kind)), path)
