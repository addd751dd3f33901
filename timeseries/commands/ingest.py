"""``timeseries ingest``: files into the database."""

import json
import sys
from pathlib import Path

import click

from timeseries import ingest as library
from timeseries.commands._session import Session, pass_session, print_json
from timeseries.errors import InputError
from timeseries.ingest import Kind, LoadReport, StatementOptions
from timeseries.terminal import Bars, amount, render_table, say, when

__all__ = ["ingest"]

STDIN = Path("-")
FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
WORKERS = click.option(
    "--workers",
    type=click.IntRange(1),
    help="Connections to a server that share the work; by default what the file's size is worth.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")


@click.group()
def ingest() -> None:
    """Load files: CSV, gzip CSV, Parquet, MT4 statements. The same file twice changes nothing.

    Load plans first, then accounts, then trades and equity. Rows that cannot be kept go to the
    quarantine: `timeseries ingest rejected`.

    A dash (-) loads what arrives at standard input, CSV or one JSON object a line, in small batches;
    each is committed as a whole and then acknowledged by a line of JSON with the last record's ticket.
    """


@ingest.command()
@FILES
@JSON
@pass_session
def plans(session: Session, files: tuple[Path, ...], as_json: bool) -> None:
    """Load plans: plan, currency, initial_balance, reset_time, time_zone and the rules."""
    _load(session, Kind.PLANS, files, as_json)


@ingest.command()
@FILES
@JSON
@pass_session
def accounts(session: Session, files: tuple[Path, ...], as_json: bool) -> None:
    """Load accounts: account, plan, opened_at, and phase, group, status, closed_at where known."""
    _load(session, Kind.ACCOUNTS, files, as_json)


@ingest.command()
@FILES
@click.option("--account", help="MT4 statement: the account's name, instead of its number in the file.")
@click.option("--currency", help="MT4 statement: the account's currency, instead of the one in the file.")
@click.option(
    "--broker-time",
    metavar="ZONE",
    help="Where clocks stood that wrote times without a zone: Europe/Athens or +02:00. MT4: UTC by default.",
)
@click.option(
    "--plan",
    help="MT4 statement: the plan of an account seen for the first time; by default one without limits.",
)
@click.option("--group", help="MT4 statement: the group of an account seen for the first time.")
@WORKERS
@JSON
@pass_session
def trades(
    session: Session,
    files: tuple[Path, ...],
    account: str | None,
    currency: str | None,
    broker_time: str | None,
    plan: str | None,
    group: str | None,
    workers: int | None,
    as_json: bool,
) -> None:
    """Load closed trades, or MT4 statements (.htm) with their open trades and balance operations.

    A ticket that comes again with other values is a correction; one with `cancelled` set to true is
    taken out of every metric. With a column `updated_at` the version dated last is in force, in
    whatever order they come; without it the one that came last.
    """
    options = StatementOptions(
        time_zone=broker_time, account=account, currency=currency, plan=plan, account_group=group
    )
    _load(session, Kind.TRADES, files, as_json, options, workers)


@ingest.command()
@FILES
@WORKERS
@JSON
@pass_session
def equity(session: Session, files: tuple[Path, ...], workers: int | None, as_json: bool) -> None:
    """Load snapshots: account, time, balance, equity, margin."""
    _load(session, Kind.EQUITY, files, as_json, workers=workers)


@ingest.command()
@click.option("--file", "name", help="Only of files with this name.")
@click.option("--top", default=30, show_default=True, help="How many to show.")
@JSON
@pass_session
def rejected(session: Session, name: str | None, top: int, as_json: bool) -> None:
    """Show the quarantine: file, line, column and reason of every row that was not kept."""
    with session.database() as database:
        rows = library.rejected_rows(database, file=name, limit=top)
    if as_json:
        print_json([vars(row) for row in rows])
    elif not rows:
        say("The quarantine is empty.")
    else:
        columns = ("file", "line", "column", "reason", "row")
        table = [(row.file, str(row.line), row.column_name, row.reason, row.content) for row in rows]
        render_table(columns, table, left=("file", "column", "reason", "row"), wrap=("reason", "row"))


@ingest.command()
@JSON
@pass_session
def files(session: Session, as_json: bool) -> None:
    """List the files that were loaded."""
    with session.database() as database:
        found = library.ingested_files(database)
    if as_json:
        print_json([vars(file) for file in found])
        return
    if not found:
        say("No file was loaded yet.")
        return
    columns = ("file", "kind", "state", "new", "duplicate", "corrected", "cancelled", "rejected", "started")
    rows = [
        (
            f.name,
            f.kind,
            f.state,
            f"{f.rows_new:,}",
            f"{f.rows_duplicate:,}",
            f"{f.rows_corrected:,}",
            f"{f.rows_cancelled:,}",
            f"{f.rows_rejected:,}",
            when(f.started_at),
        )
        for f in found
    ]
    render_table(columns, rows, left=("file", "kind", "state", "started"))


def _load(
    session: Session,
    kind: Kind,
    paths: tuple[Path, ...],
    as_json: bool,
    options: StatementOptions | None = None,
    workers: int | None = None,
) -> None:
    if STDIN in paths:
        _load_stream(session, kind, paths, options)
        return
    reports = []
    with session.database() as database:
        for path in paths:
            with Bars() as bars:

                def progress(done: int, total: int | None, path: Path = path, bars: Bars = bars) -> None:
                    bars(path.name, done, total or done)

                report = library.load(
                    database,
                    kind,
                    path,
                    options=options or StatementOptions(),
                    workers=workers,
                    progress=progress,
                )
            reports.append(report)
            if not as_json:
                _say(report)
    if as_json:
        print_json([vars(report) for report in reports])


def _load_stream(
    session: Session, kind: Kind, paths: tuple[Path, ...], options: StatementOptions | None
) -> None:
    """One line of JSON for every committed batch, so that the sender knows what it need not repeat."""
    if len(paths) > 1:
        raise InputError("Standard input (-) is loaded alone: name the files in another command.")
    if sys.stdin.isatty():
        raise InputError("Nothing is piped in: send CSV or one JSON object a line to standard input.")
    with session.database() as database:
        for done in library.load_stream(database, kind, library.arriving(sys.stdin.buffer), options=options):
            line = {"position": done.position, **vars(done.counts), "account": done.account}
            line |= {"ticket": done.ticket} if kind is Kind.TRADES else {}
            line |= {"time": done.time} if kind is Kind.EQUITY else {}
            click.echo(json.dumps(line, default=str))
            sys.stdout.flush()


def _say(report: LoadReport) -> None:
    if report.already_loaded:
        say(f"{report.name}: already loaded, nothing to do.")
        return
    rate = f", {report.rows_read / report.seconds:,.0f} rows/s" if report.seconds > 1 else ""
    revised = [(report.rows_corrected, "corrected"), (report.rows_cancelled, "cancelled")]
    say(
        f"{report.name}: {report.rows_new:,} new, {report.rows_duplicate:,} already there, "
        + "".join(f"{count:,} {what}, " for count, what in revised if count)
        + f"{report.rows_rejected:,} rejected{rate}."
    )
    if report.statement is not None:
        totals = report.statement
        say(
            f"  account {totals.account}: closed P/L {amount(totals.closed_profit)} {totals.currency} "
            f"as the statement says, {totals.balance_operations} balance operations, "
            f"{totals.open_positions} open positions."
        )
    for note in report.notes:
        say(f"  {note}")
    if report.rows_rejected:
        say(f"  see why: timeseries ingest rejected --file {report.name}")
