"""What detection is worth on whole firms: demo firms of fresh seeds, from files to alarms.

Each firm is generated, loaded and refreshed as in the demonstration, then its last third is replayed by
``backtest_anomaly`` with the default settings. An event counts as found by an alarm from its first day to
three days after its end; alarms on no event are false. The labelled accounts of each kind are few, so the
table adds up all firms. At the end: seconds to judge one new day of the last firm.
"""

import json
import time
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
from _database import scratch

from timeseries.config import Settings
from timeseries.database import Database
from timeseries.demo import generate
from timeseries.ingest import Kind, load
from timeseries.metrics import refresh_metrics
from timeseries.pipeline import AnomalyBacktest, backtest_anomaly, detect, read_events
from timeseries.terminal import render_table, say


@click.command()
@click.option("--database-url", help="A server whose user may create databases; by default embedded.")
@click.option("--seeds", default="901,902,903", show_default=True, help="One firm for each, commas between.")
@click.option("--accounts", default=2000, show_default=True, help="Accounts of each firm.")
@click.option("--days", default=180, show_default=True, help="Its weekdays.")
@click.option("--json", "path", type=click.Path(path_type=Path), help="Also write the figures here.")
def main(database_url: str | None, seeds: str, accounts: int, days: int, path: Path | None) -> None:
    """Find the anomalies put into demo firms, and count the false alarms."""
    proofs = []
    for seed in map(int, seeds.split(",")):
        with scratch(database_url) as database, TemporaryDirectory() as directory:
            labels = _load_firm(database, Path(directory), accounts, days, seed)
            proofs.append(backtest_anomaly(database, Settings(), read_events(labels), days=days // 3))
            seconds = _seconds_for_a_day(database)
        say(f"seed {seed}: {_summary(proofs[-1])}")
    rows = _rows(proofs)
    columns = ("put in", "events", "found", "delay, median days", "false alarms an account-month")
    render_table(columns, [tuple(row.values()) for row in rows], left=columns[:1])
    say(f"One new day of {accounts:,} accounts, from tables to stored findings: {seconds:.1f} s.")
    if path is not None:
        path.write_text(json.dumps(rows, indent=2))


def _load_firm(database: Database, directory: Path, accounts: int, days: int, seed: int) -> Path:
    firm = generate(directory, accounts=accounts, days=days, seed=seed)
    for file in (*firm.plans, *firm.accounts, *firm.trades, *firm.equity):
        load(database, next(kind for kind in Kind if file.name.startswith(kind)), file)
    refresh_metrics(database)
    return firm.labels_file


def _seconds_for_a_day(database: Database) -> float:
    begun = time.perf_counter()
    detect(database, Settings())
    return time.perf_counter() - begun


def _summary(found: AnomalyBacktest) -> str:
    whole = found.proof.scores[0]
    return f"{whole.recall:.2f} of {whole.events} events, {whole.false_per_month:.3f} false an account-month"


def _rows(proofs: list[AnomalyBacktest]) -> list[dict[str, Any]]:
    delays: dict[str, list[float]] = defaultdict(list)
    for found in proofs:
        kinds = [score.kind for score in found.proof.scores[1:]]
        codes = np.unique(found.proof.events.kind)
        for kind, code in zip(kinds, codes, strict=True):
            delays[kind].extend(found.proof.delay[found.proof.events.kind == code])
    false = sum(found.proof.scores[0].false_alarms for found in proofs)
    months = sum(
        found.proof.scores[0].false_alarms / found.proof.scores[0].false_per_month
        for found in proofs
        if found.proof.scores[0].false_alarms
    )
    everything = [delay for kind in delays.values() for delay in kind]
    rows = [_row(kind, values, "") for kind, values in sorted(delays.items())]
    return [*rows, _row("all", everything, f"{false / max(months, 1e-9):.3f}")]


def _row(kind: str, delays: list[float], false: str) -> dict[str, Any]:
    known = [delay for delay in delays if np.isfinite(delay)]
    share = f"{100 * len(known) / len(delays):.0f} %"
    delay = f"{np.median(known):.0f}" if known else "–"
    return {
        "put in": kind.replace("_", " "),
        "events": str(len(delays)),
        "found": share,
        "delay": delay,
        "false": false,
    }


if __name__ == "__main__":
    main()
