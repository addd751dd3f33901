"""An account's equity as a line to draw: as fine as a chart can show, and no finer."""

from dataclasses import dataclass
from datetime import datetime

from timeseries.database import Database, run
from timeseries.reads._scope import check_positive, find_account

__all__ = ["EquitySeries", "equity_series"]

LEVELS = {
    "5 minutes": "series.equity_5_minutes",
    "1 hour": "series.equity_1_hour",
    "1 day": "series.equity_1_day",
}


@dataclass(frozen=True)
class EquitySeries:
    """Equity and balance of an account in columns of one length, oldest first; money as plain numbers.

    A stretch without snapshots has no entry: nothing is filled in.

    Attributes:
        level: how long an entry is: ``5 minutes``, ``1 hour`` or ``1 day`` (of UTC).
        time: when each entry begins, UTC.
        equity, balance: the last of each entry.
        low, high: the lowest and the highest equity of each entry.
    """

    currency: str
    level: str
    time: tuple[datetime, ...] = ()
    equity: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    balance: tuple[float, ...] = ()


def equity_series(
    database: Database,
    account: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    points: int = 800,
) -> EquitySeries:
    """Equity and balance of an account, from the aggregate that suits the length of the stretch.

    Args:
        since, until: only between these moments, UTC; the entries they fall into are whole.
        points: the most entries wanted. Only days, the coarsest there are, may be more.

    Raises:
        NotFound: there is no such account.
        InputError: the number of points is below one.
    """
    check_positive(points=points)
    with database.transaction() as connection:
        found = find_account(connection, account)
        stretch = {"account_id": found.account_id, "since": since, "until": until, "points": points}
        span = run(connection, "series.equity_span", stretch).one_or_none()
        if span is None:
            return EquitySeries(found.currency, "5 minutes")
        rows = run(connection, LEVELS[span.level], span._asdict()).all()
    return EquitySeries(found.currency, span.level, *zip(*rows, strict=True))
