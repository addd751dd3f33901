"""What came of forecasts, joined day by day."""

from datetime import date, timedelta
from threading import Thread

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from timeseries.errors import InputError
from timeseries.metrics import refresh_metrics
from timeseries.pipeline import realise

FRIDAY, SATURDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (
    date(2024, 3, day) for day in (8, 9, 11, 12, 13, 14)
)
WEEKDAYS = [MONDAY + timedelta(days=n) for n in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)]

TRADES = """
INSERT INTO trades (account_id, ticket, close_time, open_price, price_move, profit, commission, swap,
                    seconds_held, lots, symbol_id, side, price_digits, lot_digits)
SELECT a, extract(epoch FROM day)::bigint / 1000 + a, day + interval '12 hours', 110000, 10, 500 * a, 0, 0,
       60, 10, 1, 1, 5, 2
FROM generate_series(1, 3) AS a,
     generate_series(CAST(:since AS timestamptz), CAST(:until AS timestamptz), interval '1 day') AS day
WHERE extract(isodow FROM day) < 6
"""
MARK = """
INSERT INTO stale_days (account_id, trading_day)
SELECT DISTINCT account_id, (close_time AT TIME ZONE 'UTC')::date FROM trades
WHERE close_time BETWEEN CAST(:since AS timestamptz) AND CAST(:until AS timestamptz) + interval '1 day'
ON CONFLICT (account_id, trading_day) DO UPDATE SET marked_at = excluded.marked_at
"""


def three_days(desk) -> None:
    """A1 breaks its daily loss, A2 reaches its target, A3 is closed on Tuesday for a reason of the firm's."""
    for account in (1, 2, 3):
        desk.day(account, FRIDAY, 1000)
    desk.day(1, SATURDAY, 3)
    desk.day(1, MONDAY, 2)
    desk.day(1, TUESDAY, -15, daily=-1)
    desk.day(1, WEDNESDAY, 25)
    desk.day(2, MONDAY, 5)
    desk.day(2, TUESDAY, 5)
    desk.day(2, WEDNESDAY, 5, balance=10800)
    desk.day(3, MONDAY, -4)
    desk.run(
        "UPDATE accounts SET status = 'breached', closed_at = '2024-03-12 15:00+00' WHERE account_id = 3"
    )


def forecasts_of_friday(desk) -> None:
    desk.forecast(
        FRIDAY,
        [1, 2, 3],
        naive_mean=np.array([0, 5, np.nan]),
        naive_deviation=np.array([0, 10, np.nan]),
        risks={"any_breach": np.array([0.8, 0.1, np.nan])},
    )


def picked(outcome: dict, *names: str) -> tuple:
    return tuple(outcome[name] for name in names)


def test_outcomes_are_what_a_pencil_finds(desk):
    three_days(desk)
    forecasts_of_friday(desk)
    report = realise(desk.database)
    assert (report.day, report.forecasts, report.reopened) == (WEDNESDAY, 3, 0)
    first, second, third = desk.outcomes()
    # Of 5, -15 and 25 against quantiles -20, -10, 0, 10, 20.
    assert first["pinball"] == pytest.approx(5.5 + 15.5 + 35.5)
    assert first["naive_pinball"] == pytest.approx(2.5 * (5 + 15 + 25))
    assert picked(first, "days_closed", "days_scored", "inside_80", "inside_95") == (3, 3, 1, 2)
    assert first["total_pinball"] == pytest.approx(1.375 + 3.5 + 7.5 + 0.5 + 0.625)
    assert first["naive_total_pinball"] == pytest.approx(2.5 * 15)
    assert picked(first, "total", "total_inside_80", "total_inside_95") == (15, True, True)
    # The naive forecast has its centre where the days came out: only the spread costs.
    spread = 2 * 10 * (0.1 * 1.2815515655 + 0.025 * 1.9599639845)
    assert second["naive_pinball"] == pytest.approx(3 * spread)
    assert second["naive_total_pinball"] == pytest.approx(3**0.5 * spread)
    assert picked(third, "days_closed", "days_scored", "total", "inside_80") == (3, 1, -4, 1)
    assert picked(third, "naive_pinball", "naive_total_pinball") == (None, None)


def test_breaches_are_those_of_the_days_or_of_the_firm(desk):
    three_days(desk)
    forecasts_of_friday(desk)
    realise(desk.database)
    names = ("daily_loss_breached", "max_drawdown_breached", "any_breached", "profit_target_reached")
    assert [picked(one, *names) for one in desk.outcomes()] == [
        (True, False, True, False),
        (False, False, False, True),
        (False, False, True, False),
    ]


