"""Titles and texts of incidents."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["WORDS", "body_of", "title_of"]

MOST_SENTENCES = 4
METRICS = {
    "trades": "number of trades",
    "net_profit": "net profit",
    "lot_ratio": "position size",
    "win_rate": "share of winning trades",
    "holding_time": "average holding time",
    "snapshots": "equity snapshots",
}
WORDS = METRICS | {
    "daily_loss": "daily loss limit broken",
    "drawdown": "maximum drawdown broken",
    "consistency": "consistency rule broken",
    "martingale": "martingale",
    "lot_explosion": "lot explosion",
    "hft": "latency trading",
    "copied": "copied trades",
    "news": "trading in a news window",
    "weekend": "positions held over a weekend",
    "forecast_breach": "forecast of a breach",
}
SIDES = {1: " unusually high", -1: " unusually low", 0: " unusual"}
# What these say is not that a day was high or low.
OF_DETECTORS = {
    "silence": dict.fromkeys(SIDES, " stopped, as seen"),
    "variance_shift": {1: " unusually changeable, as seen", -1: " unusually steady, as seen"},
}


def title_of(lead: Mapping[str, Any]) -> str:
    """One line: who, what, when."""
    words = WORDS.get(lead["subject"], str(lead["subject"]).replace("_", " "))
    if lead["kind"] == "cohort":
        side = {1: "high", -1: "low"}.get(lead["direction"], "odd")
        return f"{_cohort(lead['cohort'])}: {words} of many accounts {side} at once on {lead['trading_day']}"
    side = SIDES[lead["direction"]] if lead["subject"] in METRICS else ""
    side = OF_DETECTORS.get(lead["detector"], {}).get(lead["direction"], side)
    return f"Account {lead['account']}: {words}{side} on {lead['trading_day']}"


def body_of(findings: Sequence[Mapping[str, Any]], days: int) -> str:
    """The sentences of an incident, its gravest finding first, one for each metric and rule.

    Args:
        findings: of one incident, gravest first.
        days: on how many trading days there were any.
    """
    lead = findings[0]
    who = _cohort(lead["cohort"]) if lead["kind"] == "cohort" else f"Account {lead['account']}"
    gravest = {finding["subject"]: finding for finding in reversed(findings)}
    sentences = [_sentence(gravest[subject]) for subject in dict.fromkeys(f["subject"] for f in findings)]
    more = len(sentences) - MOST_SENTENCES
    parts = [f"{who}: {sentences[0]}", *sentences[1:MOST_SENTENCES]]
    if more > 0:
        parts.append(f"There are {more} findings of other kinds.")
    if lead["net_profit"] is not None:
        parts.append(f"The day's net profit was {lead['net_profit']:,} {lead['currency']}.")
    if days > 1:
        parts.append(f"There were findings on {days} days.")
    return " ".join(parts)


def _sentence(finding: Mapping[str, Any]) -> str:
    return str(finding["reason"]).rstrip(". ") + "."


def _cohort(cohort: str) -> str:
    return "The whole firm" if cohort == "firm" else f"Group {cohort}"
