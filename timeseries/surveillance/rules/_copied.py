"""Accounts that trade as one."""

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np
import numpy.typing as npt
from scipy.special import pdtrc

from timeseries.surveillance._columns import Ints
from timeseries.surveillance._contract import Case, Parameters, Scope, bounded
from timeseries.surveillance._look import LOTS, Look, Trades, as_date
from timeseries.surveillance._matches import Openings, Pair, copying_pairs, opening_keys
from timeseries.surveillance._segments import TIME_BITS, distinct_moments
from timeseries.surveillance._words import MOST_TICKETS, money, trade_evidence

__all__ = ["Copied", "CopiedRule"]

Bools = npt.NDArray[np.bool_]
DAY = 86_400
# Markets are open on five days a week: chance spreads openings over these seconds at the least.
OPEN_SECONDS_A_WEEK = 5 * DAY
# So many openings are added to what was seen of a symbol, spread evenly over its week.
PRIOR_OPENINGS = 50
LOT_STEP = LOTS // 100
MOST_COUNTERPARTS = 10


@dataclass(frozen=True)
class Copied(Parameters):
    """What counts as copying.

    Attributes:
        seconds: between the openings of two trades that match.
        size_tolerance: how far apart their sizes may be, as a share; one step of 0.01 lots is always allowed.
        scaled: sizes may also stand in the pair's usual ratio instead of being the same.
        opposite: trades on opposite sides match too, as accounts that hedge each other have them.
        matches: so many, at distinct moments, within ``days`` days.
        days: the days that are taken together.
        moment_seconds: openings nearer to each other are one moment.
        chance: greatest probability that two strangers as busy, at moments as popular, match as often.
        crowd: a trade is compared with at most so many that were opened next in its symbol.
    """

    seconds: int = bounded(5, 0, 60)
    size_tolerance: float = bounded(0.1, 0, 1)
    scaled: bool = True
    opposite: bool = False
    matches: int = bounded(5, 2)
    days: int = bounded(7, 1, 31)
    moment_seconds: int = bounded(60, 0, 3600)
    chance: float = bounded(1e-8, 0, 1)
    crowd: int = bounded(200, 1)


@dataclass(frozen=True)
class _Match:
    """How one account went with another, up to the end of a day."""

    day: int
    counterpart: int
    pair: Pair
    moments: int
    expected: float
    pvalue: float


class CopiedRule:
    """Two accounts open the same trades at the same moments, more often than chance lets them."""

    name = "copied"
    summary = "Accounts that open the same symbol and side within seconds, again and again."
    defaults = Copied()
    scope: Scope = "firm"

    def lookback(self, parameters: Copied) -> int:
        """A match is known once both trades are closed, and counts by its openings."""
        return parameters.days + 1

    def find(self, look: Look, parameters: Copied) -> list[Case]:
        """One case for each account and day with a new match, naming all accounts it goes with."""
        trades = look.trades
        pairs = copying_pairs(
            trades,
            seconds=parameters.seconds,
            opposite=parameters.opposite,
            crowd=parameters.crowd,
            matches=parameters.matches,
            days=parameters.days,
        )
        sides = [side for pair in pairs for side in (pair, pair.turned())]
        occasions = sorted(occasion for n, side in enumerate(sides) for occasion in _occasions(look, n, side))
        openings, found = Openings(trades), dict[tuple[int, int], list[_Match]]()
        for (calendar, day), together in groupby(occasions, key=itemgetter(0, 1)):
            end = look.calendars.start(calendar, day + 1)
            openings.know_until(end)
            for _, _, number in together:
                match = _match(look, openings, sides[number], (day, end), parameters)
                if match:
                    place = int(trades.place[match.pair.one[0]])
                    found.setdefault((place, day), []).append(match)
        return [_case(look, parameters, *key, matches) for key, matches in sorted(found.items())]


def _occasions(look: Look, number: int, pair: Pair) -> list[tuple[int, int, int]]:
    """The first account's calendar, and the days looked at that brought a new match, with a number."""
    calendar = int(look.calendar[look.trades.place[pair.one[0]]])
    days = np.unique(_day_known(look, pair))
    inside = days[(days >= look.first) & (days <= look.last)]
    return [(calendar, day, number) for day in inside.tolist()]


def _day_known(look: Look, pair: Pair) -> Ints:
    """The first account's day on which each match is known: both trades are closed."""
    known = np.maximum(look.trades.closed[pair.one], look.trades.closed[pair.other])
    return look.calendars.day_of(look.calendar[look.trades.place[pair.one]], known)


