"""Named reads: where accounts stand, what they traded, and how fresh the answer is. Each has one query."""

from timeseries.reads._accounts import (
    AccountStanding,
    Equity,
    OpenPositions,
    Overview,
    Position,
    account_days,
    latest_equity,
    open_positions,
    overview,
)
from timeseries.reads._features import feature_rows
from timeseries.reads._freshness import Freshness, freshness
from timeseries.reads._summaries import (
    SymbolPerformance,
    TradeSummary,
    Trading,
    symbol_performance,
    trade_summary,
)
from timeseries.reads._trades import Trade, TradePage, account_trades

__all__ = [
    "AccountStanding",
    "Equity",
    "Freshness",
    "OpenPositions",
    "Overview",
    "Position",
    "SymbolPerformance",
    "Trade",
    "TradePage",
    "TradeSummary",
    "Trading",
    "account_days",
    "account_trades",
    "feature_rows",
    "freshness",
    "latest_equity",
    "open_positions",
    "overview",
    "symbol_performance",
    "trade_summary",
]
