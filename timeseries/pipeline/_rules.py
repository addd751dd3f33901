"""The plans' rules and where the accounts stood under them at the end of a day, as the paths need them."""

from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from timeseries.forecast import Rules
from timeseries.metrics import Accounts, Panel

__all__ = ["is_", "low_excess", "panel_until", "rules_at"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def rules_at(panel: Panel, day: date | np.datetime64, accounts: Accounts | None = None) -> Rules:
    """The rules of a panel's accounts and where they stood at the end of a day, money in account currency.

    Funded accounts have no profit target, and only they are paid.

    Args:
        panel: later days than ``day`` are not looked at.
        day: one of the panel's days.
        accounts: see :func:`panel_until`.

    Raises:
        ValueError: see :func:`panel_until`.
    """
    known = panel_until(panel, day, accounts)
    facts = known.accounts
    initial, peak = facts.column("initial_balance"), watched_peak(facts)
    funded, trailing = is_(facts, "phase", "funded"), is_(facts, "max_drawdown_mode", "trailing")
    balance = last_known(known["balance_end"], initial)
    return Rules(
        balance=balance,
        equity=last_known(known["equity_end"], balance),
        max_drawdown_floor=np.where(trailing, peak, initial) - facts.column("max_drawdown"),
        daily_loss_limit=facts.column("daily_loss"),
        profit_target=np.where(funded, np.nan, initial + facts.column("profit_target")),
        trailing=trailing,
        high_water_mark=peak,
        daily_loss_on_equity=is_(facts, "daily_loss_basis", "equity"),
        max_drawdown_on_balance=is_(facts, "max_drawdown_basis", "balance"),
        consistency_limit=facts.column("consistency_limit"),
        best_day=facts.column("best_day"),
        total_profit=facts.column("total_net_profit"),
        profit_split=np.where(funded, facts.column("profit_split"), np.nan),
        payout_base=initial,
        minimum_payout=facts.column("minimum_payout"),
    )


def panel_until(panel: Panel, day: date | np.datetime64, accounts: Accounts | None = None) -> Panel:
    """The panel as it was at the end of a day.

    Args:
        day: one of the panel's days.
        accounts: as ``load_accounts(database, until=day)`` gives them, for peaks, best days and totals as
            they were; may hold more accounts than the panel. None: the panel's own, which were read as of
            its last day, so ``day`` must be that.

    Raises:
        ValueError: ``day`` is not in the panel, or is not its last and no accounts are given, or an account
            is missing among them.
    """
    moment = np.array(day, dtype="datetime64[D]")
    place = int(np.searchsorted(panel.days, moment))
    if place == len(panel.days) or panel.days[place] != moment:
        raise ValueError(f"{day} is not a day of the panel")
    if accounts is None and place + 1 < len(panel.days):
        raise ValueError("for a day before the panel's last, give the accounts as of that day")
    values = {name: array[:, : place + 1] for name, array in panel.values.items()}
    facts = panel.accounts if accounts is None else same_accounts(accounts, panel.accounts)
    return Panel(facts, panel.days[: place + 1], values)


def low_excess(panel: Panel, what: Literal["equity", "balance"]) -> FloatArray:
    """How far each day went below the lower of its start and its end, money, at most zero, [accounts, days].

    NaN for days without trading. Deposits and withdrawals are no lows: the balance's start and end are those
    of its trading.
    """
    if what == "balance":
        end = panel["balance_end"] - panel["balance_operations"]
        start = end - panel["net_profit"]
    else:
        end = panel["equity_end"]
        start = before(end, panel.accounts.column("initial_balance"))
    excess = np.minimum(panel[f"{what}_low"] - np.minimum(start, end), 0.0)
    return np.where(panel["trades"] > 0, excess, np.nan)


def watched_peak(facts: Accounts) -> FloatArray:
    """The peak so far of what the drawdown rule watches; the initial balance before the first day."""
    on_balance = is_(facts, "max_drawdown_basis", "balance")
    peak = np.where(on_balance, facts.column("balance_peak"), facts.column("equity_peak"))
    return np.where(np.isfinite(peak), peak, facts.column("initial_balance"))


def same_accounts(accounts: Accounts, wanted: Accounts) -> Accounts:
    """Those accounts that are wanted, in the wanted order."""
    table = accounts.table.set_index("account_id", drop=False)
    identifiers = wanted.table["account_id"]
    if not identifiers.isin(table.index).all():
        raise ValueError("the accounts as of the day lack some of the panel's")
    return Accounts(table.loc[identifiers].reset_index(drop=True))


def is_(facts: Accounts, column: str, value: str) -> BoolArray:
    """Where a column of text has a value; nowhere where it is null."""
    return (facts.table[column] == value).to_numpy(np.bool_, na_value=False)


def last_known(values: FloatArray, otherwise: FloatArray) -> FloatArray:
    """Each row's last value that is known."""
    known = np.isfinite(values)
    last = values.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    return np.where(known.any(axis=1), values[np.arange(len(values)), last], otherwise)


def before(values: FloatArray, first: FloatArray) -> FloatArray:
    """The last known value before each day, [rows, days]; ``first``, [rows], before there is any."""
    shifted = np.concatenate([first[:, None], values[:, :-1]], axis=1)
    column = np.where(np.isfinite(shifted), np.arange(shifted.shape[1]), 0)
    return np.take_along_axis(shifted, np.maximum.accumulate(column, axis=1), axis=1)
