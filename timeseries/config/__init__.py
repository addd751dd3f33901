"""Settings: ``timeseries.toml``, then the environment, then the command line; the later wins."""

from timeseries.config._alerts import MESSAGE_KINDS, AlertSettings, DigestSettings, Route, SinkSettings
from timeseries.config._health import HealthSettings
from timeseries.config._jobs import JobSettings
from timeseries.config._load import line_of, load_settings
from timeseries.config._settings import Settings
from timeseries.config._web import WebSettings

__all__ = [
    "MESSAGE_KINDS",
    "AlertSettings",
    "DigestSettings",
    "HealthSettings",
    "JobSettings",
    "Route",
    "Settings",
    "SinkSettings",
    "WebSettings",
    "line_of",
    "load_settings",
]
