"""The analytics' features of one day."""

from datetime import date

import pandas as pd

from timeseries.database import Database, statement
from timeseries.metrics import known_day

__all__ = ["feature_rows"]


def feature_rows(database: Database, day: date | None = None) -> pd.DataFrame:
    """What the analytics know of every account on one trading day: one row an account, by name.

    Numbers are floats, NaN where there is none; money in each row's currency. ``cohort`` is plan and phase,
    ``stale`` says that the day's metrics wait to be computed again.

    Args:
        day: the trading day; by default the last complete one.

    Raises:
        InputError: no day is given and none is complete yet.
    """
    wanted = day or known_day(database)
    with database.transaction() as connection:
        result = connection.execute(statement("reads.feature_rows"), {"day": wanted})
        columns = list(result.keys())
        table = pd.DataFrame.from_records(result.all(), columns=columns)
    words = {"account", "cohort", "account_group", "status", "currency", "stale"}
    return table.astype({name: "float64" for name in columns if name not in words})
