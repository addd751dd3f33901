"""One plain-English sentence for a finding."""

from collections.abc import Callable
from datetime import date
from math import floor, isfinite, log10
from typing import Literal, get_args

__all__ = ["Unit", "explain"]

Unit = Literal["count", "lots", "money", "number", "seconds", "share"]

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
NOTABLE_RATIO = 1.5
MOST_TIMES = 1_000.0
RAREST = 1_000_000
PREPOSITIONS = frozenset({"per", "of", "in", "on", "at", "to"})


def explain(
    label: str,
    unit: Unit,
    *,
    day: date,
    seen: float,
    expected: float,
    direction: int,
    spread: float,
    pvalue: float,
    since: date | None = None,
    detector: str = "residual",
    currency: str = "",
) -> str:
    """Say what happened, what is usual, how rare that is, and since when.

    Args:
        label: the metric as people call it, "Lots per trade".
        unit: how numbers are written; "share" is 0-1 shown as percent, "seconds" becomes minutes or hours.
        day: the trading day judged.
        seen: the day's value; NaN for nothing observed.
        expected: the usual value; NaN when unknown.
        direction: +1 above, -1 below, 0 neither.
        spread: the usual standard deviation; NaN when unknown.
        pvalue: how often such a day comes by chance; NaN leaves that out.
        since: first day of the run the day belongs to.
        detector: the name of the detector that spoke.
        currency: code put after money.

    Raises:
        ValueError: an unknown unit.
    """
    write = _writer(unit, currency)
    if detector == "silence":
        return _silence(label, write, since or day, expected) + _rarity("silence", pvalue)
    usual = _usual(write, seen, expected, spread)
    if detector in _RUNS and since is not None and since < day:
        said = _RUNS[detector](label, since, direction)
        return f"{said}: {write(seen)} on {day}" + usual + _rarity("run", pvalue)
    verb = "were" if _plural(label) else "was"
    together = ", odd together with the day's other metrics" if detector == "isolation" else ""
    return f"{label} {verb} {write(seen)} on {day}{together}" + usual + _rarity("day", pvalue)


def _writer(unit: Unit, currency: str) -> Callable[[float], str]:
    if unit not in get_args(Unit):
        raise ValueError(f"unit must be one of {', '.join(get_args(Unit))}, not {unit!r}")
    suffix = f" {currency}" if unit == "money" and currency else ""
    return lambda value: _WRITERS[unit](value) + suffix if isfinite(value) else "missing"


def _silence(label: str, write: Callable[[float], str], since: date, expected: float) -> str:
    usual = f"; usually about {write(expected)} on an active day" if isfinite(expected) else ""
    return f"{label} stopped: nothing since {since}{usual}"


def _shift(label: str, since: date, direction: int) -> str:
    side = {1: "above", -1: "below"}.get(direction, "away from")
    return f"{label} {_has(label)} been {side} the usual since {since}"


def _drift(label: str, since: date, direction: int) -> str:
    side = {1: "upwards", -1: "downwards"}.get(direction, "away")
    return f"{label} {_has(label)} drifted {side} since {since}"


def _variance(label: str, since: date, direction: int) -> str:
    amount = {1: "more", -1: "less"}.get(direction, "otherwise")
    return f"{label} {_has(label)} varied {amount} than usual since {since}"


def _flat(label: str, since: date, direction: int) -> str:
    return f"{label} {_has(label)} hardly moved since {since}"


def _has(label: str) -> str:
    return "have" if _plural(label) else "has"


def _usual(write: Callable[[float], str], seen: float, expected: float, spread: float) -> str:
    if not isfinite(expected):
        return ""
    # Times of a usual value near zero, or of a loss, mislead; a range then says more.
    ratio = seen / expected if expected > 0 and seen > 0 else 1.0
    if 1 / MOST_TIMES < ratio < 1 / NOTABLE_RATIO or NOTABLE_RATIO < ratio < MOST_TIMES:
        return f"; usually about {write(expected)} ({ratio:.2g} times)"
    if isfinite(spread) and spread > 0:
        return f"; usually between {write(expected - 2 * spread)} and {write(expected + 2 * spread)}"
    return f"; usually about {write(expected)}"


def _rarity(noun: str, pvalue: float) -> str:
    if not isfinite(pvalue):
        return "."
    times = 1 / max(pvalue, 1 / (2 * RAREST))
    if times > RAREST:
        return f", and such a {noun} comes less than once in {RAREST:,}."
    digits = floor(log10(times))
    rounded = int(round(times, 1 - digits)) if digits > 0 else round(times)
    return f", and such a {noun} comes once in about {max(rounded, 1):,}."


def _plural(label: str) -> bool:
    words: list[str] = []
    for word in label.lower().split():
        if word in PREPOSITIONS:
            break
        words.append(word)
    return any(word.endswith("s") and not word.endswith("ss") for word in words)


def _count(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def _duration(value: float) -> str:
    size = abs(value)
    for unit, name in ((DAY, "days"), (HOUR, "h"), (MINUTE, "min")):
        if size >= 2 * unit:
            return f"{value / unit:.1f} {name}"
    return f"{value:.0f} s"


_WRITERS: dict[str, Callable[[float], str]] = {
    "count": _count,
    "lots": lambda value: f"{value:,.2f}",
    "money": lambda value: f"{value:,.2f}",
    "number": lambda value: f"{value:,.4g}",
    "seconds": _duration,
    "share": lambda value: f"{value * 100:.1f} %",
}

_RUNS: dict[str, Callable[[str, date, int], str]] = {
    "level_shift": _shift,
    "drift": _drift,
    "variance_shift": _variance,
    "flat_line": _flat,
}
