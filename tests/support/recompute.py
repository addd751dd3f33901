"""Daily metrics the slow and obvious way: one account, one day, one trade at a time, with exact decimals."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

NOTHING = Decimal(0)


@dataclass
class Plan:
    initial_balance: Decimal
    max_drawdown: Decimal | None
    max_drawdown_basis: str
    max_drawdown_mode: str
    daily_loss: Decimal | None
    daily_loss_basis: str
    reset: time
    zone: ZoneInfo

    def starts_at(self, day: date) -> datetime:
        evening = timedelta(days=1) if self.reset >= time(12) else timedelta()
        return datetime.combine(day - evening, self.reset, self.zone).astimezone(ZoneInfo("UTC"))

    def day_of(self, moment: datetime) -> date:
        guess = moment.astimezone(self.zone).date()
        return next(
            day
            for day in (guess + timedelta(days=n) for n in (-1, 0, 1, 2))
            if self.starts_at(day) <= moment < self.starts_at(day + timedelta(days=1))
        )


@dataclass
class Day:
    trades: list[tuple[datetime, Decimal]] = field(default_factory=list)
    snapshots: list[tuple[datetime, Decimal]] = field(default_factory=list)
    operations: Decimal = NOTHING


def daily(
    plan: Plan, trades, snapshots, operations, until: date, *, opened: date | None = None
) -> dict[date, dict[str, object]]:
    """Metrics of one account by day, from (close, net), (time, equity) and (time, amount)."""
    days: dict[date, Day] = defaultdict(Day)
    for moment, net in trades:
        days[plan.day_of(moment)].trades.append((moment, net))
    for moment, equity in snapshots:
        days[plan.day_of(moment)].snapshots.append((moment, equity))
    for moment, amount in operations:
        days[plan.day_of(moment)].operations += amount
    if not days:
        return {}
    first = min([*days, *([opened] if opened else [])])
    for n in range((until - first).days + 1):
        if (first + timedelta(days=n)).isoweekday() < 6:
            days[first + timedelta(days=n)]
    return _carry(plan, dict(sorted(days.items())))


def _carry(plan: Plan, days: dict[date, Day]) -> dict[date, dict[str, object]]:
    balance = balance_peak = equity_peak = plan.initial_balance
    last_equity = None
    max_drawdown = total = best = NOTHING
    result: dict[date, dict[str, object]] = {}
    for key, day in days.items():
        nets = [net for _, net in sorted(day.trades)]
        net = sum(nets, NOTHING)
        start_of_day = plan.starts_at(key)
        path = five_minute_path(day.trades)
        low = balance + min([NOTHING, *path])
        high = balance + max([NOTHING, *path])
        end = balance + net + day.operations
        seen = [equity for _, equity in sorted(day.snapshots)]
        opening = [e for moment, e in sorted(day.snapshots) if moment < start_of_day + timedelta(minutes=5)]
        equity_start = opening[0] if opening else (last_equity if last_equity is not None else balance)
        equity_end = seen[-1] if seen else end
        equity_low = min(equity_start, equity_end, min(seen) if seen else low)
        equity_high = max(equity_start, equity_end, max(seen) if seen else high)
        total += net
        best = max(best, net)
        max_drawdown = max(max_drawdown, equity_peak - equity_low)
        top = {"balance": balance_peak, "equity": equity_peak}[plan.max_drawdown_basis]
        floor_from = plan.initial_balance if plan.max_drawdown_mode == "static" else top
        watched = {"balance": low, "equity": equity_low}[plan.max_drawdown_basis]
        lost = {"balance": balance - low, "equity": equity_start - equity_low}[plan.daily_loss_basis]
        result[key] = {
            "trades": len(nets),
            "wins": sum(value > 0 for value in nets),
            "losses": sum(value < 0 for value in nets),
            "break_even": sum(value == 0 for value in nets),
            "gross_profit": sum((value for value in nets if value > 0), NOTHING),
            "gross_loss": sum((value for value in nets if value < 0), NOTHING),
            "net_profit": net,
            "balance_start": balance,
            "balance_end": end,
            "balance_low": low,
            "equity_start": equity_start,
            "equity_end": equity_end,
            "equity_low": equity_low,
            "equity_high": equity_high,
            "day_drawdown": equity_start - equity_low,
            "max_drawdown": max_drawdown,
            "daily_loss_left": None if plan.daily_loss is None else plan.daily_loss - lost,
            "max_drawdown_left": None
            if plan.max_drawdown is None
            else watched - floor_from + plan.max_drawdown,
            "consistency_share": float(best) / float(total) if total > 0 else None,
        }
        balance, last_equity = end, equity_end
        balance_peak, equity_peak = max(balance_peak, balance), max(equity_peak, equity_high)
    return result


def five_minute_path(trades: list[tuple[datetime, Decimal]]) -> list[Decimal]:
    """Running sum of the day's results at the end of each 5-minute bucket in which something closed."""
    buckets: dict[datetime, Decimal] = defaultdict(Decimal)
    for moment, net in trades:
        buckets[moment.replace(minute=moment.minute // 5 * 5, second=0, microsecond=0)] += net
    running, path = NOTHING, []
    for bucket in sorted(buckets):
        running += buckets[bucket]
        path.append(running)
    return path
