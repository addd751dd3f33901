"""Profit that hangs on one day."""

from typing import Any

from timeseries.surveillance._contract import Case, Parameters, Scope
from timeseries.surveillance._look import Look
from timeseries.surveillance._words import money

__all__ = ["ConsistencyRule"]


class ConsistencyRule:
    """The best day's share of the profit is above the plan's limit when the account could pass or be paid."""

    name = "consistency"
    summary = "The best day makes more of the profit than the plan allows, at the target or when funded."
    defaults = Parameters(severity="info")
    scope: Scope = "accounts"

    def lookback(self, parameters: Parameters) -> int:
        """The daily metrics know the past."""
        return 0

    def find(self, look: Look, parameters: Parameters) -> list[Case]:
        """The first day of each stretch of days on which the rule stands in the way."""
        return [_case(look, row, parameters) for row in look.rows("inconsistent_days")]


def _case(look: Look, row: dict[str, Any], parameters: Parameters) -> Case:
    place, day, share, limit = row["place"], row["trading_day"], row["share"], row["share_limit"]
    best, total = int(row["best_day"]), int(row["total_net_profit"])
    reached = "the account is funded" if row["phase"] == "funded" else "the profit target is met"
    return Case(
        place=place,
        trading_day=day,
        since=day,
        severity=parameters.severity,
        direction=1,
        seen=round(share, 6),
        expected=limit,
        at_stake=round(best - limit * total),
        reason=f"The best day made {money(look, place, best)} of {money(look, place, total)} profit, "
        f"{share:.0%} where the plan allows {limit:.0%} and {reached}, since {day}.",
        evidence={"best_day": best, "total_net_profit": total, "phase": row["phase"]},
    )
