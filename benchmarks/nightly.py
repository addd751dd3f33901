"""What a night costs: every job once for a new trading day, on a firm where all before it is done.

Makes demo firms, holds back what their files have of the newest day, loads the rest, finds and forecasts
what the weeks before hold, and runs every job for the weekday before. Then it loads what was held back and
runs every job of the registry for the new day as the scheduler does, each in a process of its own, but one
after the other. Printed are the parts, the plan from "the day is final" to "alerts delivered", and, with
several sizes, how the parts grow and what that makes of a larger firm: an extrapolation, no measurement.
Without a URL the database is an embedded one of its own.
"""

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from _database import scratch
from _nightly_firm import NewDay, load_firm, make_steady, nightly_settings, weekday
from _nightly_plan import Growth, alerts_out, critical_path, growth, plan, seconds_of
from _nightly_runs import INGEST, Part, measure

from jobs.registry import JOBS
from timeseries.config import Settings
from timeseries.database import Database, connect_database
from timeseries.metrics import known_day, load_accounts
from timeseries.terminal import errors, render_table, say

FILE = click.Path(path_type=Path)
WRITTEN = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True)
class Night:
    """The parts of one firm's night."""

    accounts: int
    parts: list[Part]


@click.command()
@click.option("--database-url", help="A server whose user may create databases; by default embedded.")
@click.option(
    "--accounts", default="2000", show_default=True, help='One firm of each size, commas between; may be "".'
)
@click.option("--days", default=160, show_default=True, help="Weekdays of each.")
@click.option("--seed", default=7, show_default=True, help="Of the demo firms.")
@click.option("--workers", default=2, show_default=True, help="Runs at a time, for the plan.")
@click.option("--target", default=100_000, show_default=True, help="Accounts to extrapolate to.")
@click.option(
    "--firm", help="Also this database with a loaded firm, written to: its newest day is done anew."
)
@click.option("--new-day", type=FILE, help="Folder with that firm's next day, to load first.")
@click.option(
    "--earlier", type=WRITTEN, multiple=True, help="What --json wrote of other sizes, to compare with."
)
@click.option("--json", "path", type=FILE, help="Also write the figures here.")
def main(
    database_url: str | None,
    accounts: str,
    days: int,
    seed: int,
    workers: int,
    target: int,
    firm: str | None,
    new_day: Path | None,
    earlier: tuple[Path, ...],
    path: Path | None,
) -> None:
    """Measure the parts of a night, plan it, and say how it grows."""
    logging.disable()
    nights = []
    for size in map(int, filter(None, accounts.split(","))):
        with scratch(database_url) as database, TemporaryDirectory() as directory:
            nights.append(_night_of_demo(database, Path(directory), size, days, seed))
        _show(nights[-1], workers)
    if firm is not None:
        nights.append(_night_of_firm(firm, new_day))
        _show(nights[-1], workers)
    if path is not None:
        path.write_text(json.dumps([asdict(night) for night in nights], indent=2))
    nights += [_from_dict(one) for file in earlier for one in json.loads(file.read_text())]
    if len(nights) > 1:
        _show_growth(nights, target, workers)


def _night_of_demo(database: Database, directory: Path, accounts: int, days: int, seed: int) -> Night:
    settings = nightly_settings(Settings())
    new = load_firm(database, directory, accounts, days, seed, _tell)
    make_steady(database, settings, new.day, _tell)
    return Night(accounts, measure(database, settings, new, _tell))


def _night_of_firm(url: str, folder: Path | None) -> Night:
    """Given its next day, all before must be done; otherwise the day before the newest is done first."""
    settings = nightly_settings(Settings(database_url=url))
    database = connect_database(settings)
    newest = known_day(database)
    if folder is None:
        new = NewDay(newest, ())
        make_steady(database, settings, newest, _tell)
    else:
        new = NewDay(weekday(newest, 1), tuple(sorted(folder.iterdir())))
    return Night(len(load_accounts(database)), measure(database, settings, new, _tell))


def _tell(what: str) -> None:
    errors.print(what, style="dim", markup=False)


def _show(night: Night, workers: int) -> None:
    columns = "job", "when", "seconds", "of them Python", "peak MB", "rows"
    title = f"A new day of {night.accounts:,} accounts, each run alone"
    render_table(columns, [_part_cells(part) for part in night.parts], title=title, left=columns[:2])
    _show_plan(night, workers)


def _part_cells(part: Part) -> tuple[str, ...]:
    figures = f"{part.seconds:.1f}", f"{part.processor:.1f}", f"{part.peak:,.0f}", f"{part.rows:,}"
    return part.name, _when(part.name), *figures


def _when(name: str) -> str:
    if name == INGEST:
        return "as files come"
    job = JOBS[name]
    return " after ".join([job.schedule, *([", ".join(job.after)] if job.after else [])])


def _show_plan(night: Night, workers: int) -> None:
    """Seconds from the moment the day is final."""
    steps = plan(seconds_of(night.parts), workers)
    rows = [
        (step.name, ", ".join(step.after) or "the day is final", f"{step.begun:.1f}", f"{step.ended:.1f}")
        for step in steps
    ]
    columns = ("job", "waits for", "begins", "ends")
    render_table(columns, rows, title=f"The same day on {workers} workers, in seconds", left=columns[:2])
    path = critical_path(steps)
    say(f"Critical path: {' → '.join(path)}. Alerts are out after {alerts_out(steps):.0f} s of work.")
    say(
        "To that come the waits: for the scheduler's looks and the clocks of alert and deliver, six minutes "
        "at most, and for a worker, if what runs by the clock (policies, compress, verify …) holds one."
    )


def _show_growth(nights: list[Night], target: int, workers: int) -> None:
    """What it takes for more accounts, from what it took for fewer."""
    nights = sorted(nights, key=lambda night: night.accounts)
    names = [
        part.name for part in nights[-1].parts if all(part.name in seconds_of(one.parts) for one in nights)
    ]
    sizes = [night.accounts for night in nights]
    rows, expected, peaks = [], {}, {}
    for name in names:
        seconds = growth(sizes, [seconds_of(night.parts)[name] for night in nights], target)
        memory = growth(sizes, [_peak(night, name) for night in nights], target)
        expected[name], peaks[name] = seconds.expected, memory.expected
        rows.append((name, *_growth_cells(seconds, 1000, ".2f"), *_growth_cells(memory, 1000, ".0f")))
    at = f"at {target:,}"
    columns = "job", "ms an account", "exponent", f"s {at}", "kB an account", "exponent", f"MB {at}"
    title = f"Growth over {', '.join(f'{size:,}' for size in sizes)} accounts"
    render_table(columns, rows, title=title, left=columns[:1])
    hungriest = max(peaks, key=peaks.__getitem__)
    steps = plan(dict.fromkeys(JOBS, 0.0) | expected, workers)
    say(
        f"EXTRAPOLATED to {target:,} accounts: alerts are out {alerts_out(steps) / 60:.1f} minutes of work "
        f"after the day is final, most memory of a process {peaks[hungriest]:,.0f} MB ({hungriest})."
    )


def _growth_cells(one: Growth, factor: float, form: str) -> tuple[str, str, str]:
    return f"{one.per_account * factor:{form}}", f"{one.exponent:.2f}", f"{one.expected:,.0f}"


def _peak(night: Night, name: str) -> float:
    return next(part.peak for part in night.parts if part.name == name)


def _from_dict(values: dict[str, Any]) -> Night:
    return Night(values["accounts"], [Part(**part) for part in values["parts"]])


if __name__ == "__main__":
    main()
