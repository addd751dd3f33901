"""Forecasting: every active account's profit and chances, stored; or those of one account, or of a group."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from timeseries import __version__
from timeseries.database import Database, run
from timeseries.errors import InputError, NotFound
from timeseries.forecast import GroupTotals, State, forecast
from timeseries.metrics import Accounts, Panel, known_day, load_panel
from timeseries.pipeline._days import chosen_day
from timeseries.pipeline._forecast_store import (
    ForecastColumns,
    GroupForecast,
    newest_state,
    store_forecasts,
    store_group_forecasts,
    store_state,
)
from timeseries.pipeline._outcomes import naive_normal
from timeseries.pipeline._outlook import AccountForecast, ForecastReport, account_forecast
from timeseries.pipeline._prospects import LEVELS, group_labels, prospects_of
from timeseries.pipeline._rescoring import Complete, read_marks, settle
from timeseries.pipeline._stored_forecast import as_stored

__all__ = ["forecast_account", "forecast_all", "forecast_group", "riskiest_accounts"]

Progress = Callable[[str, int, int], None]
PAST_DAYS = 365
# What was learnt serves for so long; then models are chosen, and their lessons learnt, anew.
LEARN_AFTER = timedelta(days=7)
STATE_NAME = f"profit {__version__}"
# With so many days an account needs little of its cohort's help.
OWN_HISTORY_DAYS = 60
COLUMN_OF_RISK = {
    "daily_loss": "daily_loss_breach",
    "max_drawdown": "max_drawdown_breach",
    "profit_target": "profit_target_hit",
}
SEPARATOR = "\x1f"


def forecast_all(
    database: Database,
    *,
    horizon: int,
    day: date | None = None,
    model: str = "auto",
    learn: bool = False,
    complete: Complete | None = None,
    progress: Progress | None = None,
) -> ForecastReport:
    """Forecast every account active at the end of a day, and store it with the totals of the groups.

    What was learnt within the week before that day serves again. Of the newest day forecast it settles the
    marks of accounts whose metrics changed after the last forecasts were made. Forecasts made again take the
    place of those of the same day and horizon: all of them, or with a model named those of that model. So
    twice for a day is as good as once.

    Args:
        database: where metrics come from and forecasts go.
        horizon: weekdays ahead.
        day: the last day known, of a weekend the Friday before; by default the last complete one. No data
            after it is read, but accounts' phases and groups are those of today.
        model: a model's name or "auto".
        learn: choose and learn anew whatever was learnt before.
        complete: called with the connection and the number of accounts at the end of the transaction that
            stores their forecasts.
        progress: told what is done.

    Raises:
        InputError: there is no complete day, the day is not complete yet or lies before all data, or no
            account was active.
    """
    _tell(progress, 0)
    origin = chosen_day(database, day)
    marks = read_marks(database, "forecast", origin)
    panel = _known(load_panel(database, until=origin, days=PAST_DAYS))
    active = _active(database, panel, origin)
    if not active.any():
        raise InputError("There are no active accounts to forecast.")
    _tell(progress, 1)
    state, proved = (None, False) if learn else _known_state(database, origin)
    wanted = panel.taken(active)
    groupings = _groupings(wanted.accounts)
    # The run that learnt proved every account's own skill: so must this one, to come to the same.
    found = prospects_of(
        panel, horizon, model, state=state, own_skill=proved, wanted=active, groupings=groupings
    )
    _tell(progress, 2)
    groups = [one for totals in found.totals for one in _group_forecasts(totals, origin)]
    report = ForecastReport(
        origin, horizon, wanted.accounts.names, LEVELS, found.forecast, found.risks, groups
    )
    with database.transaction() as connection:
        settle(connection, marks, [origin])
        _store(connection, wanted, report, model, learnt=state is None and model == "auto")
        if complete is not None:
            complete(connection, len(report.accounts))
    _tell(progress, 3)
    return report


def riskiest_accounts(database: Database, limit: int) -> list[str]:
    """Active accounts likeliest to breach by the newest stored forecasts, those all but certain left out."""
    with database.transaction() as connection:
        return list(run(connection, "forecasts.riskiest", {"limit": limit}).scalars())


def forecast_account(
    database: Database, account: str, *, horizon: int, model: str = "auto"
) -> AccountForecast:
    """Forecast one account in full, with the naive forecast beside it.

    With the model "auto" it is the one that is stored from the last complete day over this horizon, if it is
    still good: what pages and alerts say. Any other is made of the account's own past with what the last
    stored forecasts learnt; the cohort lends strength to a short history. Nothing is stored.

    Raises:
        NotFound: there is no such account.
        InputError: there is no complete day.
    """
    origin = known_day(database)
    own = load_panel(database, until=origin, days=PAST_DAYS, account=account)
    panel = _cohort_of(own, database, origin)
    state, _ = _known_state(database, origin)
    found = prospects_of(panel, horizon, model, state=state, own_skill=True)
    naive = forecast(own["net_profit"], horizon, quantiles=LEVELS, model="naive", calendar=own.days)
    made = account_forecast(panel, account, origin, found, naive)
    return as_stored(database, made) if model == "auto" else made


def forecast_group(
    database: Database, group: str, *, horizon: int, model: str = "auto"
) -> list[GroupForecast]:
    """Forecast the active accounts of a group all together, one forecast a currency; nothing is stored.

    Raises:
        NotFound: no active account is in such a group.
        InputError: there is no complete day.
    """
    origin = known_day(database)
    panel = _known(load_panel(database, until=origin, days=PAST_DAYS))
    active, labels = _active(database, panel, origin), group_labels(panel.accounts)
    wanted = active & (labels == group)
    if not wanted.any():
        groups = sorted(set(labels[active]) - {""})
        there = f"there are {', '.join(groups)}" if groups else "no active account has one"
        raise NotFound(f'There is no active account in a group "{group}": {there}.')
    state, _ = _known_state(database, origin)
    groupings = _groupings(panel.taken(wanted).accounts)[1:]
    found = prospects_of(panel, horizon, model, state=state, wanted=wanted, groupings=groupings)
    return _group_forecasts(found.totals[0], origin)


def _known(panel: Panel) -> Panel:
    """The accounts with any day in the panel."""
    return panel.taken(np.asarray(np.isfinite(panel["net_profit"]).any(axis=1)))


def _active(database: Database, panel: Panel, day: date) -> npt.NDArray[np.bool_]:
    """Which accounts had not ended by the end of a day, whatever became of them since, [accounts]."""
    with database.transaction() as connection:
        active = run(connection, "forecasts.active_accounts", {"day": day}).scalars().all()
    return np.isin(panel.accounts.table["account_id"].to_numpy(np.int64), active)


def _cohort_of(own: Panel, database: Database, origin: date) -> Panel:
    days_known = int(np.isfinite(own["net_profit"]).sum())
    if days_known >= OWN_HISTORY_DAYS:
        return own
    everyone = load_panel(database, until=origin, days=PAST_DAYS)
    return everyone.taken(everyone.accounts.cohort == own.accounts.cohort[0])


def _known_state(database: Database, origin: date) -> tuple[State | None, bool]:
    """What was learnt within the last week, if this version can read it; and whether on its last day."""
    with database.transaction() as connection:
        found = newest_state(connection, STATE_NAME, until=origin)
    if found is None or origin - found.origin >= LEARN_AFTER:
        return None, False
    return State.from_dict(found.state), found.origin == origin


def _groupings(accounts: Accounts) -> list[npt.NDArray[np.str_]]:
    """Labels by currency, for the firm, and by group and currency."""
    currencies = accounts.table["currency"].to_numpy(np.str_)
    return [currencies, np.char.add(np.char.add(group_labels(accounts), SEPARATOR), currencies)]


def _group_forecasts(totals: GroupTotals, origin: date) -> list[GroupForecast]:
    """The totals of each group as people read them; accounts without a group are only in the firm's."""
    forecasts = []
    for place, label in enumerate(totals.groups):
        group, _, currency = label.rpartition(SEPARATOR)
        if SEPARATOR in label and not group:
            continue
        forecasts.append(
            GroupForecast(
                group=group or None,
                currency=currency,
                origin=origin,
                horizon=totals.mean.shape[1],
                accounts=int(totals.members[place]),
                levels=LEVELS,
                mean=totals.mean[place],
                total_quantiles=totals.total_quantiles[place],
                expected_payout=float(totals.expected_payout[place]),
                payout_quantiles=totals.payout_quantiles[place],
                expected_breaches=float(totals.expected_breaches[place]),
            )
        )
    return forecasts


