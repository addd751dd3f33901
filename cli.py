"""The command line: which verb stands where, and errors turned into sentences."""

import logging
import sys
from pathlib import Path

import click

from timeseries import __version__
from timeseries.commands import Session, Verb, Verbs
from timeseries.errors import TimeseriesError
from timeseries.terminal import errors

__all__ = ["main", "timeseries"]

INTERRUPTED = 130
LIBRARY = "timeseries.commands"
VERBS = {
    "demo": Verb(
        "jobs.commands.demo", "demo", "Try everything on a synthetic firm, in a database of its own."
    ),
    "db": Verb(f"{LIBRARY}.db", "db", "The database: start, stop, verify it; look at its state."),
    "ingest": Verb(f"{LIBRARY}.ingest", "ingest", "Load files: CSV, gzip CSV, Parquet, MT4 statements."),
    "accounts": Verb(f"{LIBRARY}.accounts", "accounts", "Accounts: list them, look at one, read its trades."),
    "metrics": Verb(f"{LIBRARY}.metrics", "metrics", "Show an account's daily metrics."),
    "symbols": Verb(f"{LIBRARY}.symbols", "symbols", "Show how each symbol was traded."),
    "detect": Verb(f"{LIBRARY}.detect", "detect", "Find accounts unlike their own past or their cohort."),
    "forecast": Verb(
        f"{LIBRARY}.forecast", "forecast", "Forecast an account's profit and its chance of a breach."
    ),
    "backtest": Verb(f"{LIBRARY}.backtest", "backtest", "Prove the analytics on the firm's own past."),
    "alerts": Verb(f"{LIBRARY}.alerts", "alerts", "Alerts: list them, look at one, judge it, mute."),
    "rules": Verb(f"{LIBRARY}.rules", "rules", "Rules of the trade: list them, look for what breaks them."),
    "tokens": Verb(f"{LIBRARY}.tokens", "tokens", "Tokens of the API: make, list, rotate and revoke them."),
    "jobs": Verb(
        "jobs.commands", "jobs", "The scheduled work: how it stands, run some now, keep it running."
    ),
    "serve": Verb("jobs.commands.serve", "serve", "Serve the pages and the HTTP interface."),
}


@click.group(
    cls=Verbs,
    verbs=VERBS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
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
