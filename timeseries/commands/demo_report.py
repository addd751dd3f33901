"""The report at the end of the demonstration, one function a section."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from timeseries.database import TableSize
from timeseries.demo import DemoFirm
from timeseries.ingest import Kind, LoadReport
from timeseries.pipeline import AccountForecast, DetectionReport
from timeseries.terminal import amount, megabytes, percent, render_table, say, sparkline

__all__ = ["show_examples", "show_findings", "show_loaded", "show_next_steps", "show_recall", "show_sizes"]

GRACE = timedelta(days=3)
SHOWN = 8


def show_loaded(loads: Sequence[LoadReport], firm: DemoFirm) -> None:
    """What became of the files' rows."""
    rows = []
    for kind in Kind:
        ours = [load for load in loads if load.kind == kind]
        read, seconds = sum(load.rows_read for load in ours), sum(load.seconds for load in ours)
        rows.append(
            (
                str(kind),
                str(len(ours)),
                f"{sum(load.rows_new for load in ours):,}",
                f"{sum(load.rows_duplicate for load in ours):,}",
                f"{sum(load.rows_rejected for load in ours):,}",
                f"{read / seconds:,.0f}" if seconds > 1 else "–",
            )
        )
    title = f"A synthetic firm: {firm.counts.accounts:,} accounts, {firm.first_day} to {firm.last_day}"
    render_table(
        ("", "files", "new rows", "repeated", "quarantined", "rows/s"), rows, title=title, left=("",)
    )
    say(
        f"{firm.counts.late:,} trades came late, into compressed chunks; "
        f"{firm.counts.accounts_ended:,} accounts broke their rules and ended.\n"
    )


def show_sizes(sizes: Sequence[TableSize]) -> None:
    """What the hypertables weigh, and what compression achieved."""
    rows = []
    for size in sizes:
        ratio = f"{size.before / size.after:.1f}×" if size.before and size.after else "–"
        each = f"{size.total / size.rows:.1f} B" if size.rows else "–"
        rows.append((size.table, f"{size.rows:,}", megabytes(size.total), ratio, each))
    columns = ("hypertable", "rows", "size", "compression", "a row")
    render_table(columns, rows, title="Storage", left=("hypertable",))


def show_findings(report: DetectionReport) -> None:
    """The last day's anomalies, in words."""
    todays = [finding for finding in report.findings if finding.trading_day == report.day]
    if todays:
        columns = ("account", "severity", "what happened")
        rows = [(f.account, f.severity, f.reason) for f in todays[:SHOWN]]
        title = f"Who misbehaved yesterday, {report.day}"
        render_table(columns, rows, title=title, left=columns, wrap=columns[-1:])
    alarms = sum(finding.severity != "info" for finding in report.findings)
    say(
        f"{len(todays)} findings on that day; {len(report.findings):,} in the last "
        f"{report.scored:,} account-days, {alarms} of them graver than info.\n"
    )


def show_recall(firm: DemoFirm, report: DetectionReport) -> None:
    """How many of the anomalies put in were found until three days after their end."""
    days: dict[str, list[date]] = defaultdict(list)
    for finding in report.findings:
        days[finding.account].append(finding.trading_day)
    hits: dict[str, list[bool]] = defaultdict(list)
    for label in firm.labels:
        until = label.last_day + GRACE
        hits[label.kind].append(any(label.first_day <= day <= until for day in days[label.account]))
    columns = ("put in", "found")
    rows = [(kind.replace("_", " "), f"{sum(found)} of {len(found)}") for kind, found in hits.items()]
    if rows:
        render_table(columns, rows, title="The anomalies put in on purpose", left=columns)
    labelled = {label.account for label in firm.labels}
    false = sum(finding.account not in labelled for finding in report.findings)
    say(
        f"On accounts without any: {false / max(report.scored, 1) * 21:.2f} findings an account-month. "
        "Copied trades are not looked for yet.\n"
    )


def show_examples(examples: Sequence[AccountForecast]) -> None:
    """Forecasts of a few accounts, one line each."""
    rows = []
    for one in examples:
        low, high = one.total_quantiles[-1, one.level(0.1)], one.total_quantiles[-1, one.level(0.9)]
        rows.append(
            (
                one.account,
                sparkline(one.history_balance, 30),
                amount(float(one.mean[:5].sum())),
                amount(float(one.mean.sum())),
                f"{amount(low, 0)} … {amount(high, 0)}",
                percent(one.risks["any_breach"], 1),
                one.model,
            )
        )
    horizon = examples[0].horizon if examples else 0
    columns = ("account", "balance", "next 5 days", f"{horizon} days", "80 % interval", "breach", "model")
    render_table(
        columns, rows, title="What they are likely to earn next (USD)", left=("account", "balance", "model")
    )


def show_next_steps(home: Path, examples: Sequence[AccountForecast], seconds: dict[str, float]) -> None:
    """What to type next, and where the time went."""
    account = examples[0].account if examples else "ACCOUNT"
    spent = ", ".join(f"{stage} {taken:.0f} s" for stage, taken in seconds.items())
    say(f"\n{sum(seconds.values()):.0f} seconds in all: {spent}.")
    say("\nGo on with this firm:", style="bold")
    say(f"  export TIMESERIES_DATA_DIR={home}")
    say(f"  timeseries metrics {account}")
    say(f"  timeseries forecast {account} --horizon 14 --plot forecast.png")
    say("  timeseries alerts list")
    say("or load your own, into a database of its own:", style="bold")
    say("  unset TIMESERIES_DATA_DIR")
    say("  timeseries ingest trades STATEMENT.htm")
