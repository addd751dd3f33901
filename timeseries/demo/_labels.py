"""What the labels file says about the injected anomalies."""

from datetime import date

import numpy as np

from ._arrays import Ints
from ._calendar import DAY, Calendar
from ._deals import Deals
from ._label import Label
from ._traders import account_name
from ._victims import COPIED_PAIR, DEAD_FEED, KINDS, LOT_EXPLOSION, MARTINGALE, WIN_RATE_JUMP, Victims


def feed_is_silent(victims: Victims) -> Ints:
    """Accounts whose dead feed stops the equity snapshots too: every other one."""
    return victims.account[victims.rows(DEAD_FEED)][1::2]


def _date(calendar: Calendar, weekday: int) -> date:
    day: date = calendar.weekdays[weekday].astype("datetime64[D]").item()
    return day


def _detail(kind: int, trades: Deals, silent: bool) -> str:
    count, wins = trades.net.size, int(np.count_nonzero(trades.net > 0))
    if kind == LOT_EXPLOSION:
        return f"{count} trades at 5 to 10 times the usual lots, up to {trades.lots.max() / 100:.2f}"
    if kind == WIN_RATE_JUMP:
        return f"{wins} small wins in {count} trades"
    if kind == MARTINGALE:
        least, most = trades.lots.min() / 100, trades.lots.max() / 100
        return f"{count} trades doubling from {least:.2f} to {most:.2f} lots"
    return "no trades and no equity snapshots" if silent else "no trades; equity snapshots at resets only"


def _inside(trades: Deals, account: int, calendar: Calendar, first: int, last: int) -> Deals:
    begin, end = calendar.weekday_start(np.array([first, last]))
    return trades.take((trades.account == account) & (trades.closed >= begin) & (trades.closed < end + DAY))


def make_labels(victims: Victims, trades: Deals, calendar: Calendar, ended_at: Ints) -> tuple[Label, ...]:
    """The labels, by account; a window an account did not live through is left out.

    ``trades`` are the final ones, ``ended_at`` the epoch second each account was ended.
    """
    silent = set(feed_is_silent(victims).tolist())
    touched = trades.take(np.isin(trades.account, victims.accounts))
    labels = []
    # One step an anomaly, not an account: about one in a hundred accounts a kind.
    for position, kind in enumerate(victims.kind.tolist()):
        leader, follower = int(victims.account[position]), int(victims.follower[position])
        first, last = int(victims.first[position]), int(victims.last[position])
        for account, other in ((leader, follower), (follower, leader))[: 1 + (kind == COPIED_PAIR)]:
            if calendar.weekday_start(np.array([last]))[0] + DAY > min(ended_at[account], calendar.stop):
                continue
            seen = _inside(touched, account, calendar, first, last)
            detail = _detail(kind, seen, account in silent)
            if kind == COPIED_PAIR:
                detail = f"{seen.net.size} trades within seconds of {account_name(other)}"
            days = _date(calendar, first), _date(calendar, last)
            labels.append(Label(account_name(account), KINDS[kind], *days, detail))
    return tuple(sorted(labels, key=lambda label: (label.account, label.first_day)))
