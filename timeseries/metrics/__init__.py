"""Daily account metrics: one row per account and trading day, and panels of them as arrays."""

from timeseries.metrics._aggregates import (
    PendingRange,
    pending_ranges,
    pending_ranges_on,
    refresh_aggregates,
)
from timeseries.metrics._completeness import (
    CalendarDay,
    DayState,
    Waiting,
    day_states,
    last_day_states,
)
from timeseries.metrics._panel import Accounts, Panel, load_accounts, load_panel
from timeseries.metrics._reads import Freshness, known_day, last_complete_day
from timeseries.metrics._refresh import RefreshReport, refresh_metrics

__all__ = [
    "Accounts",
    "CalendarDay",
    "DayState",
    "Freshness",
    "Panel",
    "PendingRange",
    "RefreshReport",
    "Waiting",
    "day_states",
    "known_day",
    "last_complete_day",
    "last_day_states",
    "load_accounts",
    "load_panel",
    "pending_ranges",
    "pending_ranges_on",
    "refresh_aggregates",
    "refresh_metrics",
]
