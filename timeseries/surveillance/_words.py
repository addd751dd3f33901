"""Figures as a desk reads them, and trades as evidence."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from timeseries.surveillance._columns import Ints
from timeseries.surveillance._look import LOTS, Look, Trades

__all__ = ["lots", "moment", "money", "trade_evidence"]

MOST_TICKETS = 20


def money(look: Look, place: int, amount: int) -> str:
    """An amount of minor units in the account's currency, e.g. ``1,234.50 USD``."""
    digits = look.digits(place)
    return f"{amount / 10**digits:,.{digits}f} {look.accounts['currency'].iat[place]}"


def lots(size: int | float) -> str:
    """Hundred-thousandths of a lot as lots."""
    return f"{size / LOTS:,.2f}"


def moment(second: int) -> str:
    """An epoch second as UTC, ISO 8601."""
    return datetime.fromtimestamp(int(second), UTC).isoformat().replace("+00:00", "Z")


def trade_evidence(look: Look, trades: Trades, rows: Ints) -> dict[str, Any]:
    """Tickets (the last twenty), symbols and times of some of the look's trades."""
    rows = np.asarray(rows)
    return {
        "trades": len(rows),
        "tickets": trades.ticket[rows[-MOST_TICKETS:]].tolist(),
        "symbols": sorted({look.symbols[symbol] for symbol in trades.symbol[rows].tolist()}),
        "first_opened": moment(trades.opened[rows].min()),
        "last_closed": moment(trades.closed[rows].max()),
    }
