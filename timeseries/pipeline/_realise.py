"""What happened to stored forecasts: the days that are over, joined to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from timeseries.database import Database, run
from timeseries.metrics import known_day
from timeseries.pipeline._binary_rows import FLOAT, INTEGER, Kind, copy_out
from timeseries.pipeline._outcomes import Predicted, outcomes_of
from timeseries.pipeline._rescoring import Complete, read_marks, settle

__all__ = ["RealiseReport", "realise"]

FloatArray = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]
# Forecasts scored at once: some 20 MB at a horizon of 14 days.
BLOCK_FORECASTS = 5_000


@dataclass(frozen=True)
class RealiseReport:
    """What a run joined.

    Attributes:
        day: the last day joined.
        forecasts: how many forecasts it scored, again or for the first time.
        reopened: accounts of which days scored before had come out otherwise since.
    """

    day: date
    forecasts: int
    reopened: int


def realise(
    database: Database, *, complete: Complete | None = None, progress: Progress | None = None
) -> RealiseReport:
    """Join the days that closed since the last run to the forecasts that spoke of them.

    Every forecast has a row in ``forecast_outcomes`` that says up to which day it is counted. A run first
    opens rows for new forecasts and opens again those of accounts whose metrics changed, then counts
    whatever is behind, one transaction for each origin and block of accounts. So a run that is cut short
    loses nothing, a second one finds nothing to do, and two at once come to the same. A forecast is always
    counted from its first day on, so its sums do not depend on when the runs were.

    Args:
        complete: called once with the connection and the number of forecasts scored, at the end of the last
            of these transactions.

    Raises:
        InputError: there is no complete day.
    """
    until = known_day(database)
    reopened = _open(database, until)
    with database.transaction() as connection:
        values = {"until": until, "block": BLOCK_FORECASTS}
        batches = [row._asdict() for row in run(connection, "outcomes.batches", values)]
        if not batches and complete is not None:
            complete(connection, 0)
    scored = 0
    for done, batch in enumerate(batches, 1):
        _tell(progress, done - 1, len(batches))
        with database.transaction() as connection:
            scored += _realise_batch(connection, batch, until)
            if done == len(batches) and complete is not None:
                complete(connection, scored)
    if batches:
        _tell(progress, len(batches), len(batches))
    return RealiseReport(until, scored, reopened)


def _open(database: Database, until: date) -> int:
    marks = read_marks(database, "outcome", until)
    with database.transaction() as connection:
        run(connection, "outcomes.lock_outcomes", {})
        run(connection, "outcomes.open_outcomes", {})
        run(connection, "outcomes.reopen_outcomes", vars(marks))
        # From now on a change of these days leaves a mark, so what is read of them below may already be old.
        settle(connection, marks, [until])
    return len(marks.account_ids)


def _realise_batch(connection: Connection, batch: dict[str, Any], until: date) -> int:
    closed_until = min(batch["last_day"], until)
    values = {**batch, "until": until, "closed_until": closed_until}
    run(connection, "outcomes.lock_outcomes", {})
    days = _copy_days(connection, values)
    shapes = run(connection, "outcomes.shapes", values).all()
    scored = 0
    for shape in shapes:
        of_shape = {**values, "levels": shape.quantile_levels, "models": shape.models}
        scored += _realise_shape(connection, of_shape, days)
    return scored


def _realise_shape(connection: Connection, values: dict[str, Any], days: dict[str, npt.NDArray[Any]]) -> int:
    horizon, levels = values["horizon"], values["levels"]
    said = _copy_forecasts(connection, values, (horizon, len(levels)))
    accounts = said["account_id"]
    if not len(accounts):
        return 0
    ahead = _weekdays(values["origin"], values["closed_until"])
    outcomes = outcomes_of(_predicted(said, levels), _actual(days, accounts, ahead))
    names = np.asarray(values["models"], dtype=object)
    found = {
        **outcomes.as_lists(),
        "account_ids": accounts.tolist(),
        "model_names": names[said["model_place"] - 1].tolist(),
        "days_closed": len(ahead),
    }
    run(connection, "outcomes.store_outcomes", {**values, **found})
    if len(ahead) == horizon:
        run(connection, "outcomes.store_breaches", {**values, **found})
    return len(accounts)


def _predicted(said: dict[str, npt.NDArray[Any]], levels: Sequence[float]) -> Predicted:
    numbers = {
        name: said[name].astype(np.float64)
        for name in ("quantiles", "total_quantiles", "naive_mean", "naive_deviation")
    }
    return Predicted(levels=np.asarray(levels), **numbers)


def _copy_days(connection: Connection, values: dict[str, Any]) -> dict[str, npt.NDArray[Any]]:
    fields: dict[str, Kind] = {"account_id": INTEGER, "day": INTEGER, "net_profit": FLOAT}
    return copy_out(connection, "outcomes.copy_days", values, fields)


def _copy_forecasts(
    connection: Connection, values: dict[str, Any], shape: tuple[int, int]
) -> dict[str, npt.NDArray[Any]]:
    fields: dict[str, Kind] = {
        "account_id": INTEGER,
        "model_place": INTEGER,
        "naive_mean": FLOAT,
        "naive_deviation": FLOAT,
        "quantiles": shape,
        "total_quantiles": shape,
    }
    return copy_out(connection, "outcomes.copy_forecasts", values, fields)


def _weekdays(origin: date, until: date) -> npt.NDArray[np.datetime64]:
    days = np.arange(np.datetime64(origin, "D") + 1, np.datetime64(until, "D") + 1)
    return days[np.is_busday(days)]


def _actual(
    days: dict[str, npt.NDArray[Any]], accounts: npt.NDArray[Any], ahead: npt.NDArray[np.datetime64]
) -> FloatArray:
    """Net profit of each forecast's account on each day, [forecasts, days]; NaN where it has no metrics."""
    known, place = np.unique(accounts, return_inverse=True)
    by_account = np.full((len(known), len(ahead)), np.nan)
    moments = days["day"].astype(np.int64).astype("datetime64[D]")
    row, column = np.searchsorted(known, days["account_id"]), np.searchsorted(ahead, moments)
    # The days are those of the whole batch, the forecasts only those of one shape.
    own = np.isin(days["account_id"], known)
    by_account[row[own], column[own]] = days["net_profit"][own]
    return by_account[place]


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress("joining what happened", done, total)