def _store(connection: Connection, panel: Panel, report: ForecastReport, model: str, *, learnt: bool) -> None:
    store_forecasts(connection, report.origin, _columns(panel, report), levels=LEVELS)
    store_group_forecasts(connection, report.groups)
    replaced = {"origin": report.origin, "horizon": report.horizon, "model": model}
    run(connection, "forecasts.forget_replaced", replaced)
    run(connection, "forecasts.forget_replaced_groups", replaced)
    if learnt:
        store_state(connection, STATE_NAME, report.origin, report.forecast.state.as_dict())


def _columns(panel: Panel, report: ForecastReport) -> ForecastColumns:
    found = report.forecast
    naive_mean, naive_deviation = naive_normal(panel["net_profit"])
    return ForecastColumns(
        account_ids=panel.accounts.table["account_id"].to_numpy(np.int64),
        model=found.model,
        cohort=panel.accounts.cohort,
        skill=found.skill,
        mean=found.mean,
        quantiles=found.quantiles,
        total_quantiles=found.total_quantiles,
        naive_mean=naive_mean,
        naive_deviation=naive_deviation,
        risks={COLUMN_OF_RISK.get(name, name): values for name, values in report.risks.items()},
    )


def _tell(progress: Progress | None, done: int) -> None:
    if progress is not None:
        progress("forecasting", done, 3)
