"""Named reads: where accounts stand, what they traded, what was found and foretold; and how fresh it is."""

from timeseries.reads._accounts import (
    AccountStanding,
    Equity,
    OpenPositions,
    Overview,
    Position,
    account_days,
    account_standing,
    latest_equity,
    open_positions,
    overview,
)
from timeseries.reads._features import feature_page, feature_rows
from timeseries.reads._findings import Finding, FindingPage, find_findings
from timeseries.reads._firm import (
    CohortReturns,
    FirmDays,
    GroupComparison,
    PayoutForecast,
    TradingHour,
    cohort_returns,
    firm_days,
    group_comparison,
    payout_forecasts,
    trading_hours,
)
from timeseries.reads._freshness import Freshness, freshness
from timeseries.reads._outlooks import (
    AccountForecast,
    ExpectedDays,
    ForecastOutcome,
    account_forecast,
    expected_days,
    forecast_outcomes_of,
)
from timeseries.reads._series import EquitySeries, equity_series
from timeseries.reads._summaries import (
    SymbolPerformance,
    TradeSummary,
    Trading,
    symbol_performance,
    trade_summary,
)
from timeseries.reads._trades import Trade, TradePage, account_trades, trading_span

__all__ = [
    "AccountForecast",
    "AccountStanding",
    "CohortReturns",
    "Equity",
    "EquitySeries",
    "ExpectedDays",
    "Finding",
    "FindingPage",
    "FirmDays",
    "ForecastOutcome",
    "Freshness",
    "GroupComparison",
    "OpenPositions",
    "Overview",
    "PayoutForecast",
    "Position",
    "SymbolPerformance",
    "Trade",
    "TradePage",
    "TradeSummary",
    "Trading",
    "TradingHour",
    "account_days",
    "account_forecast",
    "account_standing",
    "account_trades",
    "cohort_returns",
    "equity_series",
    "expected_days",
    "feature_page",
    "feature_rows",
    "find_findings",
    "firm_days",
    "forecast_outcomes_of",
    "freshness",
    "group_comparison",
    "latest_equity",
    "open_positions",
    "overview",
    "payout_forecasts",
    "symbol_performance",
    "trade_summary",
    "trading_hours",
    "trading_span",
]
