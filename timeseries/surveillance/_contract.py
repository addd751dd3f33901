"""What every rule of the trade promises: a name, parameters, and what it finds in a look at some accounts."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol

from timeseries.surveillance._look import Look

__all__ = ["Case", "Parameters", "Rule", "Scope", "Severity", "Violation", "bounded"]

Severity = Literal["info", "warning", "critical"]
Scope = Literal["accounts", "firm"]


def bounded(default: Any, least: float, most: float | None = None) -> Any:
    """A number among a rule's parameters, with the values it may take."""
    return field(default=default, metadata={"least": least, "most": most})


@dataclass(frozen=True)
class Parameters:
    """What every rule can be told.

    Attributes:
        enabled: whether the rule is looked for at all.
        severity: of its violations: ``info``, ``warning`` or ``critical``.
    """

    enabled: bool = True
    severity: Severity = "warning"


@dataclass(frozen=True)
class Case:
    """What a rule found, by the account's place in the look; money in whole minor units."""

    place: int
    trading_day: date
    since: date
    severity: Severity
    direction: int
    seen: float
    expected: float
    at_stake: int | None
    reason: str
    evidence: dict[str, Any]


class Rule(Protocol):
    """A rule of the trade."""

    @property
    def name(self) -> str:
        """As in ``[rules.NAME]`` of the settings."""

    @property
    def summary(self) -> str:
        """What is looked for, in one line."""

    @property
    def defaults(self) -> Parameters:
        """The parameters where the settings name none."""

    @property
    def scope(self) -> Scope:
        """``accounts``: a look at some accounts is enough; ``firm``: it needs the trades of all, no more."""

    def lookback(self, parameters: Any) -> int:
        """Days of trades before the first day looked at that the rule needs."""

    def find(self, look: Look, parameters: Any) -> list[Case]:
        """The cases on the look's days; the same data give the same cases, in the same order."""


@dataclass(frozen=True)
class Violation:
    """An account broke a rule of the trade.

    Attributes:
        rule: the rule's name.
        rule_version_id: its parameters, in ``rule_versions``; None where they were never put in force.
        trading_day: on the account's own calendar.
        since: first day of the pattern.
        direction: 1 where more was seen than expected, -1 where less.
        seen: what was seen, in the rule's unit.
        expected: the limit or the usual value, in the same unit.
        at_stake: money at stake in minor units of the account's currency; None where there is no amount.
        reason: a sentence: what happened, against which limit, since when.
        evidence: the trades and figures behind it, ready for JSON; times are UTC.
    """

    rule: str
    rule_version_id: int | None
    account: str
    account_id: int
    trading_day: date
    since: date
    severity: Severity
    direction: int
    seen: float
    expected: float
    at_stake: int | None
    reason: str
    evidence: dict[str, Any]
