"""Statistics for the planner, and what need not be kept any longer."""

from datetime import datetime

from timeseries.database import Database, run

__all__ = ["statistics"]

OBSERVATION_DAYS = 400
RUN_DAYS = 90
# Trading days within this may still be asked for by a backfill; what was done of them must be known.
TRADING_DAYS = 400


def statistics(database: Database, *, now: datetime | None = None) -> int:
    """Renew the planner's statistics, and forget old observations and old runs that were done.

    On the embedded database, which has no autovacuum, dead rows of the tables that are written all day are
    cleared away as well. Runs that were done are kept for 90 days, those of trading days for 400, a job's
    newest for ever; observations for 400 days.

    Args:
        now: the time, with a zone, that ages are reckoned from; by default the database's clock.

    Returns:
        How many rows were forgotten.
    """
    ages = {"observation_days": OBSERVATION_DAYS, "run_days": RUN_DAYS, "trading_days": TRADING_DAYS}
    with database.transaction() as connection:
        forgotten = sum(
            run(connection, f"health.{what}", {**ages, "now": now}).rowcount
            for what in ("forget_observations", "forget_runs")
        )
    with database.autocommit() as connection:
        if database.embedded:
            run(connection, "health.vacuum", {})
        run(connection, "health.analyze", {})
    return forgotten
