"""Which trading days a run looks at."""

from datetime import date, timedelta

import numpy as np

from timeseries.database import Database, run
from timeseries.errors import InputError
from timeseries.metrics import known_day

__all__ = ["chosen_day", "first_day", "weekday", "weekdays"]


def chosen_day(database: Database, day: date | None) -> date:
    """The day to look at: the last complete one, or a day asked for; of a weekend the Friday before.

    Raises:
        InputError: there is no complete day, the day asked for is not complete yet, or lies before all data.
    """
    known = known_day(database)
    if day is None:
        return weekday(known)
    if day > known:
        raise InputError(f"{day} is not complete yet: the newest complete trading day is {known}.")
    wanted = weekday(day)
    with database.transaction() as connection:
        reached = run(connection, "rescoring.has_days", {"until": wanted}).scalar_one()
    if not reached:
        raise InputError(f"There is no data of {wanted} or of any day before: choose a later day.")
    return wanted


def weekday(day: date) -> date:
    """The day itself, or the Friday before a weekend's."""
    result: date = np.busday_offset(np.datetime64(day, "D"), 0, roll="backward").astype(date)
    return result


def weekdays(until: date, days: int) -> list[date]:
    """So many weekdays up to and including one."""
    axis = np.busday_offset(np.datetime64(until, "D"), np.arange(1 - days, 1))
    result: list[date] = axis.astype(object).tolist()
    return result


def first_day(until: date, days: int) -> date:
    """The first day of so many weekdays: the weekend before counts towards the first of them."""
    before: date = np.busday_offset(np.datetime64(until, "D"), -days).astype(date)
    return before + timedelta(days=1)
