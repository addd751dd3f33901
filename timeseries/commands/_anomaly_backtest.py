"""How a backtest of detection is shown."""

from math import isnan
from typing import Any

from timeseries.anomaly.backtest import Backtest, KindScores
from timeseries.commands._words import counted
from timeseries.pipeline import AnomalyBacktest
from timeseries.terminal import render_table, say

__all__ = ["plain_anomaly_backtest", "show_anomaly_backtest"]

COLUMNS = (
    "what happened",
    "events",
    "found",
    "alarms",
    "precision",
    "false an account-month",
    "delay, days",
    "VUS-PR",
)


def show_anomaly_backtest(found: AnomalyBacktest, top: int) -> None:
    """Tables by kind, for the settings in force and those proposed, and what the change would change."""
    say(f"{len(found.accounts):,} accounts, {found.first_day} to {found.last_day}.\n")
    change = found.change
    _table("With the settings in force" if change else "What would have been raised", found.proof)
    if found.unknown:
        say(f"Labelled events on accounts or days that were not replayed: {found.unknown:,}.\n")
    if change is None:
        return
    _table("With the proposed settings", change.after)
    for word, places in (("new", change.new), ("gone", change.gone)):
        rows = [(found.accounts[account], str(found.day(int(day)))) for account, day in places[:top]]
        if rows:
            render_table(
                ("account", "day"), rows, title=f"Alarms that would be {word}", left=("account", "day")
            )
    say(
        f"The change would bring {counted(len(change.new), 'new alarm')} and take away {len(change.gone):,}. "
        f"It would find {counted(len(change.gained), 'labelled event')} that the settings in force miss, "
        f"and miss {len(change.lost):,} that they find."
    )


def plain_anomaly_backtest(found: AnomalyBacktest) -> dict[str, Any]:
    """The same for machines: scores by kind, and of a change what differs, with accounts and days by name."""
    about = {
        "first_day": found.first_day,
        "last_day": found.last_day,
        "accounts": len(found.accounts),
        "not_replayed": found.unknown,
        "scores": found.proof.as_dict(),
    }
    change = found.change
    if change is None:
        return about
    events = change.before.events
    spans = list(zip(events.series, events.first, events.last, strict=True))
    return about | {
        "proposed": change.after.as_dict(),
        "new": [_place(found, *place) for place in change.new],
        "gone": [_place(found, *place) for place in change.gone],
        "gained": [_place(found, *spans[event]) for event in change.gained],
        "lost": [_place(found, *spans[event]) for event in change.lost],
    }


def _place(found: AnomalyBacktest, account: int, first: int, last: int | None = None) -> dict[str, Any]:
    if last is None:
        return {"account": found.accounts[account], "day": found.day(int(first))}
    days = {"first_day": found.day(int(first)), "last_day": found.day(int(last))}
    return {"account": found.accounts[account], **days}


def _table(title: str, proof: Backtest) -> None:
    rows = [_row(score) for score in proof.scores]
    render_table(COLUMNS, rows, title=title, left=COLUMNS[:1], wrap=COLUMNS)


def _row(score: KindScores) -> tuple[str, ...]:
    return (
        "all" if score.kind == "all" else score.kind.replace("_", " "),
        f"{score.events}",
        _share(score.recall),
        f"{score.alarms}",
        _share(score.precision),
        _number(score.false_per_month, 3),
        _number(score.delay, 0),
        _number(score.vus_pr, 2),
    )


def _share(value: float) -> str:
    return "–" if isnan(value) else f"{100 * value:.0f} %"


def _number(value: float, digits: int) -> str:
    return "–" if isnan(value) else f"{value:.{digits}f}"
