"""Our forecast beside statsforecast and statsmodels: seconds for 1,000 series and accuracy, in one run.

Every set is forecast 14 days ahead from many days of its past. Errors are in units of each series' mean
move, and told as ratios to naive on the same forecasts: a Gaussian of the last 250 days, or for levels of
the changes since the last value. CRPS day is of the first day, CRPS sum of the sum of all; the peers have no
sums, so theirs are Gaussian from their own daily means and spreads, as if days were independent. OWA and sQL,
the scaled quantile loss (twice the pinball loss of five quantiles over the mean move of a day), are of
levels. Coverage counts all 14 days. Peers and "one core" run on one core with n_jobs=1; what is slow gets
every n-th series of a set.

Then a firm of some size: intervals, breach probabilities and payouts, each size in a process of its own.
"""

import json
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import click
from _forecast_methods import METHODS
from _forecast_scale import Cost, measure
from _forecast_scores import Effort, Row, compare
from _forecast_sets import HORIZON, PanelSet, panel_sets, two_state_accounts

from timeseries.terminal import render_table, say

FLOW_COLUMNS = ("CRPS day", "CRPS sum")
FLOW_SHARES = ("days 80", "days 95", "sum 80", "sum 95")
LEVEL_COLUMNS = ("OWA", "sQL")
LEVEL_SHARES = ("days 80", "days 95")
QUICK = Effort(rounds=1, share=0.03)
QUICK_SCALE = "2000"
# Above so many accounts one round is long.
MOST_REPEATED = 20_000


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="A tenth of everything, under a minute; too little to judge by.")
@click.option("--scale", default=None, help="Numbers of accounts.  [default: 10000,100000; quick: 2000]")
@click.option("--only", type=click.Choice(["sets", "scale"]), help="Leave the other half out.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write all figures to a file.")
def main(quick: bool, scale: str | None, only: str | None, target: Path | None) -> None:
    """Compare on every set, then grow."""
    rows: list[Row] = []
    costs: list[Cost] = []
    effort = QUICK if quick else Effort()
    if only != "scale":
        warm_up()
        for panel in panel_sets(quick=quick):
            rows += compared(panel, effort)
    if only != "sets":
        sizes = (scale or (QUICK_SCALE if quick else "10000,100000")).split(",")
        costs = [cost for size in sizes for cost in costs_of(int(size), effort)]
        show_costs(costs)
    if target:
        found = {"sets": [row.as_dict() for row in rows], "scale": [cost.as_dict() for cost in costs]}
        target.write_text(json.dumps(found, indent=2))


def warm_up() -> None:
    """Some methods compile at their first call.

    Raises:
        click.ClickException: a peer is not installed.
    """
    if find_spec("statsforecast") is None:
        raise click.ClickException("statsforecast is missing: pip install --editable '.[benchmarks]'")
    for method in METHODS:
        method(two_state_accounts(4, 100, seed=9), HORIZON, "flow")


def compared(panel: PanelSet, effort: Effort) -> list[Row]:
    """All methods on a set, as a table too."""
    rows = [compare(panel, method, effort) for method in METHODS]
    errors, shares = (FLOW_COLUMNS, FLOW_SHARES) if panel.kind == "flow" else (LEVEL_COLUMNS, LEVEL_SHARES)
    columns = ("method", "forecasts", "s/1,000", *errors, *shares)
    series, days = panel.values.shape
    title = f"{panel.name}: {series:,} series × {days:,} days, {len(panel.origins)} origins"
    render_table(columns, (line(row, errors, shares) for row in rows), title=title, left=("method",))
    return rows


def line(row: Row, errors: Iterable[str], shares: Iterable[str]) -> tuple[str, ...]:
    """A row of the table: ratios to naive, and coverage in per cent."""
    ratios = (f"{row.relative[name]:.3f}" for name in errors)
    return (
        row.method,
        f"{row.forecasts:,}",
        f"{row.seconds:.2f}",
        *ratios,
        *(f"{row.scores[name]:.1%}" for name in shares),
    )


def costs_of(accounts: int, effort: Effort) -> list[Cost]:
    """First run and daily update of a firm; of a small one the best of some rounds."""
    return measure(accounts, effort.rounds if accounts <= MOST_REPEATED else 1)


def show_costs(costs: list[Cost]) -> None:
    """A line for each size and run."""
    columns = ("accounts", "run", "seconds", "prepare", "intervals", "outcomes", "input", "before", "peak")
    table = [
        (
            f"{cost.accounts:,}",
            cost.run,
            *(f"{part:.1f}" for part in (cost.seconds, cost.prepare, cost.intervals, cost.outcomes)),
            *(f"{size:,.0f} MB" for size in (cost.input, cost.before, cost.peak)),
        )
        for cost in costs
    ]
    title = f"A firm's forecast, 365 days of the past, {HORIZON} coming, all cores"
    render_table(columns, table, title=title, left=("run",))
    say("Input is part of what the process holds before; outcomes are breaches and payouts on 500 paths.")


if __name__ == "__main__":
    main()