def test_what_happened_before_and_after_the_horizon_is_no_breach(desk):
    three_days(desk)
    desk.run("UPDATE daily_metrics SET max_drawdown_left = -1 WHERE trading_day = '2024-03-08'")
    desk.day(1, THURSDAY, -50, daily=-1, most=-1)
    desk.forecast(FRIDAY, [2])
    desk.forecast(TUESDAY, [1], quantiles=np.zeros((1, 1, 5)))
    realise(desk.database)
    assert [one["any_breached"] for one in desk.outcomes()] == [False, False]


def test_a_target_reached_after_a_breach_does_not_count_and_a_rule_that_is_not_there_is_null(desk):
    three_days(desk)
    desk.run(
        "UPDATE daily_metrics SET balance_end = 1090000 WHERE account_id = 1 AND trading_day = '2024-03-13'"
    )
    desk.run("UPDATE plans SET max_drawdown = NULL")
    desk.forecast(FRIDAY, [1])
    realise(desk.database)
    names = ("daily_loss_breached", "max_drawdown_breached", "profit_target_reached")
    assert picked(desk.outcomes()[0], *names) == (True, None, False)


def test_a_forecast_whose_horizon_is_not_over_is_partial(desk):
    desk.day(1, FRIDAY, 0)
    desk.forecast(FRIDAY, [1])
    realise(desk.database)
    assert picked(desk.outcomes()[0], "days_closed", "days_scored", "total") == (0, 0, None)
    desk.day(1, MONDAY, 5)
    realise(desk.database)
    partial = desk.outcomes()[0]
    assert picked(partial, "days_closed", "pinball", "total", "last_day") == (1, 5.5, 5, WEDNESDAY)
    assert picked(partial, "total_inside_80", "total_pinball", "any_breached") == (None, None, None)


def test_a_weekend_counts_only_with_the_monday_after(desk):
    desk.day(1, THURSDAY, 0)
    desk.forecast(WEDNESDAY, [1])
    desk.day(1, FRIDAY + timedelta(days=7), 4)
    desk.day(1, SATURDAY + timedelta(days=7), 1000)
    realise(desk.database)
    assert picked(desk.outcomes()[0], "days_scored", "total") == (2, 4)
    desk.day(1, MONDAY + timedelta(days=7), 1)
    realise(desk.database)
    assert picked(desk.outcomes()[0], "days_scored", "total") == (3, 1005)


def test_a_second_run_changes_nothing(desk):
    three_days(desk)
    forecasts_of_friday(desk)
    desk.forecast(TUESDAY, [1, 2])
    realise(desk.database)
    before = desk.rows("SELECT *, xmin::text FROM forecast_outcomes ORDER BY origin, account_id")
    assert realise(desk.database).forecasts == 0
    assert desk.rows("SELECT *, xmin::text FROM forecast_outcomes ORDER BY origin, account_id") == before


def test_a_forecast_made_again_is_scored_again(desk):
    three_days(desk)
    desk.day(1, THURSDAY, 0)
    desk.forecast(WEDNESDAY, [1])
    realise(desk.database)
    wide = np.tile([-200.0, -100, 0, 100, 200], (1, 3, 1))
    desk.forecast(WEDNESDAY, [1], quantiles=wide, cohort=np.array(["p/funded"]))
    desk.day(1, THURSDAY + timedelta(days=1), 50)
    realise(desk.database)
    outcome = desk.outcomes()[0]
    assert picked(outcome, "inside_80", "days_scored", "cohort") == (2, 2, "p/funded")


def test_a_forecast_made_again_from_the_last_day_known_is_scored_again(desk):
    three_days(desk)
    desk.forecast(WEDNESDAY, [1])
    realise(desk.database)
    desk.forecast(WEDNESDAY, [1], cohort=np.array(["p/funded"]))
    assert realise(desk.database).forecasts == 0
    assert desk.outcomes()[0]["cohort"] == "p/funded"


def test_a_day_that_came_out_otherwise_is_counted_again(desk):
    three_days(desk)
    forecasts_of_friday(desk)
    desk.forecast(MONDAY, [1])
    realise(desk.database)
    desk.run(
        "UPDATE daily_metrics SET gross_profit = 900 WHERE account_id = 2 AND trading_day = '2024-03-12'"
    )
    desk.run("INSERT INTO rescoring (kind, account_id, since) VALUES ('outcome', 2, '2024-03-12')")
    report = realise(desk.database)
    assert (report.forecasts, report.reopened) == (1, 1)
    assert [one["total"] for one in desk.outcomes()] == [15, 5 + 9 + 5, -4, 10]
    assert desk.rows("SELECT * FROM rescoring") == []


