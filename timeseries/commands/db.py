"""``timeseries db``: the embedded server and the schema."""

from dataclasses import asdict

import click

from timeseries import database as library
from timeseries.commands._session import Session, pass_session, print_json
from timeseries.commands.verify import show_states, state_as_json, verify
from timeseries.database import embedded
from timeseries.errors import InputError
from timeseries.metrics import last_complete_day
from timeseries.terminal import megabytes, render_table, say, when
from timeseries.verify import PastVerification, past_verifications, subject_states

__all__ = ["db"]


@click.group()
def db() -> None:
    """The database: start, stop and look at it, verify it, and keep its schema up to date."""


db.add_command(verify)


@db.command()
@pass_session
def start(session: Session) -> None:
    """Start the embedded database, if it does not run yet."""
    _needs_embedded(session)
    with session.database():
        state = embedded.status(session.settings.data_dir)
    if state is not None:
        say(f"The embedded database runs on 127.0.0.1:{state.port} (process {state.pid}).")


@db.command()
@pass_session
def stop(session: Session) -> None:
    """Stop the embedded database; its data stays."""
    _needs_embedded(session)
    stopped = embedded.stop(session.settings.data_dir)
    say("The embedded database is stopped." if stopped else "The embedded database was not running.")


@db.command()
@pass_session
def url(session: Session) -> None:
    """Print the address for psql and other clients, password included."""
    if session.settings.database_url:
        click.echo(session.settings.database_url)
        return
    with session.database():
        state = embedded.status(session.settings.data_dir)
    if state is not None:
        click.echo(state.url)


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
@pass_session
def status(session: Session, as_json: bool) -> None:
    """Say which database is in use, what it holds, how well it is compressed and how far to trust it.

    Exit code 1 when the embedded database is not running.
    """
    settings = session.settings
    state = None if settings.database_url else embedded.status(settings.data_dir)
    if not settings.database_url and state is None:
        if as_json:
            print_json({"running": False, "data_dir": settings.data_dir})
        else:
            say(f"The embedded database in {settings.data_dir} is not running: `timeseries db start`.")
        click.get_current_context().exit(1)
    with session.database() as database:
        sizes = library.table_sizes(database)
        freshness = last_complete_day(database)
        states = subject_states(database)
        last = next(iter(past_verifications(database, limit=1)), None)
        name = database.name
    if as_json:
        print_json(
            {
                "running": True,
                "database": name,
                "last_complete_day": freshness.day,
                "stale_days": freshness.stale,
                "tables": [vars(size) for size in sizes],
                "subjects": [state_as_json(one) for one in states],
                "last_verification": asdict(last) if last else None,
            }
        )
        return
    say(f"{name}, {f'127.0.0.1:{state.port}' if state else 'schema ' + library.HEAD}")
    if state is not None:
        say(f"data directory {state.data_dir}")
    say(f"last complete day {freshness.day or '–'}, {freshness.stale} account-days waiting for a refresh")
    say(_last_verification(last))
    _show_sizes(sizes)
    show_states(states)


@db.command()
@click.argument("revision", default="head")
@pass_session
def upgrade(session: Session, revision: str) -> None:
    """Bring the schema up to REVISION (by default the newest)."""
    with session.database(any_schema=True) as database, database.connection() as connection:
        library.upgrade(connection, revision)
    say(f"The schema is at {library.HEAD if revision == 'head' else revision}.")


@db.command()
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
def downgrade(session: Session, revision: str, yes: bool) -> None:
    """Take the schema down to REVISION (``base``: all of it). The data of dropped tables is lost."""
    if not yes:
        click.confirm(f"Tables above {revision} are dropped with their data. Go on?", abort=True)
    with session.database(any_schema=True) as database, database.connection() as connection:
        library.downgrade(connection, revision)
    say(f"The schema is at {revision}.")


@db.command()
@pass_session
def history(session: Session) -> None:
    """List the schema's revisions and which of them this database has."""
    with session.database(any_schema=True) as database, database.connection() as connection:
        rungs = library.history(connection)
    rows = [(rung.revision, "yes" if rung.applied else "no", rung.title) for rung in rungs]
    render_table(("revision", "applied", "what"), rows, left=("revision", "applied", "what"))


def _needs_embedded(session: Session) -> None:
    if session.settings.database_url:
        raise InputError("A database URL is configured: start and stop are for the embedded database only.")


def _show_sizes(sizes: list[library.TableSize]) -> None:
    rows = [
        (
            size.table,
            f"{size.rows:,}",
            f"{size.compressed_chunks} of {size.chunks}",
            megabytes(size.total),
            f"{size.before / size.after:.1f}×" if size.before and size.after else "–",
            f"{size.total / size.rows:,.1f}" if size.rows else "–",
        )
        for size in sizes
    ]
    columns = ("table", "rows", "compressed chunks", "size", "compression", "bytes per row")
    render_table(columns, rows, left=("table",))


def _last_verification(last: PastVerification | None) -> str:
    if last is None:
        return "never compared with raw data: `timeseries db verify`"
    scope = "everything" if last.whole else "a sample"
    result = f"{last.differing:,} of {last.compared:,} differed" if last.differing else "all equal"
    healed = ", healed" if last.healed else ""
    return f"last compared with raw data {when(last.started_at)}, {scope}: {result}{healed}"
