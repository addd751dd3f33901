"""All settings of one run."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from timeseries.config._alerts import AlertSettings
from timeseries.config._health import HealthSettings
from timeseries.config._jobs import JobSettings
from timeseries.config._web import WebSettings

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """All settings of one run.

    Attributes:
        database_url: a TimescaleDB server; None starts the embedded database.
        data_dir: where the embedded database and its password live.
        retain_days: raw trades and equity older than this are dropped; None keeps all.
        source: the file they were read from.
        schedules: job name → when it runs, in place of the job's own; whoever runs the jobs checks them.
        rules: rule of the trade → its parameters, as they stand in ``[rules.NAME]``; whoever applies the
            rules checks them.
    """

    database_url: str | None = field(default=None, repr=False)
    data_dir: Path = field(default_factory=lambda: Path(platformdirs.user_data_dir("timeseries")))
    retain_days: int | None = None
    alerts: AlertSettings = field(default_factory=AlertSettings)
    jobs: JobSettings = field(default_factory=JobSettings)
    health: HealthSettings = field(default_factory=HealthSettings)
    web: WebSettings = field(default_factory=WebSettings)
    schedules: dict[str, str] = field(default_factory=dict)
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    source: Path | None = field(default=None, compare=False)
