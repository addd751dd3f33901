"""The join of openings says what comparing every trade with every other says."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from timeseries.surveillance._look import Trades
from timeseries.surveillance._matches import copying_pairs, opened_together

OPENINGS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 2), st.sampled_from([1, -1]), st.integers(0, 40)), max_size=40
)


def trades_of(rows):
    place, symbol, side, opened = np.array(rows, np.int64).reshape(-1, 4).T
    order = np.argsort(place, kind="stable")
    ones, tickets = np.ones(place.size, np.int64), np.arange(place.size)
    opened = opened[order]
    return Trades(place[order], tickets, symbol[order], side[order], ones, opened, opened + 5, ones, ones)


def by_hand(trades, seconds, opposite):
    return {
        (one, other)
        for one in range(len(trades))
        for other in range(len(trades))
        if trades.place[one] < trades.place[other]
        and trades.symbol[one] == trades.symbol[other]
        and (opposite or trades.side[one] == trades.side[other])
        and abs(trades.opened[one] - trades.opened[other]) <= seconds
    }


@given(OPENINGS, st.integers(0, 8), st.booleans())
def test_every_pair_is_found_once(rows, seconds, opposite):
    trades = trades_of(rows)
    one, other = opened_together(trades, seconds=seconds, opposite=opposite, crowd=100)
    pairs = list(zip(one.tolist(), other.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == by_hand(trades, seconds, opposite)


@given(OPENINGS, st.integers(2, 5))
def test_accounts_that_met_often_are_all_there(rows, matches):
    trades = trades_of(rows)
    found = copying_pairs(trades, seconds=5, opposite=True, crowd=100, matches=matches, days=1)
    met: dict[tuple, set] = {}
    for one, other in by_hand(trades, 5, True):
        against = bool(trades.side[one] != trades.side[other])
        met.setdefault((trades.place[one], trades.place[other], against), set()).add((one, other))
    often = {key: pairs for key, pairs in met.items() if len(pairs) >= matches}
    there = {
        (trades.place[pair.one[0]], trades.place[pair.other[0]], pair.opposite): set(
            zip(pair.one.tolist(), pair.other.tolist(), strict=True)
        )
        for pair in found
    }
    assert there == often
