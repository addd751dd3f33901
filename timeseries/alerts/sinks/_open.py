"""From the settings' URLs to sinks."""

import os
import re

from timeseries.alerts.sinks._alertmanager import AlertmanagerSink
from timeseries.alerts.sinks._log import LogSink
from timeseries.alerts.sinks._sink import Sink
from timeseries.alerts.sinks._webhook import WebhookSink
from timeseries.config import AlertSettings, SinkSettings
from timeseries.errors import ConfigurationError

__all__ = ["check_sinks", "hears_the_end", "open_sinks", "usable_sinks"]

VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
WEBHOOKS = ("http", "https")
ALERTMANAGERS = ("alertmanager", "alertmanagers")


def check_sinks(settings: AlertSettings) -> None:
    """Make sure that every sink's URL can be used, without sending anything.

    ``$NAME`` or ``${NAME}`` in a URL or secret stands for an environment variable, taken as it is; a dollar
    sign itself is written ``%24`` in a URL.

    Raises:
        ConfigurationError: a variable is not set, a URL is of no known kind or lacks a part, or a secret is
            given where nothing is signed. The message has the sink's name and never its URL.
    """
    open_sinks(settings)


def open_sinks(settings: AlertSettings) -> list[Sink]:
    """The sinks of the settings, by name. Raises as ``check_sinks`` does."""
    sinks, errors = usable_sinks(settings)
    if errors:
        raise errors[0]
    return sinks


def usable_sinks(settings: AlertSettings) -> tuple[list[Sink], list[ConfigurationError]]:
    """The sinks that can be used, by name, and what keeps the others from it."""
    sinks: list[Sink] = []
    errors: list[ConfigurationError] = []
    for name, sink in sorted(settings.sinks.items()):
        try:
            sinks.append(_open(name, _settings(sink)))
        except ConfigurationError as error:
            errors.append(error)
    return sinks, errors


def hears_the_end(sink: str | SinkSettings) -> bool:
    """Whether a sink is told that an alert is over: as it is set, else webhooks and Alertmanagers are."""
    settings = _settings(sink)
    if settings.resolved is not None:
        return settings.resolved
    # A process that only raises alerts need not have the addresses in its environment.
    url = VARIABLE.sub(lambda match: os.environ.get(match[1] or match[2], ""), settings.url)
    return _scheme(url) in (*WEBHOOKS, *ALERTMANAGERS)


def _settings(sink: str | SinkSettings) -> SinkSettings:
    return sink if isinstance(sink, SinkSettings) else SinkSettings(sink)


def _scheme(url: str) -> str:
    scheme, separator, _ = url.partition("://")
    return scheme.lower() if separator else ""


def _open(name: str, settings: SinkSettings) -> Sink:
    url = _filled_in(name, settings.url)
    secret = None if settings.secret is None else _filled_in(name, settings.secret)
    if secret is not None and (not secret or _scheme(url) not in WEBHOOKS):
        raise ConfigurationError(
            f"The sink {name!r} in [alerts] has a secret that cannot be used: "
            "only http(s) webhooks are signed, and not with an empty secret."
        )
    try:
        return _sink(name, url, secret)
    except ValueError:
        raise ConfigurationError(
            f"The URL of the sink {name!r} in [alerts] cannot be used: it must be log, an http(s) address, "
            "alertmanager://host:9093, or an apprise URL such as mailto://user:password@example.com."
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


def _sink(name: str, url: str, secret: str | None) -> Sink:
    if url == "log":
        return LogSink(name)
    if _scheme(url) in WEBHOOKS:
        return WebhookSink(name, url, secret)
    if _scheme(url) in ALERTMANAGERS:
        return AlertmanagerSink(name, url)
    # Here, because only who uses apprise should wait for its import.
    from timeseries.alerts.sinks._apprise import AppriseSink

    return AppriseSink(name, url)
