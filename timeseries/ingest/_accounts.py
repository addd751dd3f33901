"""Accounts: columns to rows, and the merge into the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Connection

from timeseries.access import NO_GROUPS
from timeseries.database import statement
from timeseries.ingest._checks import choice, money, number
from timeseries.ingest._decimals import Decimals
from timeseries.ingest._faults import Faults
from timeseries.ingest._outcome import Origin, Outcome
from timeseries.ingest._rows import Rows
from timeseries.ingest._text import Names, coded, names
from timeseries.ingest._times import Instants, ToUtc, instants
from timeseries.ingest._upsert import (
    Currencies,
    as_frame,
    check_name,
    mark_accounts,
    merge_rows,
    nullable,
    texts,
    to_change,
)

__all__ = ["AccountBatch"]

# Of each choice the first is the default.
CHOICES = {
    "phase": ("evaluation", "verification", "funded"),
    "status": ("active", "breached", "passed", "closed"),
}
LIMITS = ["profit_target", "max_drawdown", "daily_loss", "minimum_payout"]
COLUMNS = (
    "account",
    "plan_id",
    "phase",
    "account_group",
    "currency",
    "currency_digits",
    "initial_balance",
    "opened_at",
    "closed_at",
    "status",
)


@dataclass(frozen=True)
class AccountBatch:
    """A batch of accounts, read as far as it can be without the database.

    What a row leaves empty is kept as it is in the database, or gets its default in a new account.
    An empty group or closing time is taken off when the file has that column.
    """

    rows: Rows
    faults: Faults
    account: Names
    plan: Names
    group: Names | None
    currency: Names
    codes: dict[str, NDArray[np.int64]]
    balance: Decimals
    opened_at: Instants
    closed_at: Instants | None
    naive: ToUtc | None

    @classmethod
    def parse(cls, rows: Rows, naive: ToUtc | None) -> AccountBatch:
        """Check and convert the columns; faults are kept for the quarantine."""
        count, columns = len(rows.lines), rows.columns
        faults, nothing = Faults(count), pa.nulls(count, pa.string())
        account, plan = names(columns["account"]), names(columns["plan"])
        group = names(columns["account_group"]) if "account_group" in columns else None
        check_name(account, "account", faults)
        check_name(plan, "plan", faults)
        if group is not None:
            taken = f"No group can be called {' or '.join(NO_GROUPS)}: these words mean something else."
            faults.add(group.where(lambda text: text in NO_GROUPS), "account_group", taken)
        codes = {name: coded(columns.get(name, nothing), choices) for name, choices in CHOICES.items()}
        for name, choices in CHOICES.items():
            choice(codes[name], choices, name, faults, required=False)
        balance = number(columns.get("initial_balance"), count, "initial_balance", faults, required=False)
        faults.add(balance.mantissa < 0, "initial_balance", "It must not be below zero.")
        opened_at = instants(columns["opened_at"], naive)
        opened_at.check(faults, "opened_at", required=True)
        closed_at = instants(columns["closed_at"], naive) if "closed_at" in columns else None
        if closed_at is not None:
            closed_at.check(faults, "closed_at", required=False)
        return cls(
            rows,
            faults,
            account,
            plan,
            group,
            names(columns.get("currency", nothing)),
            codes,
            balance,
            opened_at,
            closed_at,
            naive,
        )

    def since(self, position: int) -> AccountBatch:
        """Without the rows before a position in the file, and with faults of its own."""
        return AccountBatch.parse(self.rows.since(position), self.naive)

    @staticmethod
    def join(parts: Sequence[AccountBatch]) -> AccountBatch:
        """Accounts are so few that no two batches are merged together."""
        (alone,) = parts
        return alone

    def merge(self, connection: Connection, origin: Origin, *, cautious: bool) -> Outcome:
        """Add or change accounts; another plan or first balance makes all days of an account out of date."""
        plans = _fetch(connection, "ingest.known_plans", {"plans": self.plan.distinct}, "plan")
        there = _fetch(connection, "ingest.known_accounts", {"accounts": self.account.distinct}, "account")
        plan = plans.reindex(texts(self.plan, empty=""))
        old = there.reindex(texts(self.account, empty=""))
        self.faults.add(
            plan["plan_id"].isna().to_numpy(), "plan", "There is no such plan; load the plans first."
        )
        wanted = self._wanted(connection, plan, old)
        good = self.faults.good
        wanted = wanted[good]
        known = as_frame(there.reset_index()[list(COLUMNS)].to_numpy().tolist(), COLUMNS, wanted)
        changed = to_change(wanted, known, "account")
        merge_rows(connection, _with_times(changed), "accounts")
        _mark(connection, changed, there, plans)
        return Outcome(len(changed), int(good.sum()) - len(changed), self.faults)

    def _wanted(self, connection: Connection, plan: pd.DataFrame, old: pd.DataFrame) -> pd.DataFrame:
        currencies = Currencies(connection)
        place = self._currency(currencies, plan, old)
        columns: dict[str, Any] = {
            "account": texts(self.account, empty=""),
            "plan_id": _whole(plan["plan_id"]),
            "currency": np.array(currencies.names, object)[place],
            "currency_digits": currencies.digits[place],
            "opened_at": self.opened_at.seconds,
            "account_group": old["account_group"].to_numpy() if self.group is None else texts(self.group),
            "closed_at": self._closed(old),
        }
        columns["initial_balance"] = self._balance(columns["currency"], columns["currency_digits"], plan, old)
        for name, choices in CHOICES.items():
            kept = old[name].fillna(choices[0]).to_numpy()
            given = np.array(choices, object)[np.maximum(self.codes[name], 0)]
            columns[name] = np.where(self.codes[name] < 0, kept, given)
        return pd.DataFrame({name: columns[name] for name in COLUMNS})

    def _currency(self, currencies: Currencies, plan: pd.DataFrame, old: pd.DataFrame) -> NDArray[np.int64]:
        given = currencies.numbers(self.currency)
        self.faults.add(given == -1, "currency", currencies.unknown)
        places = {name: number for number, name in enumerate(currencies.names)}
        kept = _whole(old["currency"].map(places), missing=-1)
        other = (given >= 0) & (kept >= 0) & (given != kept)
        self.faults.add(other, "currency", "The account exists in another currency, which cannot change.")
        of_plan = _whole(plan["currency"].map(places), missing=-1)
        place = np.where(given >= 0, given, np.where(kept >= 0, kept, np.maximum(of_plan, 0)))
        limited = plan[LIMITS].notna().any(axis=1).to_numpy()
        self.faults.add(
            limited & (of_plan >= 0) & (place != of_plan),
            "currency",
            "The plan's limits are in another currency: give the account a plan in its own.",
        )
        return np.asarray(place)

    def _balance(
        self, currency: NDArray[np.object_], digits: NDArray[np.int64], plan: pd.DataFrame, old: pd.DataFrame
    ) -> NDArray[np.int64]:
        given = money(self.balance, digits, "initial_balance", self.faults)
        keeps_plan = (old["plan_id"].to_numpy() == plan["plan_id"].to_numpy()) & self.balance.missing
        from_plan = self.balance.missing & ~keeps_plan
        self.faults.add(
            from_plan & (plan["currency"].to_numpy() != currency),
            "initial_balance",
            "The initial balance is needed, as the plan is in another currency.",
        )
        default = np.where(keeps_plan, _whole(old["initial_balance"]), _whole(plan["initial_balance"]))
        return np.where(self.balance.missing, default, given)

    def _closed(self, old: pd.DataFrame) -> Any:
        if self.closed_at is None:
            return nullable(_whole(old["closed_at"]), old["closed_at"].notna().to_numpy())
        early = self.closed_at.valid & (self.closed_at.seconds < self.opened_at.seconds)
        self.faults.add(early, "closed_at", "The account closes before it opens.")
        return nullable(self.closed_at.seconds, self.closed_at.valid)


def _fetch(connection: Connection, name: str, parameters: dict[str, Any], key: str) -> pd.DataFrame:
    found = connection.execute(statement(name), parameters)
    return pd.DataFrame(found.all(), columns=list(found.keys())).set_index(key)


def _whole(column: pd.Series[Any], missing: int = 0) -> NDArray[np.int64]:
    return np.asarray(column.astype("Int64").fillna(missing), np.int64)


def _with_times(changed: pd.DataFrame) -> pd.DataFrame:
    times = {
        name: pd.to_datetime(changed[name].astype("Int64"), unit="s", utc=True)
        for name in ("opened_at", "closed_at")
    }
    return changed.assign(**times)


def _mark(connection: Connection, changed: pd.DataFrame, there: pd.DataFrame, plans: pd.DataFrame) -> None:
    mine = changed[changed["account"].isin(there.index)]
    old = there.loc[mine["account"]]
    plan = plans.set_index("plan_id").loc[mine["plan_id"]]
    replanned = old["plan_id"].to_numpy() != mine["plan_id"].to_numpy()
    rebased = old["initial_balance"].to_numpy() != mine["initial_balance"].to_numpy()
    moved = (old["reset_time"].to_numpy() != plan["reset_time"].to_numpy()) | (
        old["time_zone"].to_numpy() != plan["time_zone"].to_numpy()
    )
    ids = old["account_id"].to_numpy()
    mark_accounts(connection, ids[replanned | rebased].tolist(), ids[moved].tolist())
