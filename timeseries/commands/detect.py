"""``timeseries detect``: which accounts do not behave like themselves."""

from typing import Any

import click

from timeseries import pipeline
from timeseries.commands._session import Session, pass_session, print_json
from timeseries.metrics import refresh_metrics
from timeseries.reads import freshness
from timeseries.terminal import Bars, render_table, say

__all__ = ["detect"]


@click.command()
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The last day to score; by default the last complete one.",
)
@click.option("--days", default=1, show_default=True, help="How many weekdays up to it to score.")
@click.option(
    "--fdr",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Accepted share of false discoveries a day.",
)
@click.option("--top", default=20, show_default=True, help="How many findings to show.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output with every finding.")
@pass_session
def detect(session: Session, day: Any, days: int, fdr: float | None, top: int, as_json: bool) -> None:
    """Score account-days against their own past and store what stands out.

    Every day is judged only by the days before it. Scoring a day again replaces its findings.
    """
    with session.database() as database, Bars() as bars:
        refresh_metrics(database, progress=bars)
        report = pipeline.detect(
            database, session.settings, day=day.date() if day else None, days=days, fdr=fdr, progress=bars
        )
        fresh = freshness(database)
    if as_json:
        print_json(
            {
                "day": report.day,
                "scored": report.scored,
                "findings": [vars(f) for f in report.findings],
                "freshness": fresh.as_dict(),
            }
        )
        return
    rows = [
        (str(f.trading_day), f.account, f.severity, f.metric, f"{f.pvalue:.2g}", f.reason)
        for f in report.findings[:top]
    ]
    if rows:
        columns = ("day", "account", "severity", "metric", "p", "what happened")
        render_table(
            columns, rows, left=("day", "account", "severity", "metric", "what happened"), wrap=columns[-1:]
        )
    more = f", {len(report.findings) - top} more with --top" if len(report.findings) > top else ""
    say(
        f"{len(report.findings)} findings in {report.scored:,} account-days up to {report.day}{more}. "
        f"{report.unscored:,} account-days have too little past to judge."
    )
    say(fresh.sentence(), style="dim")
