"""Settings: ``timeseries.toml``, then the environment, then the command line; the later wins."""

import os
import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import platformdirs

from timeseries.errors import ConfigurationError

__all__ = ["AlertSettings", "Settings", "load_settings"]

CONFIG_FILE = "timeseries.toml"


@dataclass(frozen=True)
class AlertSettings:
    """What becomes an alert, and where alerts go.

    Attributes:
        fdr: accepted share of false discoveries among a day's anomalies that become alerts.
        finding_pvalue: a day less likely than this is kept as a finding, without an alert.
        breach_probability: a forecast at or above it raises an alert.
        horizon: days ahead that the forecast job looks.
        sinks: name → apprise URL (Slack, mail, Teams …), a plain http(s) webhook URL, or ``log``.
            ``$NAME`` in a URL is replaced from the environment, so that secrets stay out of the file.
        minimum_severity: alerts below it are stored but not delivered.
        deliver_days: alerts about trading days longer ago than this, counted from the newest, are stored but
            not delivered; the first scoring of a long history would flood the desk.
    """

    fdr: float = 0.05
    finding_pvalue: float = 0.004
    breach_probability: float = 0.5
    horizon: int = 14
    sinks: dict[str, str] = field(default_factory=lambda: {"log": "log"}, repr=False)
    minimum_severity: str = "warning"
    deliver_days: int = 7


@dataclass(frozen=True)
class Settings:
    """All settings of one run.

    Attributes:
        database_url: a TimescaleDB server; None starts the embedded database.
        data_dir: where the embedded database and its password live.
        retain_days: raw trades and equity older than this are dropped; None keeps all.
        schedules: job name → cron expression (UTC), replacing the job's own.
    """

    database_url: str | None = field(default=None, repr=False)
    data_dir: Path = field(default_factory=lambda: Path(platformdirs.user_data_dir("timeseries")))
    retain_days: int | None = None
    alerts: AlertSettings = field(default_factory=AlertSettings)
    schedules: dict[str, str] = field(default_factory=dict)


def load_settings(
    config: Path | None = None, *, database_url: str | None = None, data_dir: Path | None = None
) -> Settings:
    """Read the settings of this run.

    Args:
        config: the file to read; by default ``$TIMESERIES_CONFIG``, else ``timeseries.toml`` if it is here.
        database_url: overrides the environment and the file.
        data_dir: overrides the environment and the file, a database URL given there included: it asks
            for the embedded database.

    Raises:
        ConfigurationError: the file is missing, is not TOML, or has an unknown or ill-typed setting.
    """
    settings = _from_file(config)
    elsewhere = os.environ.get("TIMESERIES_DATABASE_URL") or settings.database_url or None
    url = database_url or (None if data_dir else elsewhere)
    directory = Path(data_dir or os.environ.get("TIMESERIES_DATA_DIR") or settings.data_dir)
    try:
        return replace(settings, database_url=url, data_dir=directory.expanduser().absolute())
    except RuntimeError as error:
        raise ConfigurationError(f"The data directory {directory} names an unknown home: {error}.") from error


def _from_file(config: Path | None) -> Settings:
    named = config or os.environ.get("TIMESERIES_CONFIG")
    path = Path(named or CONFIG_FILE)
    if not path.exists():
        if named:
            raise ConfigurationError(f"There is no settings file {path}.")
        return Settings()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"Cannot read {path}: {error}.") from error
    return _settings(document, path)


def _settings(document: dict[str, Any], path: Path) -> Settings:
    document = dict(document)
    alerts = document.pop("alerts", {})
    _check_table("[alerts]", alerts, AlertSettings, path)
    _check_table("the top level", document, Settings, path)
    if "data_dir" in document:
        document["data_dir"] = Path(document["data_dir"])
    settings = Settings(**document, alerts=AlertSettings(**alerts))
    _check_values(settings, path)
    return settings


def _check_table(where: str, table: Any, settings: type[Any], path: Path) -> None:
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path}: {where} must be a table.")
    known = {item.name: str(item.type) for item in fields(settings)}
    for name, value in table.items():
        if name not in known:
            raise ConfigurationError(
                f"{path}: unknown setting {name!r} in {where}; known: {', '.join(known)}."
            )
        if not isinstance(value, _accepted(known[name])) or isinstance(value, bool):
            raise ConfigurationError(
                f"{path}: {name} in {where} has the wrong type ({type(value).__name__})."
            )


def _accepted(annotation: str) -> tuple[type, ...]:
    if "dict" in annotation:
        return (dict,)
    if "float" in annotation:
        return (int, float)
    return (int,) if "int" in annotation else (str,)


def _check_values(settings: Settings, path: Path) -> None:
    alerts = settings.alerts
    rules = {
        "fdr in [alerts] must lie between 0 and 1": 0 < alerts.fdr < 1,
        "finding_pvalue in [alerts] must lie between 0 and 1": 0 < alerts.finding_pvalue < 1,
        "breach_probability in [alerts] must lie between 0 and 1": 0 < alerts.breach_probability <= 1,
        "horizon in [alerts] must be 1 to 60 days": 1 <= alerts.horizon <= 60,
        "minimum_severity in [alerts] must be info, warning or critical": alerts.minimum_severity
        in ("info", "warning", "critical"),
        "deliver_days in [alerts] must be at least 1": alerts.deliver_days >= 1,
        "data_dir must not be empty": settings.data_dir != Path(),
        "retain_days must be at least 30": settings.retain_days is None or settings.retain_days >= 30,
        "sinks in [alerts] must be texts": all(isinstance(url, str) for url in alerts.sinks.values()),
        "schedules must be cron texts": all(isinstance(cron, str) for cron in settings.schedules.values()),
    }
    for sentence, holds in rules.items():
        if not holds:
            raise ConfigurationError(f"{path}: {sentence}.")
