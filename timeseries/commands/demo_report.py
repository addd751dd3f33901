"""The report at the end of the demonstration, one function a section."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from timeseries.alerts import Alert
from timeseries.commands._words import counted
from timeseries.database import TableSize
from timeseries.demo import DemoFirm
from timeseries.ingest import Kind, LoadReport
from timeseries.pipeline import AccountForecast, DetectionReport
from timeseries.terminal import amount, megabytes, percent, render_table, say, sparkline

__all__ = ["show_alerts", "show_examples", "show_loaded", "show_next_steps", "show_recall", "show_sizes"]

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


def show_alerts(report: DetectionReport, alerts: Sequence[Alert]) -> None:
    """The newest alerts, in words."""
    newest = [alert for alert in alerts if alert.trading_day == report.day and alert.kind == "incident"]
    if newest:
        columns = ("alert", "severity", "what happened")
        rows = [(str(a.alert_id), a.severity, a.body) for a in newest[:SHOWN]]
        title = f"Who misbehaved yesterday, {report.day}"
        render_table(columns, rows, title=title, left=columns, wrap=columns[-1:])
    incidents = sum(alert.kind == "incident" for alert in alerts)
    alarms = sum(finding.severity != "info" for finding in report.findings)
    say(
        f"{len(newest)} alerts about that day; {incidents} in the last {report.scored:,} account-days, made "
        f"of {alarms} findings worth one, and {len(alerts) - incidents} forecasts of a broken rule.\n"
    )


def show_recall(firm: DemoFirm, report: DetectionReport, alerts: Sequence[Alert]) -> None:
    """How many of the anomalies put in were found until three days after their end, and how soon."""
    days: dict[str, list[date]] = defaultdict(list)
    for finding in report.findings:
        if finding.account and finding.severity != "info":
            days[finding.account].append(finding.trading_day)
    delays: dict[str, list[int | None]] = defaultdict(list)
    for label in firm.labels:
        found = [day for day in days[label.account] if label.first_day <= day <= label.last_day + GRACE]
        delays[label.kind].append(int(np.busday_count(label.first_day, min(found))) if found else None)
    rows = []
    for kind, all_delays in delays.items():
        known = [delay for delay in all_delays if delay is not None]
        after = counted(round(float(np.median(known))), "day") if known else "–"
        rows.append((kind.replace("_", " "), f"{len(known)} of {len(all_delays)}", after))
    columns = ("put in", "found", "after (median)")
    if rows:
        render_table(columns, rows, title="The anomalies put in on purpose", left=columns)
    labelled = {label.account for label in firm.labels}
    false = sum(one.kind == "incident" and one.account not in labelled for one in alerts)
    say(f"Alerts about accounts without any: {false / max(report.scored, 1) * 21:.3f} an account-month.\n")


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
    say("  timeseries serve          # all of it in a browser")
    say("or load your own, into a database of its own:", style="bold")
    say("  unset TIMESERIES_DATA_DIR")
    say("  timeseries ingest trades STATEMENT.htm")