def _match(
    look: Look, openings: Openings, pair: Pair, day_and_end: tuple[int, int], parameters: Copied
) -> _Match | None:
    """What is found of a pair up to the end of a day, if the day brought something new."""
    trades, (day, end) = look.trades, day_and_end
    day_known = _day_known(look, pair)
    opened = np.minimum(trades.opened[pair.one], trades.opened[pair.other])
    rows = np.flatnonzero((opened >= end - parameters.days * DAY) & (day_known <= day))
    rows = rows[_same_size(trades, pair, rows, parameters)]
    new = bool((day_known[rows] == day).any())
    rows = rows[distinct_moments(opened[rows], parameters.moment_seconds)]
    if not new or rows.size < parameters.matches:
        return None
    used = Pair(pair.opposite, pair.one[rows], pair.other[rows])
    expected = _expected(trades, openings, used, end, parameters)
    pvalue = float(pdtrc(rows.size - 1, expected))
    if pvalue > parameters.chance:
        return None
    return _Match(day, int(trades.place[pair.other[0]]), used, rows.size, expected, pvalue)


def _same_size(trades: Trades, pair: Pair, rows: Ints, parameters: Copied) -> Bools:
    own, theirs = trades.lots[pair.one[rows]], trades.lots[pair.other[rows]]
    allowed = np.log1p(parameters.size_tolerance) + 1e-9
    ratio = np.log(own / theirs)
    usual = np.median(ratio) if parameters.scaled and rows.size else 0.0
    same = (np.abs(ratio) <= allowed) | (np.abs(own - theirs) <= LOT_STEP)
    found: Bools = same | (np.abs(ratio - usual) <= allowed)
    return found


def _expected(trades: Trades, openings: Openings, used: Pair, end: int, parameters: Copied) -> float:
    """Matches that chance gives: of each own trade, how often the other account opens at such moments.

    Third accounts tell how large a share of all openings in the symbol a moment has.
    """
    begin, span = end - parameters.days * DAY, 2 * parameters.seconds + 1
    own, theirs = (_keys_of(trades, int(trades.place[rows[0]]), end) for rows in (used.one, used.other))
    second = own & ((1 << TIME_BITS) - 1)
    recent = second >= begin
    # The lowest bit of the symbol and side is the side.
    moment = own[recent] ^ (int(used.opposite) << TIME_BITS)
    start = moment - second[recent]
    week, near = (
        (start + begin, start + end),
        (moment - parameters.seconds, moment - parameters.seconds + span),
    )
    of_other = _count(theirs, week)
    all_others = openings.between(*week) - _count(own, week) - of_other
    others_near = openings.between(*near) - _count(own, near) - _count(theirs, near)
    evenly = PRIOR_OPENINGS * span * 7 / (OPEN_SECONDS_A_WEEK * parameters.days)
    chance = of_other * (others_near + evenly) / (all_others + PRIOR_OPENINGS)
    return float(np.minimum(chance, 1.0).sum())


def _keys_of(trades: Trades, place: int, end: int) -> Ints:
    """The sorted openings of an account's trades that were closed before a second."""
    low, high = np.searchsorted(trades.place, [place, place + 1])
    rows = np.arange(low, high)
    return np.sort(opening_keys(trades, rows[trades.closed[rows] < end]))


def _count(keys: Ints, span: tuple[Ints, Ints]) -> Ints:
    count: Ints = np.searchsorted(keys, span[1]) - np.searchsorted(keys, span[0])
    return count


def _case(look: Look, parameters: Copied, place: int, day: int, matches: list[_Match]) -> Case:
    trades = look.trades
    matches = sorted(matches, key=lambda match: (match.pvalue, -match.moments, match.counterpart))
    best = matches[0]
    calendar = look.calendar[[place]]
    opened = min(int(trades.opened[match.pair.one].min()) for match in matches)
    since = as_date(look.calendars.day_of(calendar, np.array([opened]))[0])
    profit = int(trades.net[best.pair.one].sum())
    names = look.accounts["account"]
    more = f" and {len(matches) - 1} more accounts" if len(matches) > 1 else ""
    side = "opposite side" if best.pair.opposite else "same side"
    return Case(
        place=place,
        trading_day=as_date(day),
        since=since,
        severity=parameters.severity,
        direction=1,
        seen=float(best.moments),
        expected=round(best.expected, 6),
        at_stake=abs(profit),
        reason=f"{best.moments} trades were opened within {parameters.seconds} seconds of account "
        f"{names.iat[best.counterpart]}{more} in the same symbol on the {side}, for "
        f"{money(look, place, profit)}, where chance gives {best.expected:.2g}, since {since}.",
        evidence={
            **trade_evidence(look, trades, best.pair.one),
            "counterparts": [_counterpart(look, match) for match in matches[:MOST_COUNTERPARTS]],
            "counterparts_found": len(matches),
            "seconds": parameters.seconds,
        },
    )


def _counterpart(look: Look, match: _Match) -> dict[str, object]:
    trades, pair = look.trades, match.pair
    return {
        "account": look.accounts["account"].iat[match.counterpart],
        "matches": match.moments,
        "opposite": pair.opposite,
        "expected": round(match.expected, 6),
        "pvalue": float(f"{match.pvalue:.3g}"),
        "size_ratio": round(float(np.median(trades.lots[pair.one] / trades.lots[pair.other])), 3),
        "tickets": trades.ticket[pair.other[-MOST_TICKETS:]].tolist(),
    }
