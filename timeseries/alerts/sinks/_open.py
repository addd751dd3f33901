"""From the settings' URLs to sinks."""

import os
import re

from timeseries.alerts.sinks._log import LogSink
from timeseries.alerts.sinks._sink import Sink
from timeseries.alerts.sinks._webhook import WebhookSink
from timeseries.config import AlertSettings
from timeseries.errors import ConfigurationError

__all__ = ["check_sinks", "open_sinks"]

VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def check_sinks(settings: AlertSettings) -> None:
    """Make sure that every sink's URL can be used, without sending anything.

    ``$NAME`` or ``${NAME}`` in a URL stands for an environment variable, taken as it is; a dollar sign
    itself is written ``%24``.

    Raises:
        ConfigurationError: a variable is not set, or a URL is of no known kind or lacks a part.
            The message has the sink's name and never its URL.
    """
    open_sinks(settings)


def open_sinks(settings: AlertSettings) -> list[Sink]:
    """The sinks of the settings, by name. Raises as ``check_sinks`` does."""
    return [_open(name, url) for name, url in sorted(settings.sinks.items())]


def _open(name: str, template: str) -> Sink:
    url = _filled_in(name, template)
    try:
        return _sink(name, url)
    except ValueError:
        raise ConfigurationError(
            f"The URL of the sink {name!r} in [alerts] cannot be used: it must be log, an http(s) address, "
            "or an apprise URL such as mailto://user:password@example.com."
        ) from None


def _filled_in(name: str, template: str) -> str:
    def value(match: re.Match[str]) -> str:
        variable = match[1] or match[2]
        if not os.environ.get(variable):
            raise ConfigurationError(
                f"The sink {name!r} in [alerts] needs the environment variable {variable}, which is not set."
            )
        return os.environ[variable]

    return VARIABLE.sub(value, template)


def _sink(name: str, url: str) -> Sink:
    if url == "log":
        return LogSink(name)
    if url.lower().startswith(("http://", "https://")):
        return WebhookSink(name, url)
    # Here, because only who uses apprise should wait for its import.
    from timeseries.alerts.sinks._apprise import AppriseSink

    return AppriseSink(name, url)
