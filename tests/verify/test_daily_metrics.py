"""Every column of the daily metrics is compared, and whatever is wrong in it is made right."""

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from timeseries.verify import verify
from timeseries.verify._cells import sampled_cells

FACTS = (
    "trades", "wins", "losses", "gross_profit", "gross_loss", "commission", "swap", "lots", "largest_lots",
    "seconds_held", "balance_operations", "closed_low", "closed_high", "snapshots", "opening_equity",
    "last_equity", "min_equity", "max_equity",
)  # fmt: skip
CARRIED = (
    "balance_start", "balance_end", "balance_low", "equity_start", "equity_end", "equity_low", "equity_high",
    "day_drawdown", "max_drawdown", "balance_peak", "equity_peak", "daily_loss_left", "max_drawdown_left",
    "total_net_profit", "best_day", "consistency_share",
)  # fmt: skip
ALL = "SELECT * FROM daily_metrics ORDER BY account_id, trading_day"


def test_no_column_is_forgotten(vandal):
    names = vandal.rows(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'daily_metrics'"
        " AND table_schema = 'public' AND column_name NOT IN ('account_id', 'trading_day')"
    )
    assert {name for (name,) in names} == {*FACTS, *CARRIED}


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.permutations(range(len(FACTS + CARRIED))),
    seed=st.integers(0, 10_000),
    change=st.integers(1, 50) | st.integers(-50, -1),
)
def test_each_column_changed_on_any_day_is_found_and_healed(vandal, order, seed, change):
    right = vandal.rows(ALL)
    days = vandal.rows(
        "SELECT account_id, trading_day FROM daily_metrics"
        " ORDER BY md5(account_id || trading_day::text || :seed) LIMIT :count",
        seed=str(seed),
        count=len(order),
    )
    names = FACTS + CARRIED
    for (account_id, day), place in zip(days, order, strict=True):
        vandal.run(
            f"UPDATE daily_metrics SET {names[place]} = coalesce({names[place]}, 0) + :change"  # noqa: S608
            " WHERE account_id = :account_id AND trading_day = :day",
            account_id=account_id,
            day=day,
            # Each another amount: equal ones on neighbouring days could explain each other.
            change=change + 100 * place,
        )
    healing = verify(vandal.database, full=True, heal=True)
    found = {(one.account_id, one.bucket.date(), one.column_name) for one in healing.differences}
    assert {(*day, names[place]) for day, place in zip(days, order, strict=True)} <= found
    assert healing.healed
    assert vandal.rows(ALL) == right


def test_a_missing_and_a_made_up_day_are_found_and_healed(vandal):
    right = vandal.rows(ALL)
    idle = vandal.rows(
        "WITH inner_days AS (SELECT *, min(trading_day) OVER a AS first, max(trading_day) OVER a AS last"
        " FROM daily_metrics WINDOW a AS (PARTITION BY account_id))"
        " SELECT account_id, trading_day FROM inner_days WHERE trades = 0 AND snapshots = 0"
        " AND trading_day > first AND trading_day < last AND extract(isodow FROM trading_day) < 6 LIMIT 1"
    )
    [busy] = vandal.rows(
        "SELECT account_id, trading_day, trades FROM daily_metrics"
        " WHERE trades > 2 ORDER BY md5(trading_day::text) LIMIT 1"
    )
    [weekend] = vandal.rows(
        "SELECT account_id, trading_day + 1 AS trading_day FROM daily_metrics m"
        " WHERE extract(isodow FROM trading_day) = 5 AND NOT EXISTS (SELECT FROM daily_metrics s"
        " WHERE s.account_id = m.account_id AND s.trading_day = m.trading_day + 1)"
        " ORDER BY md5(trading_day::text) LIMIT 1"
    )
    for gone in (*idle, busy):
        here = {"account_id": gone.account_id, "day": gone.trading_day}
        vandal.run("DELETE FROM daily_metrics WHERE account_id = :account_id AND trading_day = :day", **here)
    names = ", ".join(right[0]._fields)
    values = names.replace("trading_day", "CAST(:day AS date)")
    vandal.run(
        f"INSERT INTO daily_metrics ({names}) SELECT {values} FROM daily_metrics"  # noqa: S608
        " WHERE account_id = :account_id AND trades > 0 LIMIT 1",
        account_id=weekend.account_id,
        day=weekend.trading_day,
    )
    healing = verify(vandal.database, full=True, heal=True)
    listed = {
        (one.account_id, one.bucket.date(), one.column_name): (one.kept, one.recomputed)
        for one in healing.differences
    }
    assert listed[busy.account_id, busy.trading_day, "trades"] == (None, busy.trades)
    assert listed[weekend.account_id, weekend.trading_day, "trades"][1] == 0
    assert all(listed[one.account_id, one.trading_day, "trades"] == (None, 0) for one in idle)
    assert healing.healed
    vandal.run(
        "DELETE FROM daily_metrics WHERE account_id = :account_id AND trading_day = :day",
        account_id=weekend.account_id,
        day=weekend.trading_day,
    )
    assert vandal.rows(ALL) == right


