"""One account's forecast as it was stored: made among all accounts, whose days it shares."""

from dataclasses import replace
from typing import Any

import numpy as np

from timeseries.database import Database, run
from timeseries.pipeline._outlook import AccountForecast

__all__ = ["as_stored"]


def as_stored(database: Database, made: AccountForecast) -> AccountForecast:
    """The stored forecast of the same account, day and horizon; without one that holds, the one given."""
    values = {"account": made.account, "origin": made.origin, "horizon": made.horizon}
    with database.transaction() as connection:
        row = run(connection, "forecasts.of_account", values).mappings().one_or_none()
    if row is None or tuple(row["levels"]) != made.levels:
        return made
    return replace(
        made,
        model=row["model"],
        skill=_skill(made, row),
        mean=np.array(row["mean"]),
        quantiles=np.array(row["quantiles"]),
        total_quantiles=np.array(row["total_quantiles"]),
        risks={name: row[name] for name in made.risks},
        made_at=row["made_at"],
    )


def _skill(made: AccountForecast, row: Any) -> float:
    """The account's own where it is the same model's; what is stored may be its cohort's."""
    if row["model"] == made.model:
        return made.skill
    return np.nan if row["skill"] is None else float(row["skill"])
