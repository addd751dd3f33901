"""Forecasting: every active account's profit and breach probability, stored; or one account's in full."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from timeseries import __version__
from timeseries.database import Database, driver, statement
from timeseries.errors import InputError
from timeseries.forecast import BreachProbabilities, Forecast, Rules, breach_probabilities
from timeseries.forecast import forecast as forecast_values
from timeseries.metrics import Accounts, Panel, known_day, load_panel
from timeseries.pipeline._outlook import AccountForecast, finite_or_none
from timeseries.pipeline._rescoring import Marks, read_marks, settle

__all__ = ["ForecastReport", "forecast_account", "forecast_all", "riskiest_accounts"]

FloatArray = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]
LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
PAST_DAYS = 365
PATHS = 500
RULE_OF_RISK = {
    "daily_loss": "daily_loss",
    "max_drawdown": "max_drawdown",
    "profit_target": "profit_target",
}


@dataclass(frozen=True)
class ForecastReport:
    """The forecasts of many accounts from one day.

    Attributes:
        accounts: their names, in the order of every array.
        forecast: money in each account's currency.
        risks: rule → probability within the horizon, [accounts]; NaN where the plan has no such rule.
    """

    origin: date
    horizon: int
    accounts: list[str]
    forecast: Forecast
    risks: dict[str, FloatArray]

    def as_dicts(self) -> list[dict[str, Any]]:
        """One plain dictionary an account: the total over the horizon and the risks."""
        totals = self.forecast.total_quantiles[:, -1]
        expected = self.forecast.mean.sum(axis=1)
        return [
            {
                "account": account,
                "model": str(self.forecast.model[i]),
                "expected": float(expected[i]),
                "low": float(totals[i, LEVELS.index(0.1)]),
                "high": float(totals[i, LEVELS.index(0.9)]),
                **{name: finite_or_none(values[i]) for name, values in self.risks.items()},
            }
            for i, account in enumerate(self.accounts)
        ]

    def riskiest(self, count: int) -> list[dict[str, Any]]:
        """The accounts likeliest to breach, the likeliest first."""
        return sorted(self.as_dicts(), key=lambda one: -(one["any_breach"] or 0.0))[:count]


def forecast_all(
    database: Database, *, horizon: int, model: str = "auto", progress: Progress | None = None
) -> ForecastReport:
    """Forecast every active account from the last complete day, and store it.

    That settles the marks of accounts whose metrics changed after the last forecasts were made.

    Raises:
        InputError: there is no complete day.
    """
    _tell(progress, 0)
    origin = known_day(database)
    marks = read_marks(database, "forecast", origin)
    panel = _active(load_panel(database, until=origin, days=PAST_DAYS))
    if not len(panel.accounts):
        raise InputError("There are no active accounts to forecast.")
    _tell(progress, 1)
    found, risks = _forecast_with_risks(panel, horizon, model)
    _tell(progress, 2)
    report = ForecastReport(origin, horizon, panel.accounts.names, found, risks)
    _store(database, panel.accounts, report, marks)
    _tell(progress, 3)
    return report


def riskiest_accounts(database: Database, limit: int) -> list[str]:
    """Active accounts likeliest to breach by the newest stored forecasts, those all but certain left out."""
    with database.transaction() as connection:
        return list(connection.scalars(statement("findings.riskiest"), {"limit": limit}))


def forecast_account(
    database: Database, account: str, *, horizon: int, model: str = "auto"
) -> AccountForecast:
    """Forecast one account in full, with the naive forecast beside it.

    Its cohort lends it strength when its history is short; nothing is stored.

    Raises:
        NotFound: there is no such account.
        InputError: there is no complete day.
    """
    origin = known_day(database)
    own = load_panel(database, until=origin, days=PAST_DAYS, account=account)
    panel = _cohort_of(own, database, origin)
    found, risks = _forecast_with_risks(panel, horizon, model)
    row = panel.accounts.names.index(account)
    naive = _forecast(own, horizon, "naive")
    seen = np.isfinite(panel["balance_end"][row])
    facts = panel.accounts.table.iloc[row]
    floor = _rules(own).max_drawdown_floor[0]
    return AccountForecast(
        account=account,
        currency=facts["currency"],
        digits=int(facts["currency_digits"]),
        origin=origin,
        horizon=horizon,
        model=str(found.model[row]),
        skill=float(found.skill[row]),
        levels=LEVELS,
        days_ahead=np.busday_offset(panel.days[-1], np.arange(1, horizon + 1)),
        mean=found.mean[row],
        quantiles=found.quantiles[row],
        total_quantiles=found.total_quantiles[row],
        naive_totals=naive.total_quantiles[0],
        risks={name.replace("_", " "): finite_or_none(values[row]) for name, values in risks.items()},
        drawdown_floor=finite_or_none(floor),
        history_days=panel.days[seen],
        history_balance=panel["balance_end"][row][seen],
    )


def _active(panel: Panel) -> Panel:
    known = np.isfinite(panel["net_profit"]).any(axis=1)
    return _take(panel, known & (panel.accounts.table["status"] == "active").to_numpy())


def _cohort_of(own: Panel, database: Database, origin: date) -> Panel:
    days_known = int(np.isfinite(own["net_profit"]).sum())
    if days_known >= OWN_HISTORY_DAYS:
        return own
    everyone = load_panel(database, until=origin, days=PAST_DAYS)
    return _take(everyone, everyone.accounts.cohort == own.accounts.cohort[0])


# With so many days an account needs little of its cohort's help.
OWN_HISTORY_DAYS = 60


def _take(panel: Panel, rows: npt.NDArray[np.bool_]) -> Panel:
    values = {name: array[rows] for name, array in panel.values.items()}
    return Panel(Accounts(panel.accounts.table[rows].reset_index(drop=True)), panel.days, values)


def _forecast(panel: Panel, horizon: int, model: str, *, paths: int = 0) -> Forecast:
    return forecast_values(
        panel["net_profit"],
        horizon,
        quantiles=LEVELS,
        kind="flow",
        model=model,
        calendar=panel.days,
        cohort=panel.accounts.cohort,
        paths=paths,
    )


def _forecast_with_risks(panel: Panel, horizon: int, model: str) -> tuple[Forecast, dict[str, FloatArray]]:
    found = _forecast(panel, horizon, model, paths=PATHS)
    assert found.paths is not None
    chances = breach_probabilities(found.paths, _rules(panel), _low_excess(panel))
    return found, _where_ruled(chances, panel.accounts)


def _rules(panel: Panel) -> Rules:
    accounts = panel.accounts
    initial, limit = accounts.column("initial_balance"), accounts.column("max_drawdown")
    trailing = (accounts.table["max_drawdown_mode"] == "trailing").to_numpy()
    on_balance = (accounts.table["max_drawdown_basis"] == "balance").to_numpy()
    peak = np.where(on_balance, accounts.column("balance_peak"), accounts.column("equity_peak"))
    peak = np.where(np.isfinite(peak), peak, initial)
    balance = _last_known(panel["balance_end"], initial)
    return Rules(
        balance=balance,
        equity=_last_known(panel["equity_end"], balance),
        max_drawdown_floor=np.where(trailing, peak, initial) - limit,
        daily_loss_limit=accounts.column("daily_loss"),
        profit_target=initial + accounts.column("profit_target"),
        trailing=trailing,
        high_water_mark=peak,
        daily_loss_on_equity=(accounts.table["daily_loss_basis"] == "equity").to_numpy(),
    )


def _last_known(values: FloatArray, otherwise: FloatArray) -> FloatArray:
    known = np.isfinite(values)
    last = values.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    return np.where(known.any(axis=1), values[np.arange(len(values)), last], otherwise)


def _low_excess(panel: Panel) -> FloatArray:
    excess = np.minimum(panel["equity_low"] - panel["equity_end"], 0.0)
    return np.where(panel["trades"] > 0, excess, np.nan)


def _where_ruled(chances: BreachProbabilities, accounts: Accounts) -> dict[str, FloatArray]:
    found: dict[str, FloatArray] = {field.name: getattr(chances, field.name) for field in fields(chances)}
    for risk, rule in RULE_OF_RISK.items():
        found[risk] = np.where(np.isfinite(accounts.column(rule)), found[risk], np.nan)
    ruled = np.isfinite(accounts.column("daily_loss")) | np.isfinite(accounts.column("max_drawdown"))
    found["any_breach"] = np.where(ruled, found["any_breach"], np.nan)
    return found


def _store(database: Database, accounts: Accounts, report: ForecastReport, marks: Marks) -> None:
    rows = zip(*_columns(accounts, report), strict=True)
    with database.transaction() as connection:
        connection.execute(statement("findings.create_new_forecasts"))
        with (
            driver(connection).cursor() as cursor,
            cursor.copy(str(statement("findings.copy_forecasts"))) as copy,
        ):
            for row in rows:
                copy.write_row(row)
        connection.execute(statement("findings.merge_forecasts"))
        settle(connection, marks, [report.origin])


def _columns(accounts: Accounts, report: ForecastReport) -> list[list[Any]]:
    found, count = report.forecast, len(accounts)
    risks = ("daily_loss", "max_drawdown", "any_breach", "profit_target")
    return [
        [report.origin] * count,
        accounts.table["account_id"].tolist(),
        [report.horizon] * count,
        found.model.tolist(),
        [__version__] * count,
        [finite_or_none(value) for value in found.skill],
        [list(LEVELS)] * count,
        found.mean.tolist(),
        found.quantiles.tolist(),
        found.total_quantiles.tolist(),
        *([finite_or_none(value) for value in report.risks[name]] for name in risks),
    ]


def _tell(progress: Progress | None, done: int) -> None:
    if progress is not None:
        progress("forecasting", done, 3)
