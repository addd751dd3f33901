"""A small firm with what was found and foretold of it."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from timeseries import reads
from timeseries.database import Database
from timeseries.demo import generate
from timeseries.ingest import Kind, load
from timeseries.metrics import refresh_metrics

LEVELS = [0.025, 0.1, 0.5, 0.9, 0.975]
FORECASTS = """
    INSERT INTO forecasts (origin, account_id, horizon, model, model_version, quantile_levels, mean,
                           quantiles, total_quantiles, any_breach, payout_probability, expected_payout)
    SELECT :origin, account_id, 2, 'naive', '1', :levels, ARRAY [:shift + 1, :shift + 2],
           ARRAY [[:shift - 20, :shift - 10, :shift, :shift + 10, :shift + 20], [0, 0, 0, 0, 0]],
           ARRAY [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]], 0.25, 0.5, 12.345
    FROM accounts
"""
FINDINGS = """
    INSERT INTO findings (kind, account_id, cohort, trading_day, since, subject, detector, pvalue, direction,
                          seen, at_stake, severity, reason, evidence)
    SELECT 'anomaly', account_id, NULL, date '2026-06-22' + day, date '2026-06-22' + day, 'lots', 'residual',
           0.01, 1, 3, 12345, (ARRAY ['info', 'warning', 'critical'])[1 + day], 'Odd.',
           CAST('{"tickets": [7]}' AS jsonb)
    FROM accounts, generate_series(0, 2) AS day
    UNION ALL
    SELECT 'cohort', NULL, cohort, date '2026-06-23', date '2026-06-23', 'net_profit', 'cohort', 0.01, 1, 3,
           NULL, 'warning', 'They moved.', CAST('{}' AS jsonb)
    FROM unnest(ARRAY ['firm', 'london', 'dubai']) AS cohort
"""
OUTCOMES = """
    INSERT INTO forecast_outcomes (origin, account_id, horizon, model, forecast_made_at, last_day,
                                   closed_until, days_closed, days_scored, inside_80, total, total_inside_80,
                                   any_breach, any_breached)
    SELECT origin, account_id, horizon, model, made_at, origin + 2, origin + CAST(:closed AS integer), 2, 2,
           1, -3.5, true, 0.25, false
    FROM forecasts
    WHERE origin = :origin
"""
GROUP_FORECASTS = """
    INSERT INTO group_forecasts (origin, account_group, currency, horizon, accounts, quantile_levels, mean,
                                 total_quantiles, expected_payout, payout_quantiles, expected_breaches)
    SELECT origin, name, 'USD', 2, 5, :levels, ARRAY [1, 2], ARRAY [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]], 50,
           ARRAY [10, 20, 50, 80, 90], 0.5
    FROM unnest(ARRAY ['', 'london', 'dubai', 'gone']) AS name,
         unnest(ARRAY [date '2026-06-25', '2026-06-26']) AS origin
"""


def write(database: Database, command: str, **values: Any) -> None:
    with database.transaction() as connection:
        connection.execute(text(command), values)


@pytest.fixture(scope="module")
def firm(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A small synthetic firm; what was found and foretold of it is put in by hand."""
    made = generate(tmp_path_factory.mktemp("firm"), accounts=24, days=45, seed=5)
    for kind, paths in made.files.items():
        for path in paths:
            load(database, Kind(kind), path)
    refresh_metrics(database)
    for origin, shift in ((date(2026, 6, 24), 100), (date(2026, 6, 25), 200), (date(2026, 6, 26), 300)):
        write(database, FORECASTS, origin=origin, shift=shift, levels=LEVELS)
    write(database, OUTCOMES, origin=date(2026, 6, 24), closed=2)
    write(database, OUTCOMES, origin=date(2026, 6, 25), closed=1)
    write(database, FINDINGS)
    write(database, GROUP_FORECASTS, levels=LEVELS)
    return database


@pytest.fixture(scope="module")
def standings(firm: Database) -> tuple[reads.AccountStanding, ...]:
    return reads.overview(firm, limit=1_000).accounts


@pytest.fixture(scope="module")
def one(standings) -> reads.AccountStanding:
    active = (one for one in standings if one.status == "active" and one.account_group == "london")
    return max(active, key=lambda one: one.net_profit)
