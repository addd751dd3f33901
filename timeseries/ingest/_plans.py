"""Plans: columns to rules, and the merge into the table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Connection

from timeseries.database import statement
from timeseries.ingest._checks import choice, money, number
from timeseries.ingest._decimals import Decimals
from timeseries.ingest._faults import Faults
from timeseries.ingest._outcome import Origin, Outcome
from timeseries.ingest._rows import Rows
from timeseries.ingest._text import Names, coded, names
from timeseries.ingest._times import ToUtc
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

__all__ = ["PlanBatch"]

LIMITS = ("profit_target", "max_drawdown", "daily_loss", "minimum_payout")
SHARES = ("consistency_limit", "profit_split")
# Of each choice the first is the default.
CHOICES = {
    "max_drawdown_basis": ("equity", "balance"),
    "max_drawdown_mode": ("static", "trailing"),
    "daily_loss_basis": ("equity", "balance"),
}
NO_LIMIT = "It must be above zero; leave it empty for no limit."
MACHINE_ZONES = frozenset({"localtime", "posixrules", "Factory"})  # another place on every machine
NO_ZONE = "There is no such time zone; write it like Europe/Prague, America/New_York or UTC."
SHARE_DIGITS = 4
CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5][05])(:00(\.0+)?)?")
COLUMNS = (
    "plan",
    "currency",
    "initial_balance",
    "profit_target",
    "max_drawdown",
    "max_drawdown_basis",
    "max_drawdown_mode",
    "daily_loss",
    "daily_loss_basis",
    "reset_time",
    "time_zone",
    "consistency_limit",
    "profit_split",
    "minimum_payout",
)


@dataclass(frozen=True)
class PlanBatch:
    """A batch of plans, read as far as it can be without the database."""

    rows: Rows
    faults: Faults
    plan: Names
    currency: Names
    columns: dict[str, Any]
    amounts: dict[str, Decimals]

    @classmethod
    def parse(cls, rows: Rows, naive: ToUtc | None) -> "PlanBatch":
        """Check and convert the columns; faults are kept for the quarantine."""
        count = len(rows.lines)
        faults = Faults(count)
        plan = names(rows.columns["plan"])
        check_name(plan, "plan", faults)
        amounts = {
            name: number(rows.columns.get(name), count, name, faults, required=name == "initial_balance")
            for name in ("initial_balance", *LIMITS)
        }
        faults.add(amounts["initial_balance"].mantissa < 0, "initial_balance", "It must not be below zero.")
        columns = {
            "reset_time": _clock(rows, faults),
            "time_zone": _zone(rows, faults),
            **{name: _share(rows, name, faults) for name in SHARES},
        }
        for name, choices in CHOICES.items():
            codes = coded(rows.columns.get(name, pa.nulls(count, pa.string())), choices)
            choice(codes, choices, name, faults, required=False)
            columns[name] = np.array(choices, object)[np.maximum(codes, 0)]
        return cls(rows, faults, plan, names(rows.columns["currency"]), columns, amounts)

    def since(self, position: int) -> "PlanBatch":
        """Without the rows before a position in the file, and with faults of its own."""
        return PlanBatch.parse(self.rows.since(position), None)

    @staticmethod
    def join(parts: "Sequence[PlanBatch]") -> "PlanBatch":
        """Plans are so few that no two batches are merged together."""
        (alone,) = parts
        return alone

    def merge(self, connection: Connection, origin: Origin, *, cautious: bool) -> Outcome:
        """Add or change plans; a changed rule makes all days of the plan's accounts out of date."""
        self._refuse_foreign_zones(connection)
        wanted = self._wanted(connection)
        found = connection.execute(statement("ingest.known_plans"), {"plans": self.plan.distinct})
        there = pd.DataFrame(found.all(), columns=list(found.keys()))
        self._refuse_other_currency(wanted, there)
        good = self.faults.good
        wanted = wanted[good]
        there = as_frame(there[list(COLUMNS)].to_numpy().tolist(), COLUMNS, wanted)
        changed = to_change(wanted, there, "plan")
        merge_rows(connection, changed, "plans")
        _mark(connection, changed, there)
        return Outcome(len(changed), int(good.sum()) - len(changed), self.faults)

    def _wanted(self, connection: Connection) -> pd.DataFrame:
        currencies = Currencies(connection)
        place = currencies.numbers(self.currency)
        self.faults.add(place == -2, "currency", "The currency is missing.")
        self.faults.add(place == -1, "currency", currencies.unknown)
        digits = currencies.digits[place]
        columns = dict(self.columns)
        for name, amounts in self.amounts.items():
            minor_units = money(amounts, digits, name, self.faults)
            columns[name] = nullable(minor_units, amounts.valid)
            if name in LIMITS:
                self.faults.add(amounts.valid & (minor_units <= 0), name, NO_LIMIT)
        columns["plan"] = texts(self.plan, empty="")
        columns["currency"] = np.array(currencies.names, object)[place]
        return pd.DataFrame({name: columns[name] for name in COLUMNS})

    def _refuse_foreign_zones(self, connection: Connection) -> None:
        """The database cuts the trading days, so the zone must be one of its own."""
        zones = self.columns["time_zone"]
        known = set(connection.scalars(statement("ingest.known_zones"), {"zones": list(set(zones))}))
        self.faults.add(np.array([zone not in known for zone in zones], bool), "time_zone", NO_ZONE)

    def _refuse_other_currency(self, wanted: pd.DataFrame, there: pd.DataFrame) -> None:
        kept = wanted["plan"].map(there.set_index("plan")["currency"])
        other: NDArray[np.bool_] = (kept.notna() & (kept != wanted["currency"])).to_numpy()
        self.faults.add(other, "currency", "The plan exists in another currency; give this one another name.")


