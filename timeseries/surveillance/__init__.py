"""The rules of the trade: what accounts may not do, looked for in trades and daily metrics."""

from timeseries.surveillance._contract import Violation
from timeseries.surveillance._find import find_violations
from timeseries.surveillance._news import NewsReport, load_news
from timeseries.surveillance._versions import RuleVersion, Watch, adopt_rules, rule_history, rules_in_force
from timeseries.surveillance.rules import RULES

__all__ = [
    "RULES",
    "NewsReport",
    "RuleVersion",
    "Violation",
    "Watch",
    "adopt_rules",
    "find_violations",
    "load_news",
    "rule_history",
    "rules_in_force",
]
