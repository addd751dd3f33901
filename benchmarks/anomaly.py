"""Our anomaly scores beside scikit-learn's IsolationForest and a rolling z-score, on the same data in a run.

Every method sees the past only. Each set has one threshold for each method, that of one false alarm in 250
clean days; alarms within ten days of the alarm before are repeats and left out. Recall is of events, with the
delay of those found; VUS-PR is the published measure with tolerances of up to 20 days, the mean over series
that have an event. Days count from the 61st. IsolationForest gets five days in a row, each series its own
forest, trained anew on all the past six times.

Then what ours promises: p-values of clean series uniform, the share of false alarms below what was asked for
over 20 seeds, and the seconds for one new day of a firm.
"""

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
from _anomaly_methods import METHODS
from _anomaly_proof import FalseShare, NewDay, Uniformity, false_shares, new_day, uniformity
from _anomaly_sets import LabelledSet, labelled_sets

from timeseries.anomaly.backtest import KindScores, backtest, threshold_at
from timeseries.terminal import render_table, say

CLEAN_DAYS_PER_ALARM = 250
REPEAT_DAYS = 10


@dataclass(frozen=True)
class Row:
    """One method on one set.

    Attributes:
        seconds: for 1,000 series.
        scores: of all kinds, then of each.
    """

    panel: str
    method: str
    seconds: float
    scores: tuple[KindScores, ...]

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return asdict(self) | {"scores": {score.kind: score.as_dict() for score in self.scores}}


@click.command(help=__doc__)
@click.option(
    "--quick", is_flag=True, help="A part of nearly everything, about a minute; too little to judge by."
)
@click.option("--seeds", default="101,102", help="Of the generated series.", show_default=True)
@click.option("--only", type=click.Choice(["sets", "promises"]), help="Leave the other half out.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write all figures to a file.")
def main(quick: bool, seeds: str, only: str | None, target: Path | None) -> None:
    """Compare on every set, then check the promises."""
    found: dict[str, object] = {}
    if only != "promises":
        numbers = tuple(int(seed) for seed in seeds.split(","))
        rows = [row for panel in labelled_sets(quick=quick, seeds=numbers) for row in compared(panel)]
        found["sets"] = [row.as_dict() for row in rows]
    if only != "sets":
        found["promises"] = promises(quick=quick)
    if target:
        target.write_text(json.dumps(found, indent=2))


def compared(panel: LabelledSet) -> list[Row]:
    """All methods on a set, as a table too."""
    rows = [measured(panel, name) for name in METHODS]
    series, days = panel.values.shape
    kinds = [score.kind for score in rows[0].scores[1:]] if len(panel.kinds) > 1 else []
    columns = ("method", "s/1,000", "recall", "VUS-PR", "delay", "false/month", *kinds)
    title = f"{panel.name}: {series:,} series × {days:,} days, {rows[0].scores[0].events} events"
    render_table(columns, (line(row, kinds) for row in rows), title=title, left=("method",))
    return rows


def measured(panel: LabelledSet, method: str) -> Row:
    """One method with the threshold that its own false alarms set."""
    start = time.perf_counter()
    raw = METHODS[method](panel.values)
    seconds = time.perf_counter() - start
    judged = panel.judged
    oddness = np.where(judged, raw, np.nan)
    threshold = threshold_at(
        oddness, judged & (panel.label == 0), clean_days=CLEAN_DAYS_PER_ALARM, repeat_days=REPEAT_DAYS
    )
    proof = backtest(
        oddness > threshold,
        panel.label,
        kinds=panel.kinds,
        oddness=oddness,
        judged=judged,
        repeat_days=REPEAT_DAYS,
    )
    return Row(panel.name, method, seconds * 1000 / len(panel.values), proof.scores)


def line(row: Row, kinds: Iterable[str]) -> tuple[str, ...]:
    """A row of the table: all kinds together, then the recall of each."""
    whole = row.scores[0]
    recall = {score.kind: score.recall for score in row.scores}
    return (
        row.method,
        f"{row.seconds:.1f}",
        f"{whole.recall:.2f}",
        f"{whole.vus_pr:.3f}",
        f"{whole.delay:.0f}" if whole.recall else "–",
        f"{whole.false_per_month:.3f}",
        *(f"{recall[kind]:.2f}" for kind in kinds),
    )


def promises(*, quick: bool) -> dict[str, object]:
    """Uniform p-values, few false alarms, one new day; as tables too."""
    uniform = uniformity(200 if quick else 2000)
    shares = false_shares(3 if quick else 20)
    day = new_day(1000 if quick else 10_000, 20, rounds=1 if quick else 3)
    show(uniform, shares, day)
    return {
        "uniformity": uniform.as_dict(),
        "false shares": [share.as_dict() for share in shares],
        "new day": day.as_dict(),
    }


def show(uniform: Uniformity, shares: list[FalseShare], day: NewDay) -> None:
    """Sentences and a table."""
    say(
        f"Clean p-values of {uniform.series:,} × 250: KS distance {uniform.distance:.4f} "
        f"(p {uniform.pvalue:.2g}), {uniform.below:.2f} ‰ of them up to 0.001"
    )
    columns = ("p-values", "target", "mean", "largest", "alarms", "found")
    table = [
        (
            share.p_values,
            f"{share.target:.0%}",
            f"{share.mean:.2%}",
            f"{share.largest:.1%}",
            f"{share.alarms:,.0f}",
            f"{share.found:.0%}",
        )
        for share in shares
    ]
    title = f"False share of alarms over {shares[0].seeds} seeds"
    render_table(columns, table, title=title, left=("p-values",))
    say(f"{day.accounts:,} accounts × {day.metrics} metrics, one new day: {day.seconds:.1f} s")


if __name__ == "__main__":
    main()
