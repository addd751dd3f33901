"""The versions of the rules: every set of parameters that was ever in force."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from timeseries.config import Settings
from timeseries.database import Database, run
from timeseries.surveillance._contract import Parameters, Severity
from timeseries.surveillance._parameters import chosen_rules, parameters_of
from timeseries.surveillance.rules import RULES

__all__ = ["RuleVersion", "Watch", "adopt_rules", "rule_history", "rules_in_force"]


@dataclass(frozen=True)
class Watch:
    """A rule with the parameters of the settings.

    Attributes:
        rule_version_id: what its violations carry; None, like the version and its beginning, while detection
            has not yet run with these parameters.
        version: counts from 1 for each rule.
        in_force_since: UTC.
        parameters: ready for JSON.
    """

    rule: str
    summary: str
    enabled: bool
    severity: Severity
    rule_version_id: int | None
    version: int | None
    in_force_since: datetime | None
    parameters: dict[str, Any]


@dataclass(frozen=True)
class RuleVersion:
    """One set of parameters of a rule, in force since a moment, UTC."""

    rule_version_id: int
    version: int
    in_force_since: datetime
    parameters: dict[str, Any]


def rules_in_force(database: Database, settings: Settings) -> list[Watch]:
    """All rules with the parameters of the settings, and the versions stored of these; stores nothing.

    Raises:
        ConfigurationError: the settings name an unknown rule or parameter, or a value that it cannot take.
    """
    wanted = parameters_of(settings)
    with database.transaction() as connection:
        newest = _newest(connection)
    return [_watch(name, wanted[name], newest.get(name)) for name in RULES]


def adopt_rules(database: Database, settings: Settings) -> None:
    """Put the parameters of the settings in force: what differs from a newest version becomes a new one.

    Raises:
        ConfigurationError: as ``rules_in_force``; nothing is stored.
    """
    wanted = {name: _plain(parameters) for name, parameters in parameters_of(settings).items()}
    with database.transaction() as connection:
        newest = _newest(connection)
        for name, parameters in wanted.items():
            if name not in newest or newest[name]["parameters"] != parameters:
                values = {"rule": name, "parameters": json.dumps(parameters)}
                run(connection, "surveillance.add_version", values)


def rule_history(database: Database, rule: str) -> list[RuleVersion]:
    """Every version of a rule, the newest first.

    Raises:
        NotFound: there is no such rule.
    """
    chosen_rules([rule])
    with database.transaction() as connection:
        rows = run(connection, "surveillance.versions", {"rule": rule}).mappings().all()
    return [RuleVersion(**row) for row in rows]


def _plain(parameters: Parameters) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(asdict(parameters)))
    return plain


def _newest(connection: Connection) -> dict[str, dict[str, Any]]:
    rows = run(connection, "surveillance.newest_versions", {}).mappings()
    return {row["rule"]: dict(row) for row in rows}


def _watch(name: str, parameters: Parameters, newest: dict[str, Any] | None) -> Watch:
    plain = _plain(parameters)
    stored = newest if newest is not None and newest["parameters"] == plain else {}
    return Watch(
        rule=name,
        summary=RULES[name].summary,
        enabled=parameters.enabled,
        severity=parameters.severity,
        rule_version_id=stored.get("rule_version_id"),
        version=stored.get("version"),
        in_force_since=stored.get("in_force_since"),
        parameters=plain,
    )