def test_a_run_cut_short_after_opening_loses_nothing(desk):
    three_days(desk)
    forecasts_of_friday(desk)

    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        realise(desk.database, progress=stop)
    assert [one["days_scored"] for one in desk.outcomes()] == [0, 0, 0]
    assert realise(desk.database).forecasts == 3


def test_forecasts_of_many_horizons_models_and_levels_stand_side_by_side(desk):
    three_days(desk)
    desk.forecast(FRIDAY, [1, 2])
    desk.forecast(FRIDAY, [1], model=np.array(["other"]), quantiles=np.zeros((1, 3, 5)))
    desk.forecast(FRIDAY, [1], quantiles=np.zeros((1, 2, 5)))
    desk.run("UPDATE forecasts SET quantile_levels = '{0.02, 0.1, 0.5, 0.9, 0.98}' WHERE account_id = 2")
    realise(desk.database)
    found = {(one["account_id"], one["horizon"], one["model"]): one for one in desk.outcomes()}
    assert found[1, 3, "simple"]["pinball"] == pytest.approx(56.5)
    assert found[1, 3, "other"]["pinball"] == pytest.approx(2.5 * 45)
    assert picked(found[1, 2, "simple"], "pinball", "total") == (2.5 * 20, -10)
    assert picked(found[2, 3, "simple"], "inside_80", "inside_95", "total_inside_95") == (3, None, None)


def test_runs_at_once_come_to_the_same(desk):
    three_days(desk)
    forecasts_of_friday(desk)
    runs = [Thread(target=realise, args=(desk.database,)) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [one["days_scored"] for one in desk.outcomes()] == [3, 3, 1]


def test_without_a_day_that_is_over_the_sentence_says_what_to_do(desk):
    with pytest.raises(InputError, match="timeseries ingest"):
        realise(desk.database)


@settings(max_examples=5, deadline=None)
@given(
    profits=st.lists(
        st.lists(st.none() | st.integers(-30, 30), min_size=2, max_size=2), min_size=7, max_size=7
    ),
    runs=st.sets(st.integers(0, 6)),
)
def test_sums_do_not_depend_on_when_the_runs_were(open_desk, profits, runs):
    def outcomes_with(runs: set[int]) -> list[dict]:
        open_desk.clear()
        open_desk.day(3, FRIDAY, 0)
        open_desk.forecast(FRIDAY, [1, 2], naive_deviation=np.array([7.0, np.nan]))
        for n, (day, of_day) in enumerate(zip(WEEKDAYS, profits, strict=False)):
            rows = [(account, day, cents) for account, cents in enumerate(of_day, 1) if cents is not None]
            open_desk.days([*rows, (3, day, 0)])
            if n in {0, 2}:
                open_desk.forecast(day, [2, 3])
            if n in runs:
                realise(open_desk.database)
        realise(open_desk.database)
        return [{k: v for k, v in one.items() if k != "forecast_made_at"} for one in open_desk.outcomes()]

    assert outcomes_with(runs) == outcomes_with(set())


@pytest.fixture
def trading(desk):
    """A desk whose three accounts earn 5, 10 and 15 each weekday."""
    desk.run("INSERT INTO symbols (symbol) VALUES ('EURUSD')")
    add_trades(desk, "2024-03-04", "2024-03-15")
    return desk


def add_trades(desk, since: str, until: str) -> None:
    values = {"since": since, "until": until}
    with desk.database.transaction() as connection:
        connection.execute(text(TRADES), values)
        connection.execute(text(MARK), values)
    refresh_metrics(desk.database)


def test_a_late_trade_corrects_the_outcome(trading):
    trading.forecast(date(2024, 3, 8), [1, 2, 3])
    trading.forecast(date(2024, 3, 14), [1, 2, 3])
    assert realise(trading.database).forecasts == 6
    assert [one["total"] for one in trading.outcomes()] == [15, 30, 45, 5, 10, 15]
    trading.run("UPDATE trades SET profit = 9500 WHERE account_id = 3 AND close_time::date = '2024-03-12'")
    with trading.database.transaction() as connection:
        connection.execute(text(MARK), {"since": "2024-03-12", "until": "2024-03-12"})
    refresh_metrics(trading.database)
    report = realise(trading.database)
    # The later forecast's own days are as they were, but the balance they started from is not.
    assert (report.reopened, report.forecasts) == (1, 2)
    first, later = (one for one in trading.outcomes() if one["account_id"] == 3)
    assert (first["total"], first["total_inside_95"], first["inside_80"]) == (15 + 95 + 15, False, 0)
    assert (first["profit_target_reached"], later["total"]) == (False, 15)
    assert realise(trading.database).forecasts == 0
