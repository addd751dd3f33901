"""The command line: which verb stands where, and errors turned into sentences."""

import logging
import sys
from importlib import import_module
from pathlib import Path

import click

from timeseries import __version__
from timeseries.commands import Session
from timeseries.errors import TimeseriesError
from timeseries.terminal import errors

__all__ = ["main", "timeseries"]

INTERRUPTED = 130
VERBS = {
    "demo": "jobs.commands",
    "db": "timeseries.commands.db",
    "ingest": "timeseries.commands.ingest",
    "accounts": "timeseries.commands.accounts",
    "metrics": "timeseries.commands.metrics",
    "symbols": "timeseries.commands.symbols",
    "detect": "timeseries.commands.detect",
    "forecast": "timeseries.commands.forecast",
    "backtest": "timeseries.commands.backtest",
    "alerts": "timeseries.commands.alerts",
    "rules": "timeseries.commands.rules",
    "jobs": "jobs.commands",
}


class Verbs(click.Group):
    """The verbs, each imported when it is used: the numeric libraries take a second to load."""

    def list_commands(self, context: click.Context) -> list[str]:
        """All verbs, in the order people meet them."""
        return list(VERBS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The verb, or None when there is none such."""
        if name not in VERBS:
            return None
        command = getattr(import_module(VERBS[name]), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--database-url", help="A TimescaleDB server; by default the embedded database.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the embedded database lives.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file; by default ./timeseries.toml.",
)
@click.option("-v", "--verbose", is_flag=True, help="Log what is done.")
@click.version_option(__version__, prog_name="timeseries")
@click.pass_context
def timeseries(
    context: click.Context,
    database_url: str | None,
    data_dir: Path | None,
    config: Path | None,
    verbose: bool,
) -> None:
    """Daily metrics, anomalies, profit forecasts and alerts for proprietary-trading accounts.

    Try `timeseries demo`, or load your own files: `timeseries ingest --help`.
    """
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    context.obj = Session(config, database_url, data_dir)


def main() -> None:
    """Run the program; every error of ours becomes one sentence and an exit code."""
    try:
        code = timeseries(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        errors.print("Stopped. What was finished stays; run the same command again to go on.")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except TimeseriesError as error:
        errors.print(f"timeseries: {error}", style="red", markup=False, soft_wrap=True)
        sys.exit(error.exit_code)
    sys.exit(code if isinstance(code, int) else 0)
