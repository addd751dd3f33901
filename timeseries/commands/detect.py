"""``timeseries detect``: which accounts do not behave like themselves."""

from collections import Counter
from typing import Any

import click

from timeseries import pipeline
from timeseries.commands._session import Session, pass_session, print_json
from timeseries.commands._words import counted, gravest_first
from timeseries.metrics import refresh_metrics
from timeseries.reads import freshness
from timeseries.terminal import Bars, render_table, say

__all__ = ["detect"]

MOST_ALARMS = 100_000


class DailyBudget(click.ParamType[float]):
    """A number of alarms, with or without "/day" behind it."""

    name = "N/day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        try:
            number = float(str(value).removesuffix("/day"))
        except ValueError:
            number = 0.0
        if not 0 < number <= MOST_ALARMS:
            self.fail(f"{value!r} is no number of alarms a day, such as 20/day", param, ctx)
        return number


@click.command()
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The last day to score; by default the last complete one.",
)
@click.option(
    "--days",
    default=1,
    show_default=True,
    type=click.IntRange(1, 500),
    help="How many weekdays up to it to score.",
)
@click.option(
    "--fdr",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Accepted share of false alarms among the anomalies, over all accounts and days.",
)
@click.option("--budget", type=DailyBudget(), help="Most anomalies a day that become alarms, such as 20/day.")
@click.option(
    "--top", default=20, show_default=True, type=click.IntRange(1), help="How many findings to show."
)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output with every finding.")
@pass_session
def detect(
    session: Session, day: Any, days: int, fdr: float | None, budget: float | None, top: int, as_json: bool
) -> None:
    """Find accounts unlike their own past, cohorts that moved as one, and broken rules of the trade.

    Every day is judged only by the days before it. Looking at a day again replaces its findings. What becomes
    of them, `timeseries alerts` tells.
    """
    if fdr is not None and budget is not None:
        raise click.UsageError("Give --fdr or --budget, not both.")
    with session.database() as database, Bars() as bars:
        refresh_metrics(database, progress=bars)
        report = pipeline.detect(
            database,
            session.settings,
            day=day.date() if day else None,
            days=days,
            fdr=fdr,
            budget=budget,
            progress=bars,
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
    _show(report, top)
    say(fresh.sentence(), style="dim")


def _show(report: pipeline.DetectionReport, top: int) -> None:
    """The gravest findings, of these the newest; those kept as info only where there are no others."""
    graver = [finding for finding in report.findings if finding.severity != "info"]
    found = gravest_first(graver or report.findings)
    days = Counter(map(_what, found))
    first = list({_what(finding): finding for finding in reversed(found)}.values())[::-1]
    rows = [
        (str(f.trading_day), str(days[_what(f)]), _what(f)[0], f.severity, f.subject, f.reason)
        for f in gravest_first(first)[:top]
    ]
    if rows:
        columns = ("newest", "days", "account", "severity", "metric or rule", "what happened")
        render_table(columns, rows, left=[c for c in columns if c != "days"], wrap=columns[-1:])
    more = f" {len(first) - len(rows)} more lines with --top." if len(first) > len(rows) else ""
    say(
        f"{counted(len(graver), 'finding')} worth an alert in {counted(report.scored, 'account-day')} "
        f"up to {report.day}.{more} {len(report.findings) - len(graver):,} kept as info. "
        f"Too little past to judge: {counted(report.unscored, 'account-day')}."
    )


def _what(finding: pipeline.Finding) -> tuple[str, str]:
    """Days of the same account, or cohort, and the same metric or rule are one line."""
    return finding.account or finding.cohort or "", finding.subject
