"""From the file and the environment to settings."""

import os
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from timeseries.config._alerts import AlertSettings, DigestSettings, Route, SinkSettings
from timeseries.config._check import check_values, record, table
from timeseries.config._health import HealthSettings
from timeseries.config._jobs import JobSettings
from timeseries.config._settings import Settings
from timeseries.config._web import WebSettings
from timeseries.errors import ConfigurationError

__all__ = ["line_of", "load_settings"]

CONFIG_FILE = "timeseries.toml"


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
    try:
        settings = replace(_settings(document), source=path)
    except ValueError as error:
        raise ConfigurationError(f"{path}: {error}.") from None
    _check_schedules(settings, document.get("schedules", {}))
    return settings


def _check_schedules(settings: Settings, schedules: dict[str, Any]) -> None:
    for name, said in schedules.items():
        if not isinstance(said, str):
            raise ConfigurationError(
                f"{line_of(settings, 'schedules', name)}[schedules] {name}: schedules must be texts such as "
                f'"every 5 minutes", not {said!r}.'
            )


def _settings(document: dict[str, Any]) -> Settings:
    document = dict(document)
    alerts = _alerts(document.pop("alerts", {}))
    parts = {
        "jobs": record("[jobs]", document.pop("jobs", {}), JobSettings),
        "health": record("[health]", document.pop("health", {}), HealthSettings),
        "web": record("[web]", document.pop("web", {}), WebSettings),
    }
    settings = record("the top level", document, Settings, alerts=alerts, source=None, **parts)
    settings = replace(settings, data_dir=Path(settings.data_dir))
    check_values(settings)
    return settings


def _alerts(document: Any) -> AlertSettings:
    document = dict(table("[alerts]", document))
    if "fdr" in document and "budget" in document:
        raise ValueError("[alerts] has both fdr and budget; keep the one that shall hold")
    routes = document.pop("routes", [])
    if not isinstance(routes, list):
        raise ValueError("routes in [alerts] must be tables [[alerts.routes]]")
    parts: dict[str, Any] = {"routes": tuple(record("[[alerts.routes]]", route, Route) for route in routes)}
    if "digest" in document:
        parts["digest"] = record("[alerts.digest]", document.pop("digest"), DigestSettings)
    settings = record("[alerts]", document, AlertSettings, **parts)
    return replace(settings, sinks={name: _sink(name, sink) for name, sink in settings.sinks.items()})


def _sink(name: str, sink: Any) -> str | SinkSettings:
    if isinstance(sink, dict):
        return record(f"[alerts.sinks.{name}]", sink, SinkSettings)
    if not isinstance(sink, str):
        raise ValueError("sinks in [alerts] must be texts, or tables with a url")
    return sink


def line_of(settings: Settings, section: str, name: str) -> str:
    """Where a setting stands, as ``timeseries.toml, line 12: ``; empty when it is in no file.

    For those who check settings that only they understand.
    """
    if settings.source is None:
        return ""
    inside = False
    for number, line in enumerate(settings.source.read_text(encoding="utf-8-sig").splitlines(), 1):
        said = line.strip()
        if said.startswith("["):
            inside = said.partition("#")[0].strip() == f"[{section}]"
        key = said.partition("=")[0].strip().strip("\"'")
        if key in ((name,) if inside else (f"{section}.{name}",)):
            return f"{settings.source}, line {number}: "
    return f"{settings.source}: "
