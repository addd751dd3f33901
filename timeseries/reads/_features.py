"""The analytics' features of one day."""

from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import CursorResult

from timeseries.database import Database, run
from timeseries.metrics import known_day
from timeseries.reads._scope import check_positive

__all__ = ["feature_page", "feature_rows"]

WORDS = {"account", "cohort", "account_group", "status", "currency", "stale"}


def feature_rows(database: Database, day: date | None = None) -> pd.DataFrame:
    """What the analytics know of every account on one trading day: one row an account, by name.

    Numbers are floats, NaN where there is none; money in each row's currency. ``cohort`` is plan and phase,
    ``stale`` says that the day's metrics wait to be computed again.

    Args:
        day: the trading day; by default the last complete one.

    Raises:
        InputError: no day is given and none is complete yet.
    """
    wanted = {"day": day or known_day(database), "after": None, "limit": None}
    with database.transaction() as connection:
        result: CursorResult[Any] = run(connection, "reads.feature_rows", wanted)
        columns = list(result.keys())
        table = pd.DataFrame.from_records(result.all(), columns=columns)
    return table.astype({name: "float64" for name in columns if name not in WORDS})


def feature_page(
    database: Database, day: date | None = None, *, after: str | None = None, limit: int
) -> list[dict[str, Any]]:
    """The same of the accounts whose names come after one, at most so many; None where there is no number.

    Raises:
        InputError: no day is given and none is complete yet, or the limit is below one.
    """
    check_positive(accounts=limit)
    wanted = {"day": day or known_day(database), "after": after, "limit": limit}
    with database.transaction() as connection:
        return [dict(row) for row in run(connection, "reads.feature_rows", wanted).mappings()]
