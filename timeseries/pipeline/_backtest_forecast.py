"""The proof of the forecasts: what they would have said of the firm's past, beside what came."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from timeseries.database import Database, run
from timeseries.errors import InputError
from timeseries.forecast import Prepared, plan_outcomes
from timeseries.forecast.backtest import Backtest, backtest, realised_outcomes
from timeseries.metrics import Panel, known_day, load_accounts, load_panel
from timeseries.pipeline._numbers import finite_or_none
from timeseries.pipeline._rules import low_excess, panel_until, rules_at

__all__ = ["ForecastBacktest", "backtest_forecast"]

FloatArray = npt.NDArray[np.floating]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.integer]
Progress = Callable[[str, int, int], None]
PAST_DAYS = 365
# Fewer days before the first origin say more about cohorts than about models.
LEAST_PAST = 30
PATHS = 500
RISKS = {
    "daily_loss": "daily_loss",
    "max_drawdown": "max_drawdown",
    "any_breach": "any_breach",
    "profit_target": "profit_target",
    "consistency_failure": "consistency_failure",
    "payout": "payout_probability",
}


@dataclass(frozen=True)
class ForecastBacktest:
    """What the forecasts were worth on the firm's own past.

    Attributes:
        proof: everything measured.
        origins: last days known to the forecasts, one an origin.
        until: last day they were compared with.
        accounts: how many were forecast at least once.
    """

    proof: Backtest
    origins: tuple[date, ...]
    until: date
    accounts: int

    def as_dict(self) -> dict[str, Any]:
        """Every summary as plain values, for JSON; None where there is nothing to tell."""
        proof = self.proof
        described = {
            "horizon": proof.horizon,
            "origins": [str(day) for day in self.origins],
            "until": str(self.until),
            "accounts": self.accounts,
            "models": list(proof.models),
        }
        scores = {
            f"by_{by}": [asdict(one) for one in proof.scores(by)] for by in ("model", "cohort", "length")
        }
        risks = [asdict(one) for by in ("model", "cohort") for one in proof.risks(by)]
        curves = {
            "pit": proof.histograms.pit.tolist(),
            "total_pit": proof.histograms.total_pit.tolist(),
            "coverage_by_day": proof.histograms.coverage_by_day().tolist(),
        }
        plain: dict[str, Any] = finite({**described, **scores, "risks": risks, **curves})
        return plain


def backtest_forecast(
    database: Database,
    *,
    horizon: int = 14,
    origins: int = 8,
    models: Sequence[str] = ("auto", "naive"),
    accounts: int | None = None,
    progress: Progress | None = None,
) -> ForecastBacktest:
    """Forecast the firm's accounts from past days, a horizon apart, and compare with what came.

    From each origin every account is forecast that was trading then, whatever became of it since: one that
    has breached in between counts. A phase is not dated, so it is taken as it is now.

    Args:
        horizon: weekdays.
        origins: at most so many, the last of them a horizon before the last complete day; fewer where the
            history is short.
        models: names, see ``timeseries.forecast.backtest.backtest``.
        accounts: only so many, drawn at random, the same each time; None: all.

    Raises:
        InputError: there is no complete day, no account, or too short a history.
    """
    until = known_day(database)
    panel = load_panel(database, until=until, days=PAST_DAYS + origins * horizon)
    panel = sampled(begun(panel), accounts)
    places = origin_places(len(panel.days), horizon, origins)
    broken = broken_days(database, panel, until)
    known = np.isfinite(panel["net_profit"])
    alive = [known[:, place - 1] & ~broken.any_rule[:, :place].any(axis=1) for place in places]
    if not np.any(alive):
        raise InputError("No account was trading on any of the origins: ask for a shorter --horizon.")
    proof = backtest(
        panel["net_profit"],
        horizon=horizon,
        origins=places,
        models=models,
        calendar=panel.days,
        cohort=panel.accounts.cohort,
        alive=np.array(alive),
        window=PAST_DAYS,
        breaches=FirmBreaches(database, panel, broken, horizon),
        progress=None
        if progress is None
        else lambda done, total: progress("forecasting the past", done, total),
    )
    days: list[date] = panel.days[np.array(places) - 1].tolist()
    return ForecastBacktest(proof, tuple(days), until, int(np.any(alive, axis=0).sum()))


@dataclass(frozen=True)
class BrokenDays:
    """On which days accounts broke rules, every field [accounts, days]."""

    any_rule: BoolArray
    daily_loss: BoolArray
    max_drawdown: BoolArray


class FirmBreaches:
    """Chances under the accounts' plans as they stood at an origin, and what came."""

    def __init__(self, database: Database, panel: Panel, broken: BrokenDays, horizon: int) -> None:
        self.panel, self.broken, self.horizon = panel, broken, horizon
        self.accounts_at = lru_cache(maxsize=1)(lambda day: load_accounts(database, until=day))

    def __call__(
        self, origin: int, rows: IntArray, prepared: Prepared
    ) -> dict[str, tuple[FloatArray, FloatArray]]:
        """Probability and what came of every risk, see ``Breaches``."""
        day = self.panel.days[origin - 1]
        ours = self.panel.taken(rows)
        accounts = self.accounts_at(day.item())
        rules, known = rules_at(ours, day, accounts), panel_until(ours, day, accounts)
        recent = taken_days(known, PAST_DAYS)
        chances = plan_outcomes(
            prepared,
            rules,
            low_excess(known, "equity")[:, recent],
            balance_low_excess=low_excess(known, "balance")[:, recent],
            past_profit=known["net_profit"][:, recent],
            paths=PATHS,
        ).chances
        ahead = slice(origin, origin + self.horizon)
        profit = ours["net_profit"][:, ahead]
        broken = self.broken
        days = (broken.any_rule, broken.daily_loss, broken.max_drawdown)
        came = realised_outcomes(rules, profit, *(array[rows, ahead] for array in days))
        # Who was closed in time is no proof of safety, and who has broken a rule has nothing left to break.
        went_on = np.isfinite(profit[:, 0]) & ~broken.any_rule[rows, :origin].any(axis=1)
        return {
            risk: (getattr(chances, name), np.where(went_on, came[risk], np.nan))
            for risk, name in RISKS.items()
        }


