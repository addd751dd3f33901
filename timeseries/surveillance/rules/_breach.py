"""Breaches of the plan's loss limits, as the daily metrics know them."""

from typing import Any

from timeseries.surveillance._contract import Case, Parameters, Scope
from timeseries.surveillance._look import Look
from timeseries.surveillance._words import money

__all__ = ["DailyLossRule", "DrawdownRule"]


class DailyLossRule:
    """A trading day lost more than the plan allows a day, on the plan's basis and calendar.

    Of an account that was ended since, as its status says, it is kept as info.
    """

    name = "daily_loss"
    summary = "A day's loss is beyond the plan's daily limit."
    defaults = Parameters(severity="critical")
    scope: Scope = "accounts"

    def lookback(self, parameters: Parameters) -> int:
        """The daily metrics know the past."""
        return 0

    def find(self, look: Look, parameters: Parameters) -> list[Case]:
        """Every breached day of an active account; of one that was ended, its first breach."""
        what = "The day's {basis} fell {seen} below its start; the plan allows {limit}."
        return [_case(look, row, parameters, what) for row in look.rows("daily_loss_breaches")]


class DrawdownRule:
    """An account fell further below its start or its peak than the plan allows; info where ended since."""

    name = "drawdown"
    summary = "The account is below the plan's drawdown limit."
    defaults = Parameters(severity="critical")
    scope: Scope = "accounts"

    def lookback(self, parameters: Parameters) -> int:
        """The daily metrics know the past."""
        return 0

    def find(self, look: Look, parameters: Parameters) -> list[Case]:
        """The first day of each breach; of an account that was ended, its first breach."""
        what = "The account's {basis} fell {seen} below its {mark}; the plan allows {limit}."
        return [_case(look, row, parameters, what) for row in look.rows("drawdown_breaches")]


def _case(look: Look, row: dict[str, Any], parameters: Parameters, what: str) -> Case:
    place, day, excess, limit = row["place"], row["trading_day"], int(row["excess"]), int(row["loss_limit"])
    unit = 10 ** look.digits(place)
    mark = "highest so far" if row.get("mode") == "trailing" else "initial balance"
    sentence = what.format(
        basis=row["basis"],
        seen=money(look, place, limit + excess),
        limit=money(look, place, limit),
        mark=mark,
    )
    # Whoever ended the account knows of it; one that still trades beyond its limit is the desk's business.
    ended = look.accounts["status"].iat[place] != "active"
    return Case(
        place=place,
        trading_day=day,
        since=day,
        severity="info" if ended else parameters.severity,
        direction=1,
        seen=(limit + excess) / unit,
        expected=limit / unit,
        at_stake=excess,
        reason=f"{sentence[:-1]}, since {day}.",
        evidence={"basis": row["basis"]} | ({"mode": row["mode"]} if "mode" in row else {}),
    )