def _clock(rows: Rows, faults: Faults) -> NDArray[np.object_]:
    found = names(rows.columns["reset_time"])
    reason = "It must be a time of day such as 17:00, at a multiple of five minutes."
    faults.add(found.where(lambda text: not CLOCK.fullmatch(text)), "reset_time", reason)
    matches = [CLOCK.fullmatch(text) for text in found.distinct]
    distinct = [f"{int(match[1]):02}:{match[2]}:00" if match else "" for match in matches]
    return texts(Names(found.codes, distinct), empty="")


def _zone(rows: Rows, faults: Faults) -> NDArray[np.object_]:
    found = names(rows.columns["time_zone"])
    faults.add(found.where(lambda text: not _is_zone(text)), "time_zone", NO_ZONE)
    return texts(found, empty="")


def _is_zone(text: str) -> bool:
    if text in MACHINE_ZONES:
        return False
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _share(rows: Rows, name: str, faults: Faults) -> Any:
    found = number(rows.columns.get(name), len(rows.lines), name, faults, required=False)
    scaled = found.at_scale(SHARE_DIGITS)
    outside = (scaled.values <= 0) | (scaled.values > 10**SHARE_DIGITS)
    faults.add(found.valid & outside, name, "It must be a share above 0, at most 1.")
    faults.add(~scaled.exact, name, f"It has more than {SHARE_DIGITS} decimals.")
    return nullable(scaled.values, found.valid)


def _mark(connection: Connection, changed: pd.DataFrame, there: pd.DataFrame) -> None:
    old = there.set_index("plan").reindex(changed["plan"])
    existed = changed["plan"].isin(there["plan"]).to_numpy()
    moved = existed & (
        (old["reset_time"].to_numpy() != changed["reset_time"].to_numpy())
        | (old["time_zone"].to_numpy() != changed["time_zone"].to_numpy())
    )
    ids = [
        list(
            connection.scalars(
                statement("ingest.accounts_of_plans"), {"plans": changed["plan"][rows].tolist()}
            )
        )
        for rows in (existed, moved)
    ]
    mark_accounts(connection, *ids)
