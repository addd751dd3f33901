"""Spans of time, windows and states as people read them."""

from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo

from rich.text import Text

from jobs.engine import Run, Standing, Window

__all__ = [
    "ago",
    "coloured",
    "last_run",
    "moment_in",
    "outstanding",
    "span",
    "span_of",
    "why_by_job",
    "window_of",
]

STYLES = {
    "due": "yellow",
    "running": "cyan",
    "waiting": "yellow",
    "retrying": "red",
    "paused": "magenta",
    "idle": "dim",
    "switched off": "magenta",
    "done": "green",
    "failed": "red",
    "given up": "red",
    "given_up": "red",
    "lost": "red",
}
UNITS = (("day", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1))


def coloured(state: str, text: str | None = None) -> Text:
    """A state, or a text about it, in the state's colour, for tables."""
    return Text(text or state.replace("_", " "), STYLES.get(state, ""))


def span(seconds: float | None) -> str:
    """How long something took or takes: 0.3 s, 45 s, 4 min 10 s, 5 h 3 min, 2 days 4 h."""
    if seconds is None:
        return "–"
    if round(seconds) < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    whole = round(seconds)
    unit, size, part, small = next(one for one in UNITS if whole >= one[1])
    count, rest = whole // size, whole % size // small
    noun = "days" if unit == "day" and count > 1 else unit
    return f"{count} {noun} {rest} {part}" if rest else f"{count} {noun}"


def span_of(length: timedelta) -> str:
    """The same of a timedelta."""
    return span(length.total_seconds())


def ago(moment: datetime | None, now: datetime) -> str:
    """A moment beside now: 3 min ago, in 4 h; coarse, for a glance."""
    if moment is None:
        return "–"
    seconds = (moment - now).total_seconds()
    distance = abs(seconds)
    size, unit = next(((s, u) for u, s, _, _ in UNITS if distance >= s), (1, "s"))
    count = round(distance / size)
    noun = "days" if unit == "day" and count > 1 else unit
    return f"in {count} {noun}" if seconds > 0 else f"{count} {noun} ago"


def moment_in(moment: datetime, zone: tzinfo) -> str:
    """A moment on the wall clock of a zone, with its weekday and the zone's name at that moment."""
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"


def window_of(window: Window) -> str:
    """A window, as short as it can be said: a trading day, or from when to when."""
    if window.day is not None:
        return str(window.day)
    same_day = window.start.date() == window.end.date()
    return f"{window.start:%m-%d %H:%M}–{window.end:{'%H:%M' if same_day else '%m-%d %H:%M'}}"


def outstanding(standing: Standing, now: datetime) -> str:
    """What is to be done: the trading day, or for how long it has been due; and how many windows more."""
    if standing.window is None or (standing.state == "paused" and not standing.behind):
        return "–"
    if standing.window.day is not None:
        more = f" and {standing.behind - 1} more" if standing.behind > 1 else ""
        return f"{standing.window.day}{more}"
    missed = f", {standing.behind:,} missed" if standing.behind > 1 else ""
    return f"for {ago(standing.due_since, now).removesuffix(' ago')}{missed}"


def last_run(run: Run | None, now: datetime) -> Text:
    """How the last run ended, when it began, and how long it took, for tables."""
    if run is None:
        return Text("never")
    took = f" in {span(run.seconds)}" if run.state == "done" else ""
    if run.state == "running":
        return coloured("running", f"since {span_of(now - run.started_at)}")
    return Text.assemble(coloured(run.state), f" {ago(run.started_at, now)}{took}")


def why_by_job(standings: Iterable[Standing]) -> list[str]:
    """What jobs wait for, a sentence for all that wait for the same."""
    reasons: dict[str, list[str]] = {}
    for one in standings:
        if one.why:
            day = f"{one.window.day}: " if one.state == "waiting" and one.window and one.window.day else ""
            reasons.setdefault(f"{one.state}: {day}{one.why}", []).append(one.job.name)
    return [f"{', '.join(names)} {reason}" for reason, names in reasons.items()]
