"""An account that suddenly wins."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, fdtr, gammaln

from timeseries.surveillance._columns import Ints
from timeseries.surveillance._contract import Case, Parameters, Scope, bounded
from timeseries.surveillance._look import Days, Look, as_date
from timeseries.surveillance._segments import Floats
from timeseries.surveillance._words import money

__all__ = ["WinRate", "WinRateRule"]

PLACES = 2**16
# A block of days stands for the recent past only while it is recent.
LONGEST_GAP = 4


@dataclass(frozen=True)
class WinRate(Parameters):
    """What counts as a jump.

    Attributes:
        pvalue: chance, under the account's own past, of so many wins in one of the windows looked at. Windows
            of neighbouring days share most of their trades, so ordinary trading is found more seldom than
            this would tell: of demo firms, whose accounts place some three trades on a day, about once in
            500 account-months.
        rise: least rise of the share of wins.
        days: the last one to so many days with trading are looked at together.
        trades: least number of trades of a window.
        past_days: calendar days before a window that make the account's own past.
        past_trades: least number of trades there.
        size_variation: standard deviation of the size of wins, as a share of its mean; more than that of
            single trades, because wild and calm weeks move all sizes together.
    """

    pvalue: float = bounded(0.01, 0, 1)
    rise: float = bounded(0.2, 0, 1)
    days: int = bounded(5, 1, 20)
    trades: int = bounded(8, 1)
    past_days: int = bounded(120, 10, 366)
    past_trades: int = bounded(40, 1)
    size_variation: float = bounded(1.5, 0.1, 10)


class WinRateRule:
    """Trades of the last days are won far more often than the account's own past lets expect.

    The tail of the count is that of the beta-binomial distribution: the past share is known from a limited
    number of trades only (Gelman et al., Bayesian Data Analysis, 3rd edition, section 2.4, with Jeffreys'
    prior). Many small wins, as of who closes every profit at once and of latency arbitrage, are the telling
    kind, so the count alone is considered, and the count together with how small the wins are: sizes with a
    gamma distribution make the ratio of two averages F distributed, and Fisher's method joins the two.
    The smaller chance counts, times two, times the number of windows looked at.
    """

    name = "win_rate"
    summary = "Far more trades won than the account's own past lets expect."
    defaults = WinRate()
    scope: Scope = "accounts"

    def lookback(self, parameters: WinRate) -> int:
        """The daily metrics know the past."""
        return 0

    def find(self, look: Look, parameters: WinRate) -> list[Case]:
        """One case for each account and day, of the window that is least likely."""
        days = look.days(parameters.past_days + parameters.days * LONGEST_GAP)
        rows = np.flatnonzero(days.day >= look.first)
        best, begin = np.ones(rows.size), rows.copy()
        for length in range(1, parameters.days + 1):
            window = _window(days, rows, length, parameters)
            chance = 2 * parameters.days * _chances(window, parameters)
            best, begin = np.where(chance < best, (chance, window.begin), (best, begin))
        odd = np.flatnonzero(best <= parameters.pvalue)
        return [_case(look, days, parameters, (int(begin[i]), int(rows[i])), float(best[i])) for i in odd]


@dataclass(frozen=True)
class _Window:
    """The same number of days up to each row: counts and money of its wins, there and in the past before."""

    begin: Ints
    judged: npt.NDArray[np.bool_]
    wins: Ints
    trades: Ints
    won: Ints
    wins_before: Ints
    trades_before: Ints
    won_before: Ints


def _window(days: Days, rows: Ints, length: int, parameters: WinRate) -> _Window:
    begin = np.maximum(rows - length + 1, 0)
    keys = days.place * PLACES + days.day
    # The past must not reach into the account before, whose days have smaller keys.
    past = np.searchsorted(keys, keys[begin] - parameters.past_days)
    totals = [np.append(0, np.cumsum(column)) for column in (days.wins, days.trades, days.won)]
    inside = [total[rows + 1] - total[begin] for total in totals]
    before = [total[begin] - total[past] for total in totals]
    whole = (rows - begin == length - 1) & (days.place[begin] == days.place[rows])
    recent = days.day[rows] - days.day[begin] < length * LONGEST_GAP
    return _Window(begin, whole & recent, *inside, *before)


def _chances(window: _Window, parameters: WinRate) -> Floats:
    """The chance of each window's wins; 1 where it is not judged."""
    judged = window.judged & (window.trades >= parameters.trades)
    judged &= window.trades_before >= parameters.past_trades
    expected = window.wins_before + parameters.rise * window.trades_before
    judged &= window.wins * window.trades_before >= expected * window.trades
    at = np.flatnonzero(judged)
    lost_before = window.trades_before[at] - window.wins_before[at]
    count = _tail(window.wins[at], window.trades[at], window.wins_before[at], lost_before)
    small = _smallness(
        window.wins[at], window.won[at], window.wins_before[at], window.won_before[at], parameters
    )
    both = count * small
    chance = np.ones(window.wins.size)
    chance[at] = np.minimum(count, both * (1 - np.log(np.maximum(both, 1e-300))))
    return chance


