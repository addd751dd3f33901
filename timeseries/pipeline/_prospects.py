"""A panel of accounts through the forecasting room: profit, the plans' risks, and the totals of groups."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from timeseries.forecast import (
    BreachProbabilities,
    Forecast,
    GroupTotals,
    State,
    plan_outcomes,
    prepare,
    summary_of,
)
from timeseries.metrics import Accounts, Panel
from timeseries.pipeline._rules import is_, low_excess, rules_at

__all__ = ["LEVELS", "Prospects", "group_labels", "prospects_of"]

FloatArray = npt.NDArray[np.float64]
LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
PATHS_OF_ALL, FEWEST_PATHS, MOST_PATHS = 1_000_000, 500, 5_000


@dataclass(frozen=True)
class Prospects:
    """What is ahead of a panel's accounts, money in each account's currency.

    Attributes:
        forecast: of the daily net profit.
        risks: name → probability within the horizon (of ``expected_payout``: money), [accounts]; NaN where
            the plan has no such rule.
        totals: of the groups of each grouping asked for.
    """

    forecast: Forecast
    risks: dict[str, FloatArray]
    totals: tuple[GroupTotals, ...]


def prospects_of(
    panel: Panel,
    horizon: int,
    model: str,
    *,
    state: State | None = None,
    own_skill: bool = False,
    wanted: npt.NDArray[np.bool_] | None = None,
    groupings: Sequence[npt.NDArray[np.str_]] = (),
) -> Prospects:
    """Look ahead from the last day of a panel.

    Args:
        panel: the accounts, ended ones too: whoever learns from survivors alone takes luck for safety.
        horizon: weekdays ahead.
        model: a model's name or "auto".
        state: what was learnt on an earlier day; None: learn now.
        own_skill: prove every account's own skill even when nothing is learnt.
        wanted: the accounts to answer for, [accounts]; None: all.
        groupings: labels of the groups to total, [wanted accounts] each.
    """
    prepared = prepare(
        panel["net_profit"],
        horizon,
        model=model,
        calendar=panel.days,
        cohort=panel.accounts.cohort,
        group=group_labels(panel.accounts),
        state=state,
        own_skill=own_skill,
    )
    if wanted is not None:
        panel, prepared = panel.taken(wanted), prepared.rows(np.flatnonzero(wanted))
    found = plan_outcomes(
        prepared,
        rules_at(panel, panel.days[-1]),
        low_excess(panel, "equity"),
        balance_low_excess=low_excess(panel, "balance"),
        past_profit=panel["net_profit"],
        groupings=groupings,
        quantiles=LEVELS,
        paths=paths_for(len(panel.accounts)),
    )
    return Prospects(summary_of(prepared, LEVELS), where_ruled(found.chances, panel.accounts), found.totals)


def paths_for(accounts: int) -> int:
    """Paths of each account: as few as a large firm's time allows, more where they cost nothing."""
    return int(np.clip(PATHS_OF_ALL // max(accounts, 1), FEWEST_PATHS, MOST_PATHS))


def group_labels(accounts: Accounts) -> npt.NDArray[np.str_]:
    """Each account's group, empty where it has none, [accounts]."""
    return accounts.table["account_group"].fillna("").to_numpy(np.str_)


def where_ruled(chances: BreachProbabilities, accounts: Accounts) -> dict[str, FloatArray]:
    """The chances, NaN where the plan has no such rule."""
    funded = is_(accounts, "phase", "funded")
    daily, drawdown, target, consistency, split = (
        np.isfinite(accounts.column(name))
        for name in ("daily_loss", "max_drawdown", "profit_target", "consistency_limit", "profit_split")
    )
    ruled = {
        "daily_loss": daily,
        "max_drawdown": drawdown,
        "any_breach": daily | drawdown,
        "profit_target": target & ~funded,
        "consistency_failure": consistency,
        "payout_probability": split & funded,
        "expected_payout": split & funded,
    }
    found = {field.name: getattr(chances, field.name) for field in fields(chances)}
    return {name: np.where(there, found[name], np.nan) for name, there in ruled.items()}