def test_a_whole_wrong_history_is_redone_from_its_first_day(vandal):
    right = vandal.rows(ALL)
    [(account_id, middle)] = vandal.rows(
        "SELECT account_id, percentile_disc(0.5) WITHIN GROUP (ORDER BY trading_day) FROM daily_metrics"
        " GROUP BY account_id ORDER BY count(*) DESC LIMIT 1"
    )
    vandal.run(
        "UPDATE daily_metrics SET balance_start = balance_start + 500, balance_end = balance_end + 500"
        " WHERE account_id = :account_id AND trading_day >= :middle",
        account_id=account_id,
        middle=middle,
    )
    healing = verify(vandal.database, full=True, heal=True)
    assert {one.account_id for one in healing.differences} == {account_id}
    assert healing.healed
    assert vandal.rows(ALL) == right


@pytest.mark.parametrize("column", ["trades", "balance_end"])
def test_a_stale_day_is_not_compared_nor_what_later_days_carry_from_it(vandal, column):
    [(account_id, day)] = vandal.rows(
        "SELECT account_id, percentile_disc(0.5) WITHIN GROUP (ORDER BY trading_day) FROM daily_metrics"
        " GROUP BY account_id ORDER BY count(*) DESC LIMIT 1"
    )
    here = {"account_id": account_id, "day": day}
    vandal.run(
        f"UPDATE daily_metrics SET {column} = {column} + 5"  # noqa: S608
        " WHERE account_id = :account_id AND trading_day = :day",
        **here,
    )
    assert verify(vandal.database, full=True).differing > 0
    vandal.run("INSERT INTO stale_days (account_id, trading_day) VALUES (:account_id, :day)", **here)
    found = verify(vandal.database, full=True)
    assert found.differing == 0
    assert found.checks[-1].state.pending == 1
    vandal.run("DELETE FROM stale_days")
    assert verify(vandal.database, full=True, heal=True).healed


def test_a_day_outside_the_sample_is_mended_when_the_day_after_it_shows_it(vandal):
    right = vandal.rows(ALL)
    newest = sampled_cells(vandal.database, 0, seed=0)[0].since.date()
    [(account_id,)] = vandal.rows(
        "SELECT account_id FROM daily_metrics WHERE trading_day >= :newest LIMIT 1", newest=newest
    )
    vandal.run(
        "UPDATE daily_metrics SET balance_end = balance_end + 500, total_net_profit = total_net_profit + 500"
        " WHERE account_id = :account_id AND trading_day BETWEEN CAST(:newest AS date) - 14 AND :newest - 1",
        account_id=account_id,
        newest=newest,
    )
    healing = verify(vandal.database, sample=0, heal=True)
    assert healing.differing == 1
    assert healing.healed
    assert vandal.rows(ALL) == right
