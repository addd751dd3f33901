"""The rules of the trade, one a file."""

from timeseries.surveillance.rules._registry import RULES

__all__ = ["RULES"]
