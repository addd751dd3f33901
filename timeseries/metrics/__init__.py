"""Daily account metrics: one row per account and trading day, and panels of them as arrays."""

from timeseries.metrics._aggregates import (
    PendingRange,
    pending_ranges,
    pending_ranges_on,
    refresh_aggregates,
)
from timeseries.metrics._panel import Accounts, Panel, load_accounts, load_panel
from timeseries.metrics._reads import Freshness, known_day, last_complete_day
from timeseries.metrics._refresh import RefreshReport, refresh_metrics

__all__ = [
    "Accounts",
    "Freshness",
    "Panel",
    "PendingRange",
    "RefreshReport",
    "known_day",
    "last_complete_day",
    "load_accounts",
    "load_panel",
    "pending_ranges",
    "pending_ranges_on",
    "refresh_aggregates",
    "refresh_metrics",
]
