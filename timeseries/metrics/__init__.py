"""Daily account metrics: one row per account and trading day, and panels of them as arrays."""

from timeseries.metrics._panel import Accounts, Panel, load_accounts, load_panel
from timeseries.metrics._reads import Freshness, account_days, account_list, known_day, last_complete_day
from timeseries.metrics._refresh import RefreshReport, refresh_aggregates, refresh_metrics

__all__ = [
    "Accounts",
    "Freshness",
    "Panel",
    "RefreshReport",
    "account_days",
    "account_list",
    "known_day",
    "last_complete_day",
    "load_accounts",
    "load_panel",
    "refresh_aggregates",
    "refresh_metrics",
]