def origin_places(days: int, horizon: int, origins: int) -> list[int]:
    """Positions of the first days forecast, a horizon apart, the last so that its horizon is just over.

    Raises:
        InputError: not even one fits.
    """
    places = [days - horizon * back for back in range(origins, 0, -1)]
    fitting = [place for place in places if place >= LEAST_PAST]
    if not fitting:
        raise InputError(
            f"The history of {days} weekdays is too short: a horizon of {horizon} needs "
            f"{LEAST_PAST + horizon}; load more, or ask for a shorter --horizon."
        )
    return fitting


def begun(panel: Panel) -> Panel:
    """The panel from its first known day on.

    Raises:
        InputError: nothing is known.
    """
    known = np.isfinite(panel["net_profit"]).any(axis=0)
    if not known.any():
        raise InputError(
            "There are no accounts to forecast: load trades with `timeseries ingest trades FILE`."
        )
    return panel.taken(slice(None), slice(int(known.argmax()), None))


def sampled(panel: Panel, accounts: int | None) -> Panel:
    """So many of the accounts that have days, drawn at random; all when there are not more."""
    rows = np.flatnonzero(np.isfinite(panel["net_profit"]).any(axis=1))
    if accounts is not None and accounts < len(rows):
        rows = np.sort(np.random.default_rng(0).choice(rows, accounts, replace=False))
    return panel.taken(rows)


def taken_days(panel: Panel, count: int) -> slice:
    """The panel's last days, so many at most."""
    return slice(max(0, len(panel.days) - count), None)


def broken_days(database: Database, panel: Panel, until: date) -> BrokenDays:
    """When the panel's accounts broke rules."""
    with database.transaction() as connection:
        found = run(connection, "backtest.broken_days", {"until": until}).all()
    identifiers = panel.accounts.table["account_id"].to_numpy(np.int64)
    columns = list(zip(*found, strict=True)) or [(), (), (), ()]
    accounts, days = np.array(columns[0], np.int64), np.array(columns[1], "datetime64[D]")
    inside = np.isin(accounts, identifiers) & np.isin(days, panel.days)
    row, column = np.searchsorted(identifiers, accounts[inside]), np.searchsorted(panel.days, days[inside])
    marks = [np.zeros((len(identifiers), len(panel.days)), dtype=np.bool_) for _ in range(3)]
    flags = (np.ones(len(found), np.bool_), np.array(columns[2], np.bool_), np.array(columns[3], np.bool_))
    for mark, flag in zip(marks, flags, strict=True):
        mark[row, column] = flag[inside]
    return BrokenDays(*marks)


def finite(value: Any) -> Any:
    """The same with None in the place of every number that is not one."""
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [finite(part) for part in value]
    return finite_or_none(value) if isinstance(value, float) else value
