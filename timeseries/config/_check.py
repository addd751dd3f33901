"""What a setting may be; every ``ValueError`` here names the setting and becomes a ``ConfigurationError``."""

from dataclasses import MISSING, fields
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from timeseries.config._alerts import MESSAGE_KINDS, SEVERITIES, AlertSettings, Route
from timeseries.config._settings import Settings

__all__ = ["check_values", "record", "table"]

Kind = TypeVar("Kind")
# Longer than any trading history, and short enough for every date and interval reckoned with it.
MOST_DAYS = 3650


def table(where: str, found: Any) -> dict[str, Any]:
    """What was found at a place, if it is a table."""
    if not isinstance(found, dict):
        raise ValueError(f"{where} must be a table")
    return found


def record(where: str, found: Any, kind: type[Kind], **ready: Any) -> Kind:
    """A dataclass from a table, each name and type checked; ``ready`` are fields made otherwise."""
    known = {item.name: item for item in fields(kind) if item.name not in ready}  # type: ignore[arg-type]
    values = dict(ready)
    named = [name for name, value in ready.items() if value is not None]
    for name, value in table(where, found).items():
        if name not in known:
            raise ValueError(f"unknown setting {name!r} in {where}; known: {', '.join([*known, *named])}")
        values[name] = _typed(f"{name} in {where}", value, str(known[name].type))
    for name, item in known.items():
        if name not in values and item.default is MISSING and item.default_factory is MISSING:
            raise ValueError(f"{where} needs a setting {name!r}")
    return kind(**values)


def _typed(setting: str, value: Any, annotation: str) -> Any:
    fits: bool = isinstance(value, _accepted(annotation))
    if not fits or isinstance(value, bool) is not ("bool" in annotation):
        raise ValueError(f"{setting} has the wrong type ({type(value).__name__})")
    if not annotation.startswith("tuple"):
        return value
    if not all(isinstance(item, str) for item in value):
        raise ValueError(f"{setting} must be a list of texts")
    return tuple(value)


def _accepted(annotation: str) -> tuple[type, ...]:
    shapes = {"dict": dict, "tuple": list}
    for start, kind in shapes.items():
        if annotation.startswith(start):
            return (kind,)
    if "bool" in annotation:
        return (bool,)
    if "float" in annotation:
        return (int, float)
    return (int,) if "int" in annotation else (str,)


def check_values(settings: Settings) -> None:
    """Refuse values that no run could use."""
    rules = {
        **_numbers(settings.alerts),
        "minimum_severity in [alerts] must be info, warning or critical": settings.alerts.minimum_severity
        in SEVERITIES,
        "data_dir must not be empty": settings.data_dir != Path(),
        "retain_days must be at least 30": settings.retain_days is None or settings.retain_days >= 30,
        "rules must be tables [rules.NAME]": all(isinstance(rule, dict) for rule in settings.rules.values()),
    }
    for sentence, holds in rules.items():
        if not holds:
            raise ValueError(sentence)
    for sentence in [
        part for one in (settings.jobs, settings.health, settings.web) for part in one.broken_rules()
    ]:
        raise ValueError(sentence)
    _check_holidays(settings.alerts.holidays)
    _check_routes(settings.alerts)


def _check_holidays(holidays: tuple[str, ...]) -> None:
    for day in holidays:
        try:
            date.fromisoformat(day)
        except ValueError:
            raise ValueError(f"holidays in [alerts] must be days such as 2026-12-25, not {day!r}") from None


def _numbers(alerts: AlertSettings) -> dict[str, bool]:
    return {
        "fdr in [alerts] must lie between 0 and 1": alerts.fdr is None or 0 < alerts.fdr < 1,
        "budget in [alerts] must be above 0, at most 100000 alarms a day": 0 < alerts.budget <= 100_000,
        "alarm_pvalue in [alerts] must lie between 0 and 1": 0 < alerts.alarm_pvalue < 1,
        "finding_pvalue in [alerts] must lie between 0 and 1": 0 < alerts.finding_pvalue < 1,
        "breach_probability in [alerts] must lie between 0 and 1": 0 < alerts.breach_probability <= 1,
        "horizon in [alerts] must be 1 to 60 days": 1 <= alerts.horizon <= 60,
        "merge_days in [alerts] must be 1 to 3650": 1 <= alerts.merge_days <= MOST_DAYS,
        "cooldown_days in [alerts] must be 0 to 3650": 0 <= alerts.cooldown_days <= MOST_DAYS,
        "resolve_days in [alerts] must be 1 to 3650": 1 <= alerts.resolve_days <= MOST_DAYS,
        "escalate_hours in [alerts] must be 0 to 87600": 0 <= alerts.escalate_hours <= 24 * MOST_DAYS,
        "minimum_deviation_share in [alerts] must be 0 to 1": 0 <= alerts.minimum_deviation_share <= 1,
        "minimum_deviation_money in [alerts] must be 0 to 1e12": 0 <= alerts.minimum_deviation_money <= 1e12,
        "deliver_days in [alerts] must be 1 to 3650": 1 <= alerts.deliver_days <= MOST_DAYS,
    }


def _check_routes(alerts: AlertSettings) -> None:
    for route in alerts.routes:
        _check_sinks("[[alerts.routes]]", route.sinks, alerts)
        _check_choices(route)
    if alerts.digest:
        _check_sinks("[alerts.digest]", alerts.digest.sinks, alerts)
        if not 0 <= alerts.digest.top <= 100:
            raise ValueError("top in [alerts.digest] must be 0 to 100")


def _check_sinks(where: str, sinks: tuple[str, ...], alerts: AlertSettings) -> None:
    if not sinks:
        raise ValueError(f"{where} needs at least one sink")
    for sink in sinks:
        if sink not in alerts.sinks:
            known = ", ".join(alerts.sinks) or "none"
            raise ValueError(f"{where} names a sink {sink!r} that is not in [alerts.sinks]; known: {known}")


def _check_choices(route: Route) -> None:
    if route.severity not in (None, *SEVERITIES):
        raise ValueError("severity in [[alerts.routes]] must be info, warning or critical")
    for kind in route.kinds:
        if kind not in MESSAGE_KINDS:
            raise ValueError(f"unknown kind {kind!r} in [[alerts.routes]]; known: {', '.join(MESSAGE_KINDS)}")