def _smallness(wins: Ints, won: Ints, wins_before: Ints, won_before: Ints, parameters: WinRate) -> Floats:
    """Chance of an average win as small as this beside those of the past; 1 where nothing was won before."""
    ratio = won * np.maximum(wins_before, 1) / np.maximum(won_before * np.maximum(wins, 1), 1)
    shape = 2 / parameters.size_variation**2
    chance = np.asarray(fdtr(shape * np.maximum(wins, 1), shape * np.maximum(wins_before, 1), ratio))
    return np.where(won_before > 0, chance, 1.0)


def _tail(won: Ints, count: Ints, won_before: Ints, lost_before: Ints) -> Floats:
    """Chance of at least so many wins where the past share is known from so many trades."""
    alpha, beta = won_before + 0.5, lost_before + 0.5
    chance = np.zeros(won.size)
    for more in range(int((count - won).max(initial=-1)) + 1):
        wins = np.minimum(won + more, count)
        choose = gammaln(count + 1) - gammaln(wins + 1) - gammaln(count - wins + 1)
        mass = np.exp(choose + betaln(wins + alpha, count - wins + beta) - betaln(alpha, beta))
        chance += np.where(won + more <= count, mass, 0.0)
    return chance


def _case(look: Look, days: Days, parameters: WinRate, window: tuple[int, int], pvalue: float) -> Case:
    begin, end = window
    place, since, day = int(days.place[end]), as_date(days.day[begin]), as_date(days.day[end])
    inside = slice(begin, end + 1)
    keys = days.place * PLACES + days.day
    past = slice(int(np.searchsorted(keys, keys[begin] - parameters.past_days)), begin)
    won, count, profit = (int(column[inside].sum()) for column in (days.wins, days.trades, days.net))
    won_before, before = int(days.wins[past].sum()), int(days.trades[past].sum())
    average = round(int(days.won[inside].sum()) / won)
    average_before = round(int(days.won[past].sum()) / max(won_before, 1))
    return Case(
        place=place,
        trading_day=day,
        since=since,
        severity=parameters.severity,
        direction=1,
        seen=won / count,
        expected=won_before / before,
        at_stake=abs(profit),
        reason=f"{won} of the last {count} trades won, {won / count:.0%} where the account's own past has "
        f"{won_before / before:.0%} of {before:,}, an average win of {money(look, place, average)} where "
        f"{money(look, place, average_before)} is usual, {money(look, place, profit)} in all, since {since}.",
        evidence={
            "pvalue": float(f"{pvalue:.6g}"),
            "wins": won,
            "trades": count,
            "past_wins": won_before,
            "past_trades": before,
            "average_win": average,
            "past_average_win": average_before,
        },
    )
