"""The rules' parameters: what the settings say, checked, over the rules' own defaults."""

from collections.abc import Mapping, Sequence
from dataclasses import Field, fields, replace
from typing import Any, get_args

from timeseries.config import Settings
from timeseries.errors import ConfigurationError, NotFound
from timeseries.surveillance._contract import Parameters, Rule, Severity
from timeseries.surveillance.rules import RULES

__all__ = ["chosen_rules", "parameters_of"]


def chosen_rules(names: Sequence[str] | None) -> list[Rule]:
    """The named rules in their order, or all.

    Raises:
        NotFound: there is no such rule.
    """
    for name in names or ():
        if name not in RULES:
            raise NotFound(f"There is no rule {name!r}; the rules are {', '.join(RULES)}.")
    return [rule for name, rule in RULES.items() if names is None or name in names]


def parameters_of(settings: Settings) -> dict[str, Parameters]:
    """The parameters of every rule.

    Raises:
        ConfigurationError: an unknown rule or parameter, or a value that it cannot take.
    """
    for name in settings.rules:
        if name not in RULES:
            raise ConfigurationError(f"Unknown rule [rules.{name}]; the rules are {', '.join(RULES)}.")
    return {name: _parameters(rule, settings.rules.get(name, {})) for name, rule in RULES.items()}


def _parameters(rule: Rule, table: Mapping[str, Any]) -> Parameters:
    known = {item.name: item for item in fields(rule.defaults)}
    for name in table:
        if name not in known:
            raise ConfigurationError(
                f"Unknown parameter {name!r} in [rules.{rule.name}]; known: {', '.join(known)}."
            )
    values = {
        name: _value(rule, known[name], getattr(rule.defaults, name), value) for name, value in table.items()
    }
    return replace(rule.defaults, **values)


def _value(rule: Rule, item: Field[Any], default: Any, value: Any) -> Any:
    """The value in the default's type."""
    where = f"{item.name} in [rules.{rule.name}]"
    if isinstance(default, tuple):
        return _texts(where, value)
    if isinstance(default, Mapping):
        if not isinstance(value, dict):
            raise ConfigurationError(f"{where} must be a table of lists of texts.")
        return {name: _texts(f"{name} of {where}", texts) for name, texts in value.items()}
    if isinstance(default, bool):
        return _checked(where, value, isinstance(value, bool), "true or false")
    if isinstance(default, str):
        allowed = item.metadata.get("one_of", get_args(Severity))
        return _checked(where, value, value in allowed, f"one of {', '.join(allowed)}")
    return _number(where, item, default, value)


def _number(where: str, item: Field[Any], default: float, value: Any) -> float:
    least, most = item.metadata["least"], item.metadata["most"]
    whole = isinstance(default, int)
    fits = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    fits = fits and least <= value and (most is None or value <= most)
    limits = f"{least} or more" if most is None else f"between {least} and {most}"
    number = _checked(where, value, fits, f"a {'whole ' if whole else ''}number, {limits}")
    return int(number) if whole else float(number)


def _texts(where: str, value: Any) -> tuple[str, ...]:
    fits = isinstance(value, list) and all(isinstance(text, str) for text in value)
    return tuple(_checked(where, value, fits, "a list of texts"))


def _checked(where: str, value: Any, fits: bool, wanted: str) -> Any:
    if not fits:
        raise ConfigurationError(f"{where} must be {wanted}, not {value!r}.")
    return value
